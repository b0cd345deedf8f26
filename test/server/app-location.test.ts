import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { locateApp } from "../../src/server/app-location.ts";

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
});

afterEach(() => rm(folder, { recursive: true }));

async function filesOf(app: Readonly<Record<string, string>>): Promise<readonly string[]> {
  for (const [name, text] of Object.entries(app)) {
    await mkdir(dirname(join(folder, name)), { recursive: true });
    await writeFile(join(folder, name), text);
  }
  return (await locateApp(folder)).files.map((file) => relative(folder, file));
}

const main = (path: string): string => JSON.stringify({ main: path });

describe("an app is", () => {
  test.each([
    [
      "the file of main",
      { "package.json": main("lib/run.js"), "lib/run.js": "", "index.js": "" },
      ["lib/run.js"],
    ],
    [
      "the index of the folder of main",
      { "package.json": main("lib"), "lib/index.mjs": "" },
      ["lib/index.mjs"],
    ],
    [
      "every program that a glob of main matches, without tests, declarations and maps",
      {
        "package.json": main("src/{index,functions/*}.*"),
        "src/index.js": "",
        "src/functions/a.mjs": "",
        "src/functions/a.test.mjs": "",
        "src/functions/a.d.mts": "",
        "src/functions/a.mjs.map": "",
        "src/functions/deep/b.mjs": "",
      },
      ["src/functions/a.mjs", "src/index.js"],
    ],
    ["a source before what it was compiled to", { "index.ts": "", "index.js": "" }, ["index.ts"]],
    ["index before app", { "app.js": "", "index.js": "" }, ["index.js"]],
    [
      "src/functions, one file for each name",
      {
        "src/functions/a.ts": "",
        "src/functions/a.js": "",
        "src/functions/b.js": "",
        "src/functions/b.spec.ts": "",
      },
      ["src/functions/a.ts", "src/functions/b.js"],
    ],
    ["never in node_modules", { "index.js": "", "src/functions/node_modules/x/c.js": "" }, ["index.js"]],
  ])("%s", async (_title, app, expected) => {
    expect(await filesOf(app as Readonly<Record<string, string>>)).toEqual(expected);
  });

  test("what the conventions find when main matches nothing, with a warning", async () => {
    await filesOf({ "package.json": main("dist/index.js"), "index.js": "" });

    expect((await locateApp(folder)).warnings).toEqual([
      'package.json: main is "dist/index.js", which matches no file; index.js is loaded instead.',
    ]);
  });
});
