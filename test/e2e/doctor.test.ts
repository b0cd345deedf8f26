import { mkdir, readdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandProcess, type Exit, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const APP = `
  import { app } from "perdure";
  app.activity("endless", () => new Promise(() => {}));
  app.orchestration("echo", (context, input) => input);
  app.orchestration("waits", function* (context) { return yield context.waitForExternalEvent("go"); });
  app.entity("counter", (context) => context.setState(context.getState(() => 0) + 1));
  app.orchestration("works", function* (context) { return yield context.callActivity("endless"); });
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;

beforeEach(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, "app.mjs"), APP);
});

afterEach(async () => {
  await host?.process.kill("SIGKILL");
  host = undefined;
  await folder.remove();
});

interface Report {
  readonly problems: readonly string[];
  readonly warnings: readonly string[];
  readonly taskHub: { readonly counts: Readonly<Record<string, number>>; readonly entities: number };
  readonly instances: {
    readonly lookedAt: number;
    readonly stuck: readonly { readonly instanceId: string; readonly sentence: string }[];
    readonly waiting: readonly { readonly instanceId: string; readonly sentence: string }[];
  };
}

const command = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Exit> =>
  new CommandProcess(args, { cwd: folder.path, env }).exited;

async function doctor(args: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const { code, stdout } = await command(["doctor", "-o", "json", ...args], env);
  return { code, ...(JSON.parse(stdout) as Report) };
}

/** Starts a host, and makes its port the configured one. */
async function startConfiguredHost(...args: readonly string[]): Promise<Readonly<Record<string, string>>> {
  host = await startHost(args, { cwd: folder.path });
  return { PERDURE_PORT: new URL(host.url).port };
}

/** Through the host, where one runs: it answers when the first episode is committed. */
const start = (name: string, id: string, ...flags: readonly string[]): Promise<Exit> => {
  const through = host ? ["--url", host.url] : [];
  return command(["durable", "start-new", "--function-name", name, "--id", id, ...through, ...flags]);
};

test("a hub that is not there is a problem, and nothing is made", async () => {
  const { code, stdout, stderr } = await command(["doctor"]);

  expect({ code, stderr }).toEqual({ code: 1, stderr: "perdure: 1 problem was found.\n" });
  expect(stdout).toMatch(/^problem {2}There is no task hub "DurableFunctionsHub" in sqlite:/m);
  expect(stdout).toMatch(/SQLite +3\.\d+/);
  expect(await readdir(folder.path)).toEqual(["app.mjs"]);
});

test("nor is another hub made in a store that is there", async () => {
  await start("echo", "one");

  const { code, problems } = await doctor(["--task-hub-name", "Other"]);

  expect({ code, problems }).toEqual({
    code: 1,
    problems: [expect.stringContaining("It has DurableFunctionsHub; choose one")],
  });
  expect((await command(["durable", "list-task-hubs"])).stdout).toBe("DurableFunctionsHub\n");
});

test("all is well where a host runs what there is", async () => {
  const env = await startConfiguredHost();
  await start("waits", "one");

  const { code, stdout } = await command(["doctor"], env);

  expect(stdout).toContain("healthy, task hub DurableFunctionsHub (owner)");
  expect(stdout).toContain(`Port            ${env["PERDURE_PORT"]}  (PERDURE_PORT)`);
  expect(stdout).toMatch(/All is well\.\n$/);
  expect(code).toBe(0);
  expect(await command(["doctor", "--url", host?.url ?? ""])).toMatchObject({ code: 0, stderr: "" });
});

test("entities never end, and are counted by themselves", async () => {
  const env = await startConfiguredHost();
  for (const key of ["a", "b"]) {
    const entity = ["--entity-name", "counter", "--entity-key", key];
    await command(["durable", "signal-entity", ...entity, "--url", host?.url ?? ""]);
  }
  await start("echo", "one");
  const running = await doctor(["--stuck-after", "0s"], env);
  await host?.process.kill("SIGKILL");
  const left = await doctor(["--stuck-after", "0s"], env);

  for (const report of [running, left]) {
    expect(report).toMatchObject({ code: 0, problems: [], warnings: [] });
    expect(report.taskHub).toMatchObject({ entities: 2, counts: { Running: 0, Completed: 1 } });
    expect(report.instances).toMatchObject({ lookedAt: 0, stuck: [], waiting: [] });
  }
});

test("what is stuck is named with what it waits for, and what merely waits is no problem", async () => {
  const env = await startConfiguredHost();
  await start("waits", "patient");
  const waiting = await doctor(["--stuck-after", "0s"], env);
  await start("works", "busy");
  const stuck = await doctor(["--stuck-after", "0s"], env);

  expect(waiting).toMatchObject({
    code: 0,
    problems: [],
    warnings: [expect.stringContaining("1 instance has")],
  });
  expect(waiting.instances.waiting).toMatchObject([
    { instanceId: "patient", sentence: "It waits for external event 'go'." },
  ]);
  expect(stuck).toMatchObject({ code: 1, problems: ["1 instance is stuck; see Instances."] });
  expect(stuck.instances.stuck).toMatchObject([
    { instanceId: "busy", sentence: expect.stringMatching(/^Activity 'endless' is running since 20/) },
  ]);
  expect((await doctor(["--stuck-after", "1h"], env)).instances).toMatchObject({
    lookedAt: 2,
    stuck: [],
    waiting: [],
  });
});

test("an orchestrator that the host does not have is a problem at once", async () => {
  await startConfiguredHost();
  await start("waits", "one");
  await host?.process.kill("SIGTERM");
  await writeFile(
    join(folder.path, "app.mjs"),
    'import { app } from "perdure"; app.orchestration("echo", () => 1);',
  );
  const env = await startConfiguredHost();

  const { code, instances } = await doctor([], env);

  expect(code).toBe(1);
  expect(instances.stuck).toMatchObject([
    { instanceId: "one", sentence: expect.stringContaining("No worker has the orchestrator 'waits'") },
  ]);
});

test("a host that has gone is a problem while instances have not ended", async () => {
  const env = await startConfiguredHost();
  await start("waits", "one");
  await host?.process.kill("SIGKILL");

  expect(await doctor([], env)).toMatchObject({
    code: 1,
    problems: [expect.stringMatching(/^No host answers .* and 1 instance has not ended/)],
  });
});

test("a host that wants a key is asked with --key, and without one the store tells what it knows", async () => {
  const env = await startConfiguredHost("--require-key");
  const key = (await command(["keys", "show", "system"])).stdout.trim();
  await start("waits", "one", "--key", key);

  const without = await doctor(["--stuck-after", "0s"], env);
  const withKey = await command(["doctor", "--stuck-after", "0s", "--key", key], env);

  expect(without.warnings).toContainEqual(expect.stringContaining("wants a key"));
  expect(without.instances.waiting).toMatchObject([{ sentence: "It waits for an external event." }]);
  expect(withKey.stdout).toContain("It waits for external event 'go'.");
  expect(withKey.stdout + withKey.stderr).not.toContain(key);
  expect(await command(["doctor", "--url", host?.url ?? ""])).toMatchObject({
    code: 1,
    stdout: expect.stringContaining("wants a key"),
  });
});

test("a configuration that is wrong is a finding", async () => {
  await mkdir(join(folder.path, "bad"));
  await writeFile(
    join(folder.path, "bad", "host.json"),
    '{"version":"2.0","extensions":{"durableTask":{"hubName":7}}}',
  );

  const { code, problems } = await doctor(["--script-root", "bad"]);
  const missing = await doctor(["--script-root", "gone"]);
  const typo = await doctor([], { PERDURE_TASKHUB: "x", PERDURE_STORAGE: "postgres://me:secret@db/hub" });

  expect({ code, problems }).toEqual({
    code: 1,
    problems: [expect.stringContaining("hubName is 7; allowed:")],
  });
  expect(missing).toMatchObject({ code: 1, problems: [expect.stringContaining("There is no folder")] });
  expect(typo.warnings).toEqual([expect.stringContaining("PERDURE_TASKHUB in environment has no effect")]);
  expect(typo.problems).toEqual([expect.stringContaining("is not known")]);
  expect(JSON.stringify(typo)).not.toContain("secret");
});

test("a time that is none is refused", async () => {
  expect(await command(["doctor", "--stuck-after", "soon"])).toMatchObject({
    code: 2,
    stderr: expect.stringContaining("90s, 30m, 1h or 2d"),
  });
});
