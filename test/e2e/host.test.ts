import { mkdir, readFile, stat, writeFile } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import Database from "better-sqlite3";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SidecarClient } from "../grpc/sidecar-client.ts";
import { API, CommandProcess, type HostProcess, makeFolder, startHost } from "./host-process.ts";

let folder: Awaited<ReturnType<typeof makeFolder>>;
const processes: CommandProcess[] = [];

beforeEach(async () => {
  folder = await makeFolder();
});

afterEach(async () => {
  await Promise.all(processes.splice(0).map((each) => each.kill("SIGKILL")));
  await folder.remove();
});

const APP = `
  import { writeFileSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  import { app } from "perdure";
  app.activity("slow", async (milliseconds) => {
    writeFileSync("begun", "");
    await sleep(milliseconds);
    return "done";
  });
  app.activity("setting", (name) => process.env[name] ?? null);
  app.orchestration("sleepy", function* (context, milliseconds) {
    return yield context.callActivity("slow", milliseconds);
  });
  app.orchestration("readSetting", async (ctx, name) => ctx.callActivity("setting", name));
`;

/** Writes files below the folder of this test; the answer is that folder. */
async function write(files: Readonly<Record<string, string>>): Promise<string> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder.path, name)), { recursive: true });
    await writeFile(join(folder.path, name), text);
  }
  return folder.path;
}

/** A host in the folder of this test, with no arguments but these. */
async function start(...args: readonly string[]): Promise<HostProcess> {
  const host = await startHost(args, { cwd: folder.path });
  processes.push(host.process);
  return host;
}

function run(...args: readonly string[]): CommandProcess {
  const command = new CommandProcess(args, { cwd: folder.path });
  processes.push(command);
  return command;
}

async function post(host: HostProcess, path: string, body?: unknown): Promise<unknown> {
  const init = { method: "POST", ...(body === undefined ? {} : { body: JSON.stringify(body) }) };
  return (await fetch(`${host.url}${API}/orchestrators/${path}`, init)).json();
}

async function activityBegins(): Promise<void> {
  await expect.poll(() => stat(join(folder.path, "begun")).catch(() => undefined)).toBeDefined();
}

describe("start", () => {
  test("says where it listens and what it runs, and keeps its hub beside the app", async () => {
    await write({ "app.mjs": APP });

    const host = await start();

    expect(host.facts).toMatchObject({
      url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
      taskHub: "DurableFunctionsHub",
      storage: "sqlite:.perdure/hub.db",
      role: "owner",
      orchestrators: ["readSetting", "sleepy"],
      activities: ["setting", "slow"],
    });
    expect(await (await fetch(host.url)).json()).toMatchObject({ role: "owner", api: API });
    expect(await post(host, "sleepy?timeout=20", 1)).toBe("done");
  });

  test("takes flags, and files from anywhere", async () => {
    await write({ "deep/down/functions.mjs": APP });

    const host = await start("deep/down/functions.mjs", "--storage", "memory:", "--hub", "MyHub");

    expect(host.facts).toMatchObject({ taskHub: "MyHub", storage: "memory:" });
  });

  test("a setting of local.settings.json reaches host.json and the app", async () => {
    await write({
      "app.mjs": APP,
      "host.json": '{ "version": "2.0", "extensions": { "durableTask": { "hubName": "%HUB%" } } } // mine',
      "local.settings.json": '{ "Values": { "HUB": "LocalHub", "GREETING": "hi" } }',
    });

    const host = await start();

    expect(host.facts["taskHub"]).toBe("LocalHub");
    expect(await post(host, "readSetting?timeout=20", "GREETING")).toBe("hi");
  });

  test("an unknown setting is a warning that names it", async () => {
    const settings = { durableTask: { maxConcurrentUnicorns: 1 } };
    await write({ "app.mjs": APP, "host.json": JSON.stringify({ version: "2.0", extensions: settings }) });

    const { process } = await start();

    expect(await process.logged(/maxConcurrentUnicorns/)).toMatchObject({ level: 40 });
  });

  const kinds: Readonly<Record<string, string>> = {
    "index.ts": 'import { app } from "perdure"; app.activity("one", (n: number): number => n);',
    "index.mts":
      'import { app } from "perdure"; await Promise.resolve(); app.activity("one", (n: number) => n);',
    "index.cts": 'import { app } from "perdure"; app.activity("one", (n: number) => n); module.exports = {};',
    "index.mjs": 'import { app } from "perdure"; app.activity("one", (n) => n);',
    "index.cjs": 'const { app } = require("perdure"); app.activity("one", (n) => n);',
  };

  test.each(Object.keys(kinds))("an app may be %s, as it is", async (name) => {
    await write({
      [name]: kinds[name] ?? "",
      "package.json": '{ "dependencies": { "perdure": "*" } }',
      // Installed beside the app, as it is in a project of a user.
      "node_modules/perdure/package.json": '{ "name": "perdure", "type": "module", "exports": "./index.js" }',
      "node_modules/perdure/index.js": `export * from ${JSON.stringify(new URL("../../dist/sdk/index.js", import.meta.url).href)};`,
    });

    const host = await start("--storage", "memory:");

    expect(host.facts["activities"]).toEqual(["one"]);
  });

  test.each(["index.ts", "index.mts", "index.mjs"])(
    "the package need not be installed beside %s",
    async (name) => {
      await write({ [name]: kinds[name] ?? "" });

      const host = await start("--storage", "memory:");

      expect(host.facts["activities"]).toEqual(["one"]);
    },
  );

  test("TypeScript may need more than its types stripped", async () => {
    await write({
      "index.ts":
        'import { app } from "perdure"; import { Name } from "./name"; app.activity(Name.One, () => 1);',
      "name.ts": 'export enum Name { One = "one" }',
    });

    const host = await start("--storage", "memory:");

    expect(host.facts["activities"]).toEqual(["one"]);
  });
});

