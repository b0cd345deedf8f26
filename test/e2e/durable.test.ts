import { execFile } from "node:child_process";
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CommandProcess, type Exit, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const APP = `
  import { app } from "perdure";
  app.activity("boom", () => { throw new Error("no"); });
  app.orchestration("echo", (context, input) => input);
  app.orchestration("waits", function* (context) { return yield context.waitForExternalEvent("go"); });
  app.orchestration("fails", function* (context) { return yield context.callActivity("boom"); });
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess;

beforeAll(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, "app.mjs"), APP);
  host = await startHost([], { cwd: folder.path });
});

afterAll(async () => {
  await host.process.kill("SIGKILL");
  await folder.remove();
});

/** The same commands, with the same answers, on the store and over HTTP. */
describe.each(["store", "http"] as const)("perdure durable, %s", (target) => {
  const durable = (...args: readonly string[]): Promise<Exit> => {
    const where = target === "http" ? ["--url", host.url] : [];
    return new CommandProcess(["durable", ...args, ...where], { cwd: folder.path }).exited;
  };
  const id = (name: string): string => `${target}-${name}`;

  test("starts an instance, waits for it, and shows it", async () => {
    const started = await durable(
      "start-new",
      "--function-name",
      "echo",
      "--id",
      id("one"),
      "--input",
      '{"a":1}',
    );
    expect(started).toMatchObject({ code: 0, stderr: "" });
    expect(started.stdout).toMatch(
      new RegExp(`^Started 'echo' at 20\\d\\d-.*Z\\. Instance ID: '${id("one")}'\\.\\n$`),
    );

    const waited = await durable("wait", "--id", id("one"), "--timeout", "20", "-o", "json");
    expect(JSON.parse(waited.stdout)).toMatchObject({ runtimeStatus: "Completed", output: { a: 1 } });

    const shown = await durable("get-runtime-status", "--id", id("one"));
    expect(shown.stdout).toContain("runtimeStatus    Completed");
    expect(shown.stdout).not.toContain('{"a":1}');
  });

  test("an input that is no JSON is a text, and one of a file is read", async () => {
    await writeFile(join(folder.path, "input.json"), "[1,2]");
    await durable("start-new", "--function-name", "echo", "--id", id("text"), "--input", "plain words");
    await durable("start-new", "--function-name", "echo", "--id", id("file"), "--input", "@input.json");

    const text = await durable("wait", "--id", id("text"), "-o", "json");
    const file = await durable("wait", "--id", id("file"), "-o", "json");

    expect([JSON.parse(text.stdout).output, JSON.parse(file.stdout).output]).toEqual(["plain words", [1, 2]]);
  });

  test("suspends, resumes, says why, raises an event, and shows the history", async () => {
    await durable("start-new", "--function-name", "waits", "--id", id("waits"));
    expect((await durable("suspend", "--id", id("waits"), "--reason", "lunch")).stdout).toContain(
      "Suspended",
    );
    expect((await durable("resume", "--id", id("waits"))).code).toBe(0);
    // Without the code nobody knows the name.
    const sentence =
      target === "http" ? "It waits for external event 'go'.\n" : "It waits for an external event.\n";
    expect((await durable("why", "--id", id("waits"))).stdout).toBe(sentence);

    const raised = await durable(
      "raise-event",
      "--id",
      id("waits"),
      "--event-name",
      "go",
      "--event-data",
      "3",
    );
    expect(raised.stdout).toBe(`Raised event 'go' to instance '${id("waits")}'.\n`);

    const waited = await durable("wait", "--id", id("waits"), "-o", "json");
    expect(JSON.parse(waited.stdout).output).toBe(3);
    const lines = (await durable("history", "--id", id("waits"), "-o", "ndjson")).stdout.trim().split("\n");
    expect(lines.map((line) => JSON.parse(line).type)).toContain("EventRaised");
  });

  test("watches until the end", async () => {
    await durable("start-new", "--function-name", "waits", "--id", id("watched"));
    const watching = durable("watch", "--id", id("watched"), "-o", "ndjson");
    await durable("suspend", "--id", id("watched"));
    await durable("terminate", "--id", id("watched"), "--reason", "enough");

    const { code, stdout } = await watching;

    expect(code).toBe(0);
    const statuses = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line).runtimeStatus as string);
    expect(statuses.at(-1)).toBe("Terminated");
    expect(statuses.length).toBeGreaterThan(1);
  });

  test("terminates, rewinds, restarts and purges", async () => {
    await durable("start-new", "--function-name", "waits", "--id", id("end"));
    const terminated = await durable("terminate", "--id", id("end"), "--reason", "enough");
    expect(terminated).toMatchObject({ code: 0, stdout: `Successfully terminated '${id("end")}'\n` });
    expect(terminated.stderr).toContain("Waiting up to 30 seconds");

    await durable("start-new", "--function-name", "fails", "--id", id("fails"));
    await durable("wait", "--id", id("fails"));
    const rewound = await durable("rewind", "--id", id("fails"));
    expect(rewound.stdout).toBe("Status before rewind: Failed\nStatus after rewind: Failed\n");

    const restarted = await durable("restart", "--id", id("end"), "-o", "json");
    expect(JSON.parse(restarted.stdout).instanceId).toMatch(/^[0-9a-f]{32}$/);

    expect((await durable("purge", "--id", id("end"))).stdout).toBe(`Purged '${id("end")}'\n`);
    expect((await durable("get-runtime-status", "--id", id("end"))).code).toBe(3);
  });

  test("lists page by page; JSON is JSON and nothing else", async () => {
    for (const each of ["p1", "p2", "p3"])
      await durable("start-new", "--function-name", "waits", "--id", id(each));
    const filter = ["--id-prefix", id("p"), "--runtime-status", "RUNNING pending"];

    const first = JSON.parse((await durable("get-instances", ...filter, "--top", "2", "-o", "json")).stdout);
    const token: string = first.continuationToken;
    const rest = await durable("get-instances", ...filter, "--continuation-token", token);

    expect(first.instances.map((each: { instanceId: string }) => each.instanceId)).toEqual([
      id("p1"),
      id("p2"),
    ]);
    expect(rest.stdout).toContain(id("p3"));
    expect(rest.stdout).toContain("Continuation token for next set of results: ''");
    const counts = await durable("count", "--id-prefix", id("p"), "-o", "json");
    expect(JSON.parse(counts.stdout)).toMatchObject({ Running: 3, Completed: 0 });
  });

  test.each([
    [3, "an unknown instance", ["get-runtime-status", "--id", "nobody"], "'nobody'"],
    [3, "terminate of an unknown instance", ["terminate", "--id", "nobody"], "No instance with ID 'nobody'"],
    [4, "resume of what is not suspended", ["resume", "--id", id("p1")], "it is Running"],
    [4, "an id that is taken", ["start-new", "--function-name", "waits", "--id", id("p1")], "already exists"],
    [4, "purge of what has not ended", ["purge", "--id", id("p1")], "it is Running"],
    [
      4,
      "a wait that is too short",
      ["wait", "--id", id("p1"), "--timeout", "0.1"],
      "did not complete within 100 ms",
    ],
    [2, "a status that is none", ["get-instances", "--runtime-status", "lost"], "'lost' is not a status"],
    [2, "a time that is none", ["get-instances", "--created-after", "soon"], "a time like 2030-01-31T23:59Z"],
    [2, "purge of statuses that are no end", ["purge-history", "--runtime-status", "running"], "not Running"],
    [2, "purge without being asked", ["purge-history"], "pass --yes"],
    [2, "a missing option", ["terminate"], "--id <id>"],
    [2, "a misspelled option", ["terminate", "--id", "x", "--raeson", "y"], "Did you mean --reason?"],
    [2, "a misspelled command", ["get-instnces"], "Did you mean get-instances?"],
    [
      1,
      "an input file that is not there",
      ["start-new", "--function-name", "echo", "--input", "@gone.json"],
      "gone.json",
    ],
  ])("exits with %i for %s", async (code, _title, args, text) => {
    const exit = await durable(...args);

    expect(exit.stderr).toContain(text);
    expect(exit).toMatchObject({ code, stdout: "" });
  });
});

test("instances go from a store into an archive, and from there into another hub, also over HTTP", async () => {
  const perdure = (...args: readonly string[]): Promise<Exit> =>
    new CommandProcess(["durable", ...args], { cwd: folder.path }).exited;
  const elsewhere = ["--storage", `sqlite:${join(folder.path, "archive.db")}`];
  await perdure("start-new", "--function-name", "echo", "--id", "kept", "--input", "[1]");
  await perdure("start-new", "--function-name", "waits", "--id", "live");
  await perdure("wait", "--id", "kept", "--timeout", "20");

  const file = await perdure("export-history", "--file", "archive.ndjson");
  const output = await perdure("export-history", "--id", "kept", "--url", host.url);
  const first = await perdure("import-history", "--file", "archive.ndjson", ...elsewhere);
  const history = await perdure("get-history", "--id", "kept");
  const restored = await perdure("get-history", "--id", "kept", ...elsewhere);
  await perdure("purge", "--id", "kept");
  await writeFile(join(folder.path, "kept.ndjson"), output.stdout);
  const back = await perdure("import-history", "--file", "kept.ndjson", "--url", host.url, "-o", "json");
  const again = await perdure("import-history", "--file", "kept.ndjson", "--url", host.url);

  expect(file).toMatchObject({ code: 0, stdout: "" });
  expect(output).toMatchObject({ code: 0, stderr: "Exported 1 instances.\n" });
  expect(output.stdout.trimEnd().split("\n")).toHaveLength(4);
  expect(first.code).toBe(4);
  expect(first.stderr).toContain("Skipped 'live': it is Running");
  expect(JSON.parse(restored.stdout)).toEqual(JSON.parse(history.stdout));
  expect(back).toMatchObject({ code: 0, stderr: "" });
  expect(JSON.parse(back.stdout)).toEqual({ imported: 1, skipped: 0 });
  expect(again.stderr).toContain("Skipped 'kept': an instance with this id exists.");
  expect((await perdure("export-history", "--id", "nobody", "--file", "archive.ndjson")).code).toBe(3);
  const nowhere = ["--url", "http://127.0.0.1:1"];
  expect((await perdure("export-history", "--file", "archive.ndjson", ...nowhere)).code).toBe(1);
  expect((await readFile(join(folder.path, "archive.ndjson"), "utf8")).split("\n").length).toBeGreaterThan(4);
  expect((await readdir(folder.path)).filter((name) => name.endsWith(".part"))).toEqual([]);
  const none = await perdure(
    "purge-history",
    "--url",
    host.url,
    "--id-prefix",
    "no-such-",
    "--yes",
    "-o",
    "json",
  );
  expect(JSON.parse(none.stdout)).toEqual({ instancesDeleted: 0, rowsDeleted: 0 });
  expect((await perdure("import-history", "--file", "nowhere.ndjson")).stderr).toContain("nowhere.ndjson");
});

test("task hubs are listed and deleted over HTTP, but not the one the host runs", async () => {
  const overHttp = (...args: readonly string[]): Promise<Exit> =>
    new CommandProcess(["durable", ...args, "--url", host.url], { cwd: folder.path }).exited;
  await new CommandProcess(["durable", "start-new", "--function-name", "echo", "--task-hub-name", "Spare"], {
    cwd: folder.path,
  }).exited;

  expect((await overHttp("list-task-hubs")).stdout).toBe("DurableFunctionsHub\nSpare\n");
  expect((await overHttp("delete-task-hub", "--yes")).code).toBe(2);
  expect((await overHttp("delete-task-hub", "--yes", "--task-hub-name", "DurableFunctionsHub")).code).toBe(4);
  expect(await overHttp("delete-task-hub", "--yes", "--task-hub-name", "Spare")).toMatchObject({
    code: 0,
    stdout: "Task hub 'Spare' successfully deleted.\n",
  });
  expect((await overHttp("list-task-hubs")).stdout).toBe("DurableFunctionsHub\n");
});

describe("--verbose says on standard error what is meant and what says so", () => {
  const counted = async (args: readonly string[], env: Readonly<Record<string, string>> = {}) =>
    new CommandProcess(["durable", "count", "--verbose", ...args], { cwd: folder.path, env }).exited;

  test("for the store", async () => {
    const { code, stderr } = await counted([], { PERDURE_STORAGE: "sqlite:.perdure/hub.db" });

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        "Task hub  DurableFunctionsHub  (default)\nStorage   sqlite:.perdure/hub.db  (PERDURE_STORAGE)\n",
    });
  });

  test.each([
    [[], {}, "Key       none is sent\n"],
    [["--key", "secret"], {}, "Key       one is sent  (--key)\n"],
    [[], { PERDURE_SYSTEM_KEY: "secret" }, "Key       one is sent  (PERDURE_SYSTEM_KEY)\n"],
    [[], { PERDURE_SYSTEM_KEY: "" }, "Key       none is sent\n"],
  ])("for a host, with %j and %j, but never the key", async (args, env, line) => {
    const { code, stderr } = await counted(["--url", host.url, ...args], env);

    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: `Task hub  the host's own  (default)\nURL       ${host.url}  (--url)\n${line}`,
    });
  });
});

