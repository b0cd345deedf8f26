import { execFile } from "node:child_process";
import { chmod, mkdir, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CommandProcess, makeFolder } from "./host-process.ts";

const run = promisify(execFile);
const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

let folder: Awaited<ReturnType<typeof makeFolder>>;

beforeAll(async () => {
  folder = await makeFolder();
  const perdure = join(folder.path, "perdure");
  await writeFile(perdure, `#!/bin/sh\nexec "${process.execPath}" "${cli}" "$@"\n`);
  await chmod(perdure, 0o755);
  await writeFile(join(folder.path, "input.json"), "{}");
  await mkdir(join(folder.path, "samples"));
});

afterAll(() => folder.remove());

/** What bash would put in the place of the last of these words, as bash itself breaks them. */
async function completedByBash(line: string, words: readonly string[], replaced: string): Promise<string[]> {
  const script = `
    source <(perdure completion bash)
    COMP_LINE=$1 COMP_POINT=\${#1} replaced=$2
    shift 2
    COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
    _perdure perdure "$replaced"
    printf '%s\\n' "\${COMPREPLY[@]}"`;
  const env = { ...process.env, PATH: `${folder.path}${delimiter}${process.env["PATH"]}` };
  const args = ["--norc", "-c", script, "bash", line, replaced, ...words];
  const { stdout, stderr } = await run("bash", args, { cwd: folder.path, env });
  expect(stderr).toBe("");
  return stdout.split("\n").filter((each) => each !== "");
}

test.each([
  ["a command", "perdure dur", ["perdure", "dur"], "dur", ["durable"]],
  ["a sub-command", "perdure  durable get-i", ["perdure", "durable", "get-i"], "get-i", ["get-instances"]],
  [
    "an empty word",
    "perdure durable count -o ",
    ["perdure", "durable", "count", "-o", ""],
    "",
    ["text", "json", "ndjson", "table"],
  ],
  [
    "what follows =",
    "perdure durable count --output=js",
    ["perdure", "durable", "count", "--output", "=", "js"],
    "js",
    ["json"],
  ],
  ["a path", "perdure start sam", ["perdure", "start", "sam"], "sam", ["samples"]],
  [
    "a path after a colon",
    "perdure start -s sqlite:in",
    ["perdure", "start", "-s", "sqlite", ":", "in"],
    "in",
    ["input.json"],
  ],
  [
    "a path after @, which bash replaces too",
    "perdure durable start-new --input @in",
    ["perdure", "durable", "start-new", "--input", "@", "in"],
    "@in",
    ["@input.json"],
  ],
])("bash completes %s", async (_title, line, words, replaced, expected) => {
  expect(await completedByBash(line, words, replaced)).toEqual(expected);
});

// bash alone is on every machine; what the other scripts are answered with is the same, and tested as a table.
test.each(["bash", "zsh", "fish"])(
  "the script for %s is what the command prints, and nothing else",
  async (shell) => {
    const { code, stdout, stderr } = await new CommandProcess(["completion", shell]).exited;

    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(new RegExp(`^#.*perdure.* for ${shell}|^#compdef perdure\n# .* for ${shell}`));
    expect(stdout).toContain("__complete -- ");
  },
);

test("a shell that is not known is refused with those that are", async () => {
  expect(await new CommandProcess(["completion", "tcsh"]).exited).toMatchObject({
    code: 2,
    stdout: "",
    stderr: expect.stringContaining("bash, zsh, fish"),
  });
});
