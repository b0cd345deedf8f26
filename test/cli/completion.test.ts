import { describe, expect, test } from "vitest";
import { complete } from "../../src/cli/completion/candidates.ts";
import { makeProgram } from "../../src/cli/program.ts";
import { RUNTIME_STATUSES } from "../../src/core/orchestration-status.ts";

const program = makeProgram();

/** The words as they are typed; the last one is completed. */
function completed(line: string) {
  return complete(program, line.split(" "));
}

const wordsOf = (line: string): readonly string[] => completed(line).candidates.map(({ word }) => word);

describe("the candidates for a word", () => {
  test.each([
    ["a command", "dur", ["durable"]],
    ["a sub-command", "durable get-", ["get-runtime-status", "get-history", "get-instances", "get-entity"]],
    ["nothing for what no command begins with", "durable x", []],
    ["an option", "durable terminate --re", ["--reason"]],
    ["an option of an alias", "durable history --i", ["--id"]],
    ["an option of the program itself", "--v", ["--version"]],
    ["no option that has been given", "durable terminate --reason x --re", []],
    ["no option that is hidden", "durable terminate --conn", []],
    ["the choices of an option", "durable count -o ", ["text", "json", "ndjson", "table"]],
    ["those that begin so", "durable count --output n", ["ndjson"]],
    ["a value after =", "durable count --output=nd", ["--output=ndjson"]],
    ["statuses", "durable get-instances --runtime-status ", RUNTIME_STATUSES],
    ["statuses in any case", "durable get-instances --runtime-status comp", ["Completed"]],
    ["one more of a list", "durable get-instances --runtime-status failed,ter", ["failed,Terminated"]],
    ["the choices of an argument", "completion ", ["bash", "zsh", "fish"]],
    ["nothing after the last argument but options", "completion bash x", []],
    ["nothing for a value that is free", "durable terminate --id ", []],
    [
      "an option after a free value that looks like one",
      "durable terminate --id --reason --re",
      ["--reason"],
    ],
    ["no option after --", "durable terminate -- --re", []],
    ["the options of check", "check --h", ["--hub", "--help"]],
    ["the log levels, which have a default too", "start --log-level si", ["silent"]],
    ["what stands before a path", "start --storage ", ["memory:", "sqlite:"]],
  ])("%s", (_title, line, expected) => {
    expect(wordsOf(line)).toEqual(expected);
  });

  test("options are offered where nothing else can stand", () => {
    expect(wordsOf("durable why ")).toEqual(expect.arrayContaining(["--id", "--output", "--help"]));
  });

  test("each candidate says what it is", () => {
    expect(completed("start --p").candidates).toEqual([
      { word: "--port", description: "where to listen; 0 for any free port (default: 7071)" },
    ]);
    expect(completed("ke").candidates).toEqual([
      { word: "keys", description: "manage the keys of the HTTP API" },
    ]);
  });

  test("the command that the scripts ask is no candidate", () => {
    expect(wordsOf("__")).toEqual([]);
  });
});

describe("a path is left to the shell", () => {
  test.each([
    ["an argument", "start samples/he", ""],
    ["an argument of check", "check samples/he", ""],
    ["the store to check", "check --storage sqlite:./h", "sqlite:"],
    ["the value of an option", "keys list --script-root ", ""],
    ["after =", "keys list --script-root=sam", "--script-root="],
    ["after what names the store", "start --storage sqlite:./h", "sqlite:"],
    ["after both", "durable count --storage=sqlite:h", "--storage=sqlite:"],
    ["after @", "durable start-new --input @in", "@"],
  ])("%s", (_title, line, pathAfter) => {
    expect(completed(line)).toEqual({ candidates: [], pathAfter });
  });

  test("and what is no path is not", () => {
    expect(completed("durable start-new --input 3").pathAfter).toBeUndefined();
    expect(completed("start --storage memo").pathAfter).toBeUndefined();
  });
});

test("every command of the tree can be reached word by word", () => {
  const paths = program.commands
    .filter((each) => each.name() !== "__complete")
    .flatMap((each) => [[each.name()], ...each.commands.map((sub) => [each.name(), sub.name()])]);

  expect(paths.length).toBeGreaterThan(20);
  for (const path of paths) expect(wordsOf(path.join(" "))).toContain(path.at(-1));
});