test("a password in --url is refused and not repeated", async () => {
  const exit = await new CommandProcess(["durable", "count", "--url", "http://me:secret@127.0.0.1:1"]).exited;

  expect(exit).toMatchObject({ code: 2, stderr: expect.stringContaining("--key") });
  expect(exit.stderr).not.toContain("secret");
});

test("a reader that has seen enough is no error", async () => {
  const cli = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));
  for (let index = 0; index < 300; index++) {
    await fetch(`${host.url}/runtime/webhooks/durabletask/orchestrators/echo`, {
      method: "POST",
      body: JSON.stringify("x".repeat(1_000)),
    });
  }
  const script = `"${process.execPath}" "${cli}" durable export-history | head -1; echo "\${PIPESTATUS[0]}"`;

  const { stdout, stderr } = await promisify(execFile)("bash", ["-c", script], { cwd: folder.path });

  expect(stdout).toMatch(/^\{"type":"hub".*\}\n0\n$/);
  expect(stderr).toBe("");
});

test("purge-history purges what has ended and nothing else; delete-task-hub takes the rest", async () => {
  const durable = (...args: readonly string[]): Promise<Exit> =>
    new CommandProcess(["durable", ...args], { cwd: folder.path }).exited;

  const purged = await durable("purge-history", "--created-before", "2999-01-01", "--yes", "-o", "json");
  const counts = JSON.parse((await durable("count", "-o", "json")).stdout);

  expect(JSON.parse(purged.stdout).instancesDeleted).toBeGreaterThan(5);
  expect(counts).toMatchObject({ Completed: 0, Failed: 0, Terminated: 0 });
  expect(counts.Running).toBeGreaterThan(5);
  await host.process.kill("SIGTERM");
  expect((await durable("delete-task-hub", "--yes")).stdout).toContain("successfully deleted");
  expect((await durable("get-instances")).code).toBe(3);
});
