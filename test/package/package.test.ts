import { readdir, readFile } from "node:fs/promises";
import { join, relative, sep } from "node:path";
import { publint } from "publint";
import { formatMessage } from "publint/utils";
import { afterAll, beforeAll, expect, test } from "vitest";
import { blocksOf, fileNameOf } from "../e2e/readme-blocks.ts";
import { type InstalledPackage, installPackage, repository, run } from "./installed-package.ts";

interface Manifest {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

async function readManifest(): Promise<Manifest> {
  return JSON.parse(await readFile(join(repository, "package.json"), "utf8")) as Manifest;
}

const manifest = await readManifest();
const subpaths = Object.keys(manifest.exports)
  .filter((subpath) => subpath !== "./package.json")
  .map((subpath) => `perdure${subpath.slice(1)}`);

/** The only one that needs Vitest, which a user has to bring along. */
const conformance = "perdure/testing/storage";

let project: InstalledPackage;

beforeAll(async () => {
  project = await installPackage();
}, 300_000);

afterAll(async () => {
  await project?.remove();
});

test("the package holds what runs, its papers, and nothing else", async () => {
  const root = join(project.folder, "node_modules", "perdure");
  const entries = await readdir(root, { recursive: true, withFileTypes: true });
  const files = entries
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join("/"));

  const strangers = files.filter(
    (file) =>
      !/^(dist\/.+\.(js|js\.map|d\.ts)|(migrations|completions)\/.+|package\.json|[A-Z]+(\.md)?)$/.test(file),
  );

  expect(strangers).toEqual([]);
  expect(files).toEqual(
    expect.arrayContaining(["README.md", "LICENSE", "CHANGELOG.md", "dist/cli/main.js", "dist/sdk/index.js"]),
  );
});

test("publint finds nothing wrong with the tarball", async () => {
  const { buffer, byteOffset, byteLength } = await readFile(project.tarball);
  const tarball = buffer.slice(byteOffset, byteOffset + byteLength);

  const { messages, pkg } = await publint({ pack: { tarball }, strict: true });

  const complaints = messages.filter(({ type }) => type !== "suggestion");
  expect(complaints.map((message) => formatMessage(message, pkg))).toEqual([]);
});

test("the SQLite driver that npm chooses for this Node.js works", async () => {
  const printed = await project.runSource(
    "driver.mjs",
    `import Database from "better-sqlite3";
     console.log(new Database(":memory:").prepare("select 40 + 2").pluck().get());`,
  );

  expect(printed).toBe("42");
});

test("an ES module can import it", async () => {
  const printed = await project.runSource(
    "imports.mjs",
    `import { app, TaskHub } from "perdure";
     console.log(typeof app.orchestration, typeof TaskHub.open);`,
  );

  expect(printed).toBe("function function");
});

test("a CommonJS module can require it", async () => {
  const printed = await project.runSource(
    "requires.cjs",
    `const { app, TaskHub } = require("perdure");
     console.log(typeof app.orchestration, typeof TaskHub.open, require("perdure/package.json").name);`,
  );

  expect(printed).toBe("function function perdure");
});

test("an orchestration runs from it on SQLite", async () => {
  const printed = await project.runSource(
    "runs.mjs",
    `import { app, TaskHub } from "perdure";
     const sayHello = app.activity("sayHello", async (city) => "Hello, " + city + "!");
     const hello = app.orchestration("hello", async (ctx, city) => ctx.callActivity(sayHello, city));
     const hub = await TaskHub.open("sqlite:./hub.db", { app });
     await hub.start();
     const id = await hub.client.startNew(hello, { input: "Tokyo" });
     const status = await hub.client.waitForCompletion(id, { timeoutMs: 30_000 });
     console.log(status.runtimeStatus, status.output);
     await hub.close();`,
  );

  expect(printed).toBe("Completed Hello, Tokyo!");
});

