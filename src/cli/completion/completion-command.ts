import { readFileSync } from "node:fs";
import { Argument, Command } from "commander";
import { type Completion, complete } from "./candidates.ts";

const SHELLS = ["bash", "zsh", "fish"];

/** `perdure completion <shell>`: prints a script that lets the shell complete commands, options and values. */
export function completionCommand(): Command {
  return new Command("completion")
    .summary("print a completion script for a shell")
    .description("Prints a script with which a shell completes commands, options and their values.")
    .addArgument(new Argument("<shell>", "which one").choices(SHELLS))
    .addHelpText(
      "after",
      `
Example:
  source <(perdure completion bash)      # in ~/.bashrc
  source <(perdure completion zsh)       # in ~/.zshrc, after compinit
  perdure completion fish > ~/.config/fish/completions/perdure.fish`,
    )
    .exitOverride()
    .action((shell: string) => {
      const script = new URL(`../../../completions/perdure.${shell}`, import.meta.url);
      process.stdout.write(readFileSync(script, "utf8"));
    });
}

/** What the scripts ask: `perdure __complete -- <words>` prints what may stand in the place of the last one. */
export function candidatesCommand(program: Command): Command {
  return new Command("__complete")
    .argument("[words...]")
    .exitOverride()
    .action((words: readonly string[]) => {
      for (const line of linesOf(complete(program, words))) process.stdout.write(`${line}\n`);
    });
}

/** One candidate a line, with a tab before its description; `:path` where the shell completes a path. */
function linesOf({ candidates, pathAfter }: Completion): readonly string[] {
  const lines = candidates.map(({ word, description }) =>
    description === "" ? word : `${word}\t${description}`,
  );
  return pathAfter === undefined ? lines : [...lines, `:path ${pathAfter}`];
}