describe("start where there is no app", () => {
  async function hello(address: unknown): Promise<void> {
    const client = new SidecarClient(String(address));
    await client.call("hello", {});
    client.close();
  }

  test("is a hub for workers, which listens for them", async () => {
    const host = await start("--grpc-port", "0");

    expect(host.facts).toMatchObject({
      grpc: expect.stringMatching(/^127\.0\.0\.1:\d+$/),
      storage: "sqlite:.perdure/hub.db",
      role: "owner",
      orchestrators: [],
      activities: [],
      entities: [],
    });
    await hello(host.facts["grpc"]);
    expect(await host.process.kill("SIGTERM")).toMatchObject({ code: 0, stderr: "" });
  });

  test("listens where the SDKs look when nobody says where", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => {
      other.on("error", () => resolve()).listen(4001, "127.0.0.1", resolve);
    });

    const exit = await run("start", "--port", "0", "--storage", "memory:").exited;
    other.close();

    expect(exit.code).toBe(1);
    expect(exit.stderr).toContain("Port 4001 of 127.0.0.1 is in use");
  });

  test("listens where the environment says", async () => {
    const host = await startHost(["--storage", "memory:"], {
      cwd: folder.path,
      env: { PERDURE_GRPC_PORT: "0" },
    });
    processes.push(host.process);

    await hello(host.facts["grpc"]);
  });

  test("an app listens for workers only when told to", async () => {
    await write({ "app.mjs": APP });

    expect((await start("--storage", "memory:")).facts).not.toHaveProperty("grpc");
    await hello((await start("--storage", "memory:", "--grpc-port", "0")).facts["grpc"]);
  });
});

