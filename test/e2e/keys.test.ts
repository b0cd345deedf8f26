import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { API, CommandProcess, type Exit, type HostProcess, makeFolder, startHost } from "./host-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;

beforeEach(async () => {
  folder = await makeFolder();
  await writeFile(
    join(folder.path, "app.mjs"),
    'import { app } from "perdure"; app.orchestration("echo", (_, i) => i);',
  );
});

afterEach(async () => {
  await host?.process.kill("SIGKILL");
  await folder.remove();
});

const keys = (...args: readonly string[]): Promise<Exit> =>
  new CommandProcess(["keys", ...args], { cwd: folder.path }).exited;

const status = async (method: string, path: string, key: string): Promise<number> =>
  (
    await fetch(`${host?.url}${API}/${path}`, {
      method,
      headers: key === "" ? {} : { "x-functions-key": key },
    })
  ).status;

test("where a key is needed, nothing is open without one, and changes count at once", async () => {
  host = await startHost(["--require-key"], { cwd: folder.path });
  const system = (await keys("show", "system")).stdout.trim();
  const read = (await keys("show", "read")).stdout.trim();

  expect(await status("POST", "orchestrators/echo/one", "")).toBe(401);
  expect(await status("POST", "orchestrators/echo/one", "wrong")).toBe(401);
  expect(await status("GET", "instances/one", "wrong")).toBe(401);
  expect(await status("POST", "orchestrators/echo/one", read)).toBe(403);
  expect(await status("POST", "orchestrators/echo/one", system)).toBe(202);
  expect(await status("GET", "instances", read)).toBe(200);
  expect(await status("GET", "health", "")).toBe(200);

  const added = (await keys("add", "dashboard", "--read-only")).stdout.trim();
  expect(await status("GET", "instances", added)).toBe(200);
  const rotated = (await keys("rotate", "system")).stdout.trim();
  expect([await status("GET", "counts", system), await status("GET", "counts", rotated)]).toEqual([401, 200]);
  expect((await keys("revoke", "dashboard")).code).toBe(0);
  expect(await status("GET", "instances", added)).toBe(401);
  expect((await keys("list")).stdout).toMatch(
    /^read +read +20.*\nsystem +full +20.*\n$|^system +full.*\nread +read.*\n$/,
  );
});

test("what is wrong is said, and nothing is changed", async () => {
  host = await startHost(["--require-key"], { cwd: folder.path });

  expect(await keys("show", "nobody")).toMatchObject({
    code: 3,
    stderr: expect.stringContaining("There are system, read"),
  });
  expect(await keys("add", "system")).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("rotate system"),
  });
  expect(await keys("revoke", "system")).toMatchObject({
    code: 4,
    stderr: expect.stringContaining("last key"),
  });
  expect(await keys("add", "a b")).toMatchObject({ code: 2 });
  expect((await keys("list")).stdout.trim().split("\n")).toHaveLength(2);
});