test("a plain program tests an orchestration with it, without a test runner", async () => {
  const printed = await project.runSource(
    "tests.mjs",
    `import { App } from "perdure";
     import { inTurn, TestHub } from "perdure/testing";
     const app = new App();
     const ask = app.activity("ask", () => fetch("http://127.0.0.1:9/"));
     const patient = app.orchestration("patient", async (ctx) => {
       await ctx.createTimer({ afterMs: 30 * 24 * 3_600_000 });
       const retry = { maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 1000 };
       return ctx.callActivityWithRetry(ask, retry);
     });
     const hub = await TestHub.start({ app, startAt: "2026-01-01T00:00:00Z" });
     hub.fake(ask, inTurn(new Error("no"), new Error("not yet"), "yes"));
     const { output } = await hub.run(await hub.client.startNew(patient));
     console.log(output, hub.calls(ask).length, hub.now.toISOString());
     await hub.stop();`,
  );

  expect(printed).toBe("yes 3 2026-01-31T00:00:02.000Z");
});

test("the example for the test runner of Node.js in docs/testing.md passes", async () => {
  const blocks = blocksOf(join(repository, "docs", "testing.md")).filter(({ language }) => language === "js");

  for (const block of blocks) {
    const printed = await project.runSource(fileNameOf(block) ?? "", block.text);
    expect(printed).toContain("a reminder comes after thirty days");
  }
  expect(blocks).toHaveLength(1);
});

test("the command tells its version", async () => {
  const printed = await run(project.folder, "npx", "--no-install", "perdure", "--version");

  expect(printed).toBe(manifest.version);
});

test("the command prints the completion scripts", async () => {
  const printed = await run(project.folder, "npx", "--no-install", "perdure", "completion", "bash");

  expect(printed).toContain("complete -F _perdure perdure");
});

test("the command explains itself", async () => {
  const printed = await run(project.folder, "npx", "--no-install", "perdure", "--help");

  expect(printed).toContain("Usage: perdure");
  expect(printed).toContain("start");
});

async function printExportsOf(subpath: string): Promise<string> {
  return project.runSource(
    "subpath.mjs",
    `const names = Object.keys(await import("${subpath}"));
     console.log(names.length > 0 ? "has exports" : "is empty");`,
  );
}

test.each(subpaths.filter((subpath) => subpath !== conformance))("%s can be imported", async (subpath) => {
  const printed = await printExportsOf(subpath);

  expect(printed).toBe("has exports");
});

test("perdure/testing/storage can be imported where Vitest is installed", async () => {
  await project.lend("vitest");

  const printed = await printExportsOf(conformance);

  expect(printed).toBe("has exports");
});

test("a strict TypeScript project compiles against its types", async () => {
  const source = await project.write(
    "types.ts",
    `import { app, TaskHub } from "perdure";
     const sayHello = app.activity("sayHello", async (city: string) => \`Hello, \${city}!\`);
     const hello = app.orchestration("hello", async (ctx, cities: string[]) => {
       const greetings: string[] = await ctx.all(cities.map((city) => ctx.callActivity(sayHello, city)));
       return greetings;
     });
     const hub = await TaskHub.open("memory:", { app });
     const id: string = await hub.client.startNew(hello, { input: ["Tokyo"] });
     // @ts-expect-error the orchestration takes a list of cities
     await hub.client.startNew(hello, { input: 1 });
     console.log(id);
     ${subpaths.map((subpath, index) => `export type * as Subpath${index} from "${subpath}";`).join("\n")}`,
  );
  const compiler = join(repository, "node_modules", "typescript", "bin", "tsc");
  const nodeTypes = ["--types", "node", "--typeRoots", join(repository, "node_modules", "@types")];

  await project.lend("vitest");
  const strict = ["--noEmit", "--strict", "--module", "nodenext", "--target", "es2023"];
  const printed = await run(project.folder, process.execPath, compiler, ...strict, ...nodeTypes, source);

  expect(printed).toBe("");
});