describe("stop", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("%s ends an idle host with 0", async (signal) => {
    await write({ "app.mjs": APP });
    const { process } = await start();

    const exit = await process.kill(signal);

    expect(exit).toMatchObject({ code: 0, stderr: "" });
  });

  test("a running activity may finish, and its result is kept", async () => {
    await write({ "app.mjs": APP });
    const host = await start();
    await post(host, "sleepy/patient", 700);
    await activityBegins();

    const exit = await host.process.kill("SIGTERM");

    expect(exit.code).toBe(0);
    const next = await start();
    const status = await (await fetch(`${next.url}${API}/instances/patient?showHistory=true`)).json();
    expect(status).toMatchObject({ runtimeStatus: "Completed", output: "done" });
  });

  test("an activity that takes too long is left to the next start", async () => {
    await write({ "app.mjs": APP });
    const host = await start("--drain-timeout", "0.2");
    await post(host, "sleepy/slow", 3_000);
    await activityBegins();

    const begun = Date.now();
    const exit = await host.process.kill("SIGTERM");

    expect(exit.code).toBe(0);
    expect(Date.now() - begun).toBeLessThan(2_000);
    const next = await start();
    const status = await (await fetch(`${next.url}${API}/instances/slow`)).json();
    expect(status).toMatchObject({ runtimeStatus: "Running" });
  });

  test("a second signal ends the process at once", async () => {
    await write({ "app.mjs": APP });
    const host = await start("--drain-timeout", "60");
    await post(host, "sleepy", 60_000);
    await activityBegins();
    host.process.signal("SIGINT");
    await host.process.logged(/^SIGINT: stopping/);

    const exit = await host.process.kill("SIGINT");

    expect(exit.code).toBe(130);
  });

  test("a caller that waits is answered", async () => {
    await write({ "app.mjs": APP });
    const host = await start();
    const waiting = fetch(`${host.url}${API}/orchestrators/sleepy?timeout=60`, {
      method: "POST",
      body: "800",
    });
    await activityBegins();

    const exit = await host.process.kill("SIGTERM");

    expect((await waiting).status).toBe(202);
    expect(exit.code).toBe(0);
  });
});

describe("two hosts on one hub", () => {
  test("the second stands by, serves as a client, and takes over when the first is killed", async () => {
    await write({ "app.mjs": APP });
    const first = await start();
    const second = await start();
    expect(second.facts["role"]).toBe("standby");
    await second.process.logged(/Another process runs this task hub/);

    expect(await post(second, "sleepy?timeout=20", 1)).toBe("done");

    await first.process.kill("SIGKILL");
    await second.process.logged(/This process runs the task hub now/);
    expect(await post(second, "sleepy?timeout=20", 1)).toBe("done");
  });
});

