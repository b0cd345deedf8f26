import type { Argument, Command, Option } from "commander";
import { hintOf } from "./value-hints.ts";

export interface Candidate {
  /** The whole word. */
  readonly word: string;
  readonly description: string;
}

export interface Completion {
  readonly candidates: readonly Candidate[];
  /** What is before the path, where the word may be one: then the shell completes the rest. */
  readonly pathAfter?: string;
}

const NOTHING: Completion = { candidates: [] };

/** What may stand in the place of the last word, after the words before it. The first word is a sub-command's name. */
export function complete(program: Command, words: readonly string[]): Completion {
  const word = words.at(-1) ?? "";
  const place = placeAfter(program, words.slice(0, -1));
  if (place.pending) return valueOf(place.pending, "", word);
  if (!place.isLiteral) {
    const [, flag = "", text = ""] = /^(--[^=]+)=(.*)$/s.exec(word) ?? [];
    const option = optionOf(place.command, flag);
    if (option) return valueOf(option, `${flag}=`, text);
    if (word.startsWith("-")) return { candidates: optionsAt(place, word) };
  }
  return operandAt(place, word);
}

/** Where in the tree of commands a word stands. */
interface Place {
  readonly command: Command;
  readonly operands: number;
  readonly used: ReadonlySet<Option>;
  /** An option that waits for its value. */
  readonly pending: Option | undefined;
  /** After `--` nothing is an option. */
  readonly isLiteral: boolean;
}

function placeAfter(program: Command, words: readonly string[]): Place {
  const start = {
    command: program,
    operands: 0,
    used: new Set<Option>(),
    pending: undefined,
    isLiteral: false,
  };
  return words.reduce<Place>((place, word) => next(place, word), start);
}

function next(place: Place, word: string): Place {
  if (place.pending) return { ...place, pending: undefined };
  if (!place.isLiteral && word === "--") return { ...place, isLiteral: true };
  if (!place.isLiteral && word.startsWith("-") && word !== "-") return afterOption(place, word);
  const command = place.command.commands.find((each) => [each.name(), ...each.aliases()].includes(word));
  if (command) return { ...place, command, operands: 0, used: new Set() };
  return { ...place, operands: place.operands + 1 };
}

function afterOption(place: Place, word: string): Place {
  const [flag = ""] = word.split("=");
  const option = optionOf(place.command, flag);
  if (!option) return place;
  const pending = option.required && flag === word ? option : undefined;
  return { ...place, pending, used: new Set([...place.used, option]) };
}

function optionOf(command: Command, flag: string): Option | undefined {
  return command.options.find(({ long, short }) => flag !== "" && (long === flag || short === flag));
}

function optionsAt({ command, used }: Place, word: string): readonly Candidate[] {
  return command
    .createHelp()
    .visibleOptions(command)
    .filter((option) => !used.has(option))
    .map((option) => ({ word: option.long ?? option.short ?? "", description: option.description }))
    .filter((candidate) => candidate.word.startsWith(word));
}

function operandAt(place: Place, word: string): Completion {
  const { command, operands } = place;
  if (command.commands.length > 0) return { candidates: commandsOf(command, word) };
  const argument = command.registeredArguments[operands];
  if (argument) return valueOf(argument, "", word);
  return word === "" && !place.isLiteral ? { candidates: optionsAt(place, "") } : NOTHING;
}

function commandsOf(command: Command, word: string): readonly Candidate[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .map((each) => ({ word: each.name(), description: each.summary() || each.description() }))
    .filter((candidate) => candidate.word.startsWith(word));
}

/** A value of an option or argument; `before` is what the word has before the value. */
function valueOf(part: Option | Argument, before: string, text: string): Completion {
  const { words = [], isList = false, pathAfter = [] } = hintOf(part);
  const begun = isList ? text.slice(0, text.lastIndexOf(",") + 1) : "";
  const prefix = pathAfter.find((each) => text.startsWith(each));
  const openings = prefix === undefined ? pathAfter : [];
  const candidates = [...words, ...openings]
    .map((word) => begun + word)
    .filter((word) => word.toLowerCase().startsWith(text.toLowerCase()))
    .map((word) => ({ word: before + word, description: "" }));
  return prefix === undefined ? { candidates } : { candidates, pathAfter: before + prefix };
}
