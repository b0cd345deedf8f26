import { mkdir, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeFolder } from "./host-process.ts";
import {
  type Block,
  blocksOf,
  fileNameOf,
  isOutput,
  isProgram,
  isShell,
  shellBlocks,
} from "./readme-blocks.ts";
import { makeClone, makeProject } from "./readme-folders.ts";
import { normalized, ShellProcess } from "./readme-shell.ts";

const blocks = blocksOf(fileURLToPath(new URL("../../README.md", import.meta.url)));
const shell = shellBlocks(blocks);
const programs = blocks.filter(isProgram);

/** Blocks that are marked with no-run, and why they are. */
const NOT_RUN: Readonly<Record<string, string>> = {
  "npm test": "It would run this very test within itself.",
  "npm init -y": "It installs from a registry; a folder in the same state is made instead.",
};

/** Blocks that go on until they are stopped: the host in the reader's first terminal. */
const HOSTS = ["npm start", "npx perdure start app.ts"];

/** In which folder a reader is. */
const FOLDERS: Readonly<Record<string, "clone" | "project">> = {
  "Try it": "clone",
  "Write one": "project",
  "In your own program": "project",
};

const hostStart = 120_000;

let scratch: Awaited<ReturnType<typeof makeFolder>>;
let port: number;
let host: ShellProcess | undefined;
const started: ShellProcess[] = [];

const folderOf = (section: string): string => join(scratch.path, FOLDERS[section] ?? "");

const firstLine = ({ text }: Block): string => text.split("\n")[0] ?? "";

function start(text: string, section: string): ShellProcess {
  const process = new ShellProcess(text, { folder: folderOf(section), port, home: scratch.path });
  started.push(process);
  return process;
}

beforeAll(async () => {
  scratch = await makeFolder();
  port = await freePort();
  // Without these a request that is refused would be an exit code of 0.
  await writeFile(join(scratch.path, ".curlrc"), "fail-with-body\nsilent\nshow-error\n");
  await makeClone(join(scratch.path, "clone"));
});

afterAll(async () => {
  await Promise.all(started.map((each) => each.kill("SIGKILL")));
  await scratch.remove();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return address.port;
}

describe("the blocks of README.md", () => {
  test("are commands, programs, and outputs of the command before", () => {
    const strange = blocks.filter((block) => !isShell(block) && !isProgram(block) && !isOutput(block));
    const outputs = blocks.filter(isOutput);

    expect(strange).toEqual([]);
    expect(shell.filter(({ output }) => output !== undefined)).toHaveLength(outputs.length);
    expect(outputs).not.toEqual([]);
  });

  test("are run, each in a folder that is known, or are marked with a reason not to be", () => {
    const marked = shell.filter(({ remark }) => remark === "no-run");

    expect(marked.map(firstLine)).toEqual(Object.keys(NOT_RUN));
    expect(blocks.filter(({ remark }) => remark !== "" && remark !== "no-run")).toEqual([]);
    expect(blocks.filter(({ section }) => !Object.hasOwn(FOLDERS, section))).toEqual([]);
  });

  test("have programs that say which file they are, and commands that run each of them", () => {
    const commands = shell.filter(({ remark }) => remark === "").map(({ text }) => text);
    const files = programs.map(fileNameOf);

    expect(files.length).toBeGreaterThan(1);
    for (const file of files) expect(commands).toContainEqual(expect.stringContaining(file ?? "a file name"));
  });
});

describe.sequential("the tour, as README.md has it", () => {
  for (const block of shell) {
    const { text, section, output, remark } = block;
    const title = `${section}: ${firstLine(block)}`;
    if (remark === "no-run") {
      if (text.includes("npm install")) test(`${title} (made instead)`, () => makeOwnFolder());
    } else if (HOSTS.includes(text)) {
      test(title, () => startHost(text, section), hostStart);
    } else {
      test(title, async () => {
        const { code, stdout, stderr } = await start(text, section).finished;

        expect(code, stderr).toBe(0);
        if (output !== undefined) expect(normalized(stdout, port)).toBe(normalized(output, port));
      });
    }
  }

  test("every program compiles", async () => {
    const files = programs.map(fileNameOf).join(" ");
    const options =
      "--noEmit --strict --noUncheckedIndexedAccess --target es2023 --module nodenext --types node";

    const { code, stdout } = await start(`npx tsc ${options} ${files}`, "Write one").finished;

    expect({ code, stdout }).toEqual({ code: 0, stdout: "" });
  });

  test("Ctrl+C stops the host", async () => {
    const finished = await host?.kill("SIGINT");

    expect(finished?.stdout).toContain("Stopped. What had not ended goes on at the next start.");
  });
});

/** The one that runs is killed first: once the tour says so, and a host does not mind. */
async function startHost(text: string, section: string): Promise<void> {
  await host?.kill("SIGKILL");
  host = start(text, section);
  await host.listensAt(`http://127.0.0.1:${port}/`);
}

async function makeOwnFolder(): Promise<void> {
  const folder = folderOf("Write one");
  await mkdir(folder);
  await makeProject(folder, folderOf("Try it"));
  for (const program of programs) {
    await writeFile(join(folder, fileNameOf(program) ?? "unnamed.ts"), `${program.text}\n`);
  }
}