describe("what is wrong is said in a line, with exit code 1", () => {
  const failing = async (...args: readonly string[]) => {
    const exit = await run("start", "--port", "0", ...args).exited;
    expect(exit.code).toBe(1);
    expect(exit.stderr).not.toMatch(/^\s+at /m);
    return exit.stderr;
  };

  test("a port in use", async () => {
    await write({ "app.mjs": APP });
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;

    const stderr = await failing("--port", String(port));
    other.close();

    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
    expect(stderr).toContain(`--port ${port + 1}`);
    expect(stderr).toContain("PORT_IN_USE");
  });

  test("a port for gRPC in use", async () => {
    const other = createServer();
    await new Promise<void>((resolve) => other.listen(0, "127.0.0.1", resolve));
    const { port } = other.address() as AddressInfo;

    const stderr = await failing("--storage", "memory:", "--grpc-port", String(port));
    other.close();

    expect(stderr).toContain(`Port ${port} of 127.0.0.1 is in use`);
    expect(stderr).toContain(`--grpc-port ${port + 1}`);
  });

  test("a certificate without its key", async () => {
    await write({ "app.mjs": APP });

    expect(await failing("--grpc-port", "0", "--grpc-cert", "cert.pem")).toContain(
      "allowed: a certificate together with its private key, or neither",
    );
  });

  test("an address that is not this machine's", async () => {
    await write({ "app.mjs": APP });

    expect(await failing("--host", "192.0.2.1")).toContain('"192.0.2.1"');
  });

  test("a host.json that is not JSON", async () => {
    await write({ "app.mjs": APP, "host.json": '{\n  "version": "2.0",\n  "extensions": {]\n}' });

    expect(await failing()).toMatch(/host\.json is not valid JSON: .*line 3, column 18/);
  });

  test("a wrong value in host.json", async () => {
    const durableTask = { maxConcurrentActivityFunctions: "many" };
    await write({
      "app.mjs": APP,
      "host.json": JSON.stringify({ version: "2.0", extensions: { durableTask } }),
    });

    expect(await failing()).toContain(
      'extensions.durableTask.maxConcurrentActivityFunctions is "many"; allowed: a whole number, 1 or more.',
    );
  });

  test("an app that throws", async () => {
    await write({ "app.mjs": 'throw new RangeError("no such luck");' });

    const stderr = await failing();

    expect(stderr).toContain(
      `"${join(folder.path, "app.mjs")}" could not be loaded: RangeError: no such luck`,
    );
    expect(stderr).toContain("APP_LOAD_FAILED");
  });

  test.each([
    ["waits for ever at its top level", "await new Promise(() => undefined);"],
    ["ends the process", "process.exit(0);"],
  ])("an app that %s while it is loaded", async (_title, text) => {
    await write({ "app.mjs": text });

    expect(await failing()).toContain(
      'app.mjs" was not loaded: it ended the process, or its top-level await never ends',
    );
  });

  test("an app that throws shows where when asked", async () => {
    await write({ "app.mjs": '\nthrow new RangeError("no such luck");' });

    const exit = await run("start", "--verbose").exited;

    expect(exit.code).toBe(1);
    expect(exit.stderr).toMatch(/at .*app\.mjs:2:7/);
  });

  test("an app with a syntax error", async () => {
    await write({ "app.ts": "const x: = 1;" });

    expect(await failing()).toContain("app.ts");
  });

  test("an app that registers a function twice", async () => {
    await write({
      "app.mjs": 'import { app } from "perdure"; app.activity("a", () => 1); app.activity("A", () => 2);',
    });

    expect(await failing()).toContain("There are two functions for activity 'A'");
  });

  test("a folder that does not exist", async () => {
    expect(await failing("nowhere")).toContain(
      `There is no file or folder "${join(folder.path, "nowhere")}"`,
    );
  });

  test("a folder without an app", async () => {
    expect(await failing(".")).toMatch(/There is no app in ".*": there is none of index, app/);
  });

  test("a file that is not a database, which stays as it is", async () => {
    await write({ "app.mjs": APP, "notes.txt": "dear diary" });

    expect(await failing("--storage", "sqlite:./notes.txt")).toContain("DATABASE_NOT_OURS");
    expect(await readFile(join(folder.path, "notes.txt"), "utf8")).toBe("dear diary");
  });

  test("a database of another program", async () => {
    await write({ "app.mjs": APP });
    new Database(join(folder.path, "other.db")).exec("create table t (a)").close();

    expect(await failing("--storage", "sqlite:./other.db")).toContain("DATABASE_NOT_OURS");
  });

  test("a hub that is damaged", async () => {
    await write({ "app.mjs": APP });
    await (await start()).process.kill("SIGTERM");
    const path = join(folder.path, ".perdure", "hub.db");
    const bytes = await readFile(path);
    await writeFile(path, bytes.fill(0x5a, 100));

    expect(await failing()).toContain("DATABASE_CORRUPT");
  });

  test("a storage nobody knows", async () => {
    await write({ "app.mjs": APP });

    expect(await failing("--storage", "papyrus:./scroll")).toContain("UNKNOWN_STORAGE");
  });

  test("a hub name that is not one", async () => {
    await write({ "app.mjs": APP });

    expect(await failing("--hub", "9 lives")).toContain('--hub is "9 lives"; allowed: 3 to 45 letters');
  });
});

describe("the command line", () => {
  test.each([
    [["strat"], "Did you mean start?"],
    [["start", "--prot", "1"], "Did you mean --port?"],
    [["start", "--port", "seven"], "A port is a whole number"],
    [["start", "--drain-timeout", "soon"], "number of seconds"],
    [["start", "--log-level", "loud"], "Allowed choices are"],
    [["start", "one", "two"], "too many arguments"],
    [[], "Usage: perdure"],
  ])("%j is refused with 2 and a hint", async (args, hint) => {
    const exit = await run(...args).exited;

    expect(exit.code).toBe(2);
    expect(exit.stderr).toContain(hint);
    expect(exit.stdout).toBe("");
  });

  test.each([
    [["--help"], "perdure start samples/hello"],
    [["start", "--help"], "--storage sqlite:./hello.db"],
    [["--version"], "."],
  ])("%j answers on standard output", async (args, text) => {
    const exit = await run(...args).exited;

    expect(exit).toMatchObject({ code: 0, stderr: "" });
    expect(exit.stdout).toContain(text);
  });
});
