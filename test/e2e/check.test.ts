import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { CommandProcess, type Exit, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const ORDER = (first: string, more = ""): string => `
  app.orchestration("order", function* (ctx) {
    yield ctx.callActivity("${first}");
    yield ctx.waitForExternalEvent("go");
    ${more}
    return yield ctx.callActivity("ship");
  });`;

const APP = (...parts: readonly string[]): string => `
  import { app } from "perdure";
  console.log("the app is loaded");
  setInterval(() => {}, 1_000);
  for (const name of ["charge", "bill", "ship", "pack"]) app.activity(name, () => name);
  ${parts.join("\n")}`;

const OTHERS = `
  app.orchestration("waits", function* (ctx) { return yield ctx.waitForExternalEvent("go"); });
  app.orchestration("report", { version: "1.0", handler: function* (ctx) { yield ctx.waitForExternalEvent("go"); } });`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;

beforeEach(async () => {
  folder = await makeFolder();
});

afterEach(async () => {
  await host?.process.kill("SIGKILL");
  host = undefined;
  await folder.remove();
});

const command = (...args: readonly string[]): Promise<Exit> =>
  new CommandProcess(args, { cwd: folder.path }).exited;

const deploy = (...parts: readonly string[]): Promise<void> =>
  writeFile(join(folder.path, "app.mjs"), APP(...parts));

async function startAll(): Promise<void> {
  host = await startHost([], { cwd: folder.path });
  for (const [name, id] of [
    ["order", "order-1"],
    ["order", "order-2"],
    ["waits", "waits-1"],
    ["report", "report-1"],
  ] as const) {
    await command("durable", "start-new", "--function-name", name, "--id", id, "--url", host.url);
  }
}

async function restart(): Promise<void> {
  await host?.process.kill("SIGTERM");
  host = await startHost([], { cwd: folder.path });
}

const hostUrl = (): string => host?.url ?? "";

test("an app is changed under running instances: the check says which would break, and those wait for its repair", async () => {
  await deploy(ORDER("charge"), OTHERS);
  await startAll();
  const good = await command("check");
  expect(good).toMatchObject({ code: 0, stdout: "All 4 instances that have not ended would go on.\n" });
  expect(good.stderr).toContain("the app is loaded");

  await deploy(
    ORDER("bill"),
    `app.orchestration("report", { version: "2.0", handler: function* (ctx) { yield ctx.waitForExternalEvent("go"); } });`,
  );
  const { code, stdout } = await command("check", "-o", "json");
  const report = JSON.parse(stdout) as { readonly misfits: readonly { readonly instanceId: string }[] };
  expect(code).toBe(1);
  expect(report).toMatchObject({ taskHubName: "DurableFunctionsHub", checked: 4, fits: 0 });
  expect(report.misfits.toSorted((a, b) => a.instanceId.localeCompare(b.instanceId))).toMatchObject([
    {
      instanceId: "order-1",
      name: "order",
      runtimeStatus: "Running",
      type: "blocked",
      eventId: 0,
      history: "TaskScheduled of activity 'charge'",
      code: "ScheduleTask of activity 'bill' (action 0)",
    },
    { instanceId: "order-2", type: "blocked" },
    { instanceId: "report-1", version: "1.0", type: "version-missing", versions: ["2.0"] },
    { instanceId: "waits-1", type: "orchestrator-missing", name: "waits" },
  ]);
  const text = await command("check");
  expect(text.code).toBe(1);
  expect(text.stdout).toContain("event 0 is TaskScheduled of activity 'charge'");
  expect(text.stdout).toContain("4 of 4 instances that have not ended would not go on.");

  await restart();
  await command("durable", "raise-event", "--id", "order-1", "--event-name", "go", "--url", hostUrl());
  const why = await command("durable", "why", "--id", "order-1", "--url", hostUrl());
  expect(why.stdout).toMatch(/It is blocked until its code is mended: event 0 of the history/);
  const doctor = await command("doctor", "--url", hostUrl());
  expect(doctor.code).toBe(1);
  expect(doctor.stdout).toContain("It is blocked until its code is mended: event 0 of the history");
  expect(doctor.stdout).toContain("No worker has version '1.0' of the orchestrator 'report'");

  await deploy(ORDER("charge", `if (ctx.patched("pack")) yield ctx.callActivity("pack");`), OTHERS);
  expect(await command("check")).toMatchObject({ code: 0 });
  await restart();
  for (const id of ["order-1", "order-2"]) {
    if (id === "order-2")
      await command("durable", "raise-event", "--id", id, "--event-name", "go", "--url", hostUrl());
    const waited = await command("durable", "wait", "--id", id, "--url", hostUrl(), "-o", "json");
    expect(JSON.parse(waited.stdout)).toMatchObject({ runtimeStatus: "Completed", output: "ship" });
  }
}, 60_000);

test("a hub that is not there is not made, and a wrong option is told", async () => {
  await deploy(OTHERS);

  expect(await command("check")).toMatchObject({ code: 3 });
  expect(await command("check", "--storage", "memory:")).toMatchObject({ code: 1 });
  expect(await command("check", "--nonsense")).toMatchObject({ code: 2 });
});
