import { spawn } from "node:child_process";
import { symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, test } from "vitest";
import { makeFolder } from "./host-process.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));

let folder: Awaited<ReturnType<typeof makeFolder>>;

beforeEach(async () => {
  folder = await makeFolder();
  await symlink(root, join(folder.path, "perdure"));
});

afterEach(() => folder.remove());

/** Runs a program that imports the package; the answer is its exit code and what it printed. */
async function run(
  name: string,
  source: string,
): Promise<{ readonly code: number | null; readonly printed: string }> {
  const path = join(folder.path, name);
  await writeFile(path, source.replaceAll('"perdure"', '"./perdure/dist/sdk/index.js"'));
  const child = spawn(process.execPath, [path], { cwd: folder.path, stdio: ["ignore", "pipe", "inherit"] });
  let printed = "";
  child.stdout.on("data", (data: Buffer) => {
    printed += data.toString();
  });
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve));
  return { code, printed: printed.trim() };
}

test("a program that runs a hub ends when it has closed it", async () => {
  const { code, printed } = await run(
    "own.mjs",
    `import { app, TaskHub } from "perdure";
     const sayHello = app.activity("sayHello", async (city) => "Hello, " + city + "!");
     const hello = app.orchestration("hello", async (ctx, city) => ctx.callActivity(sayHello, city));
     const hub = await TaskHub.open("sqlite:./hub.db", { app });
     await hub.start();
     const id = await hub.client.startNew(hello, { input: "Tokyo" });
     console.log((await hub.client.waitForCompletion(id)).output);
     await hub.close();`,
  );

  expect({ code, printed }).toEqual({ code: 0, printed: "Hello, Tokyo!" });
});

test("a client stays alive as long as it waits for another process, and no longer", async () => {
  const client = run(
    "client.mjs",
    `import { TaskHub } from "perdure";
     const hub = await TaskHub.open("sqlite:./hub.db");
     const id = await hub.client.startNew("hello", { input: "Oslo" });
     console.log((await hub.client.waitForCompletion(id)).output);`,
  );
  const host = run(
    "host.mjs",
    `import { setTimeout as sleep } from "node:timers/promises";
     import { app, TaskHub } from "perdure";
     app.orchestration("hello", (context, city) => "Hello, " + city + "!");
     await sleep(1_000);
     const hub = await TaskHub.open("sqlite:./hub.db", { app });
     await hub.start();
     await sleep(1_000);
     await hub.close();`,
  );

  expect(await client).toEqual({ code: 0, printed: "Hello, Oslo!" });
  expect((await host).code).toBe(0);
});
