import { describe, expect, test } from "vitest";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { App } from "../../src/sdk/app.ts";
import { HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

/** An app whose orchestrator 'order' is registered for these versions, and tells which of them ran. */
function appWith(...versions: readonly (string | undefined)[]): App {
  const app = new App();
  for (const version of versions) {
    app.orchestration("order", {
      ...(version === undefined ? {} : { version }),
      handler: function* (ctx) {
        const event = yield ctx.waitForExternalEvent("go");
        if (event === "again") ctx.continueAsNew();
        if (event === "update") ctx.continueAsNew(undefined, { version: "2.0" });
        return { code: version ?? "any", version: ctx.version ?? null, df: ctx.df.version ?? null };
      },
    });
  }
  app.orchestration("parent", function* (ctx) {
    const version = ctx.input as string | undefined;
    return yield ctx.callSubOrchestrator("order", undefined, {
      instanceId: "child",
      ...(version === undefined ? {} : { version }),
    });
  });
  return app;
}

const hubWith = (settings: Partial<EngineSettings> = {}): HubInMemory => new HubInMemory({ settings });

async function outputOf(hub: HubInMemory, id: string): Promise<unknown> {
  const client = await hub.client();
  await client.raiseEvent(id, "go");
  await hub.clock.advance(2_000);
  return (await client.getStatus(id))?.output;
}

describe("S-200: the version of a start", () => {
  test.each([
    ["what it names", { defaultVersion: "2.0" }, "1.0", "1.0"],
    ["else the worker's", { defaultVersion: "2.0" }, undefined, "2.0"],
    ["else none", {}, undefined, undefined],
    ["an empty one is none", { defaultVersion: "2.0" }, "", "2.0"],
  ])("is %s", async (_rule, settings, version, expected) => {
    const hub = hubWith(settings);
    const { client } = await hub.host({ app: appWith(undefined) });

    const id = await client.startNew("order", version === undefined ? {} : { version });
    await hub.clock.settle();

    expect((await client.getStatus(id))?.version).toBe(expected);
    expect(await outputOf(hub, id)).toEqual({
      code: "any",
      version: expected ?? null,
      df: expected ?? null,
    });
  });

  test.each([
    ["what it names", "1.0", "1.0"],
    ["else the worker's", undefined, "2.0"],
  ])("of a sub-orchestration is %s (S-115)", async (_rule, version, expected) => {
    const hub = hubWith({ defaultVersion: "2.0" });
    const { client } = await hub.host({ app: appWith(undefined) });

    await client.startNew("parent", { input: version });
    await hub.clock.settle();

    expect((await client.getStatus("child"))?.version).toBe(expected);
  });

  test("a client without a worker gives the default of its settings", async () => {
    const hub = hubWith({ defaultVersion: "2.0" });

    const client = await hub.client();
    const id = await client.startNew("order");

    expect((await client.getStatus(id))?.version).toBe("2.0");
  });
});

describe("several versions side by side", () => {
  test.each([
    ["1.0", "1.0"],
    ["2.0", "2.0"],
    ["1.5", "any"],
    [undefined, "any"],
  ])("an instance of version %s is run by %s", async (version, code) => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("2.0", undefined, "1.0") });

    const id = await client.startNew("order", version === undefined ? {} : { version });

    expect(await outputOf(hub, id)).toMatchObject({ code, version: version ?? null });
  });

  test("an instance keeps its version when newer ones are deployed", async () => {
    const hub = hubWith();
    const first = await hub.host({ app: appWith("1.0") });
    const id = await first.client.startNew("order");
    first.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    await hub.host({ app: appWith("1.0", "2.0") });

    expect(await outputOf(hub, id)).toEqual({ code: "1.0", version: "1.0", df: "1.0" });
  });

  test("a start without a version gets the newest", async () => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("1.9", "1.10", "1.2") });

    const id = await client.startNew("order");
    await client.startNew("parent");
    await hub.clock.settle();

    expect((await client.getStatus(id))?.version).toBe("1.10");
    expect((await client.getStatus("child"))?.version).toBe("1.10");
    expect(await outputOf(hub, id)).toMatchObject({ code: "1.10", version: "1.10" });
  });

  test.each([{ version: "7" }, {}])("a child knows the version of its parent: %j", async (more) => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("1.0") });
    const { query } = await hub.store();

    const instanceId = await client.startNew("parent", more);
    await hub.clock.settle();

    const { executionId } = (await query.get(instanceId)) ?? {};
    const parent = { instanceId, executionId, name: "parent", taskScheduledId: 0, ...more };
    expect((await query.get("child"))?.parent).toEqual(parent);
  });

  test("also when a process without the code wrote it: the first episode writes the version down", async () => {
    const hub = hubWith();
    const outside = await hub.client();
    const id = await outside.startNew("order");
    expect((await outside.getStatus(id))?.version).toBeUndefined();

    const { client } = await hub.host({ app: appWith("1.0", "2.0") });
    await hub.clock.advance(1_000);

    expect((await client.getStatus(id))?.version).toBe("2.0");
    expect(await client.getHistory(id)).toContainEqual(
      expect.objectContaining({ type: "ExecutionStarted", version: "2.0" }),
    );
    expect(await outputOf(hub, id)).toMatchObject({ code: "2.0", version: "2.0" });
  });

  test("the worker's version comes before the newest", async () => {
    const hub = hubWith({ defaultVersion: "1.0" });
    const { client } = await hub.host({ app: appWith("1.0", "2.0") });

    const id = await client.startNew("order");
    const newer = await client.startNew("order", { version: "2.0" });

    expect(await outputOf(hub, id)).toMatchObject({ code: "1.0" });
    expect(await outputOf(hub, newer)).toMatchObject({ code: "2.0" });
  });

  test("what a registration returned starts the version it was made for", async () => {
    const hub = hubWith();
    const app = appWith("2.0");
    const reference = app.orchestration("order", { version: "1.0", handler: () => "old" });

    expect(reference).toMatchObject({ name: "order", version: "1.0" });
    expect(() => app.orchestration("ORDER", { version: "1.0", handler: () => "twice" })).toThrow(
      /two functions for orchestrator 'ORDER' version '1.0'/,
    );
    expect(() => app.orchestration("order", { version: " ", handler: () => "blank" })).toThrow(
      /must be a text/,
    );
    expect((await hub.host({ app })).worker.role).toBe("owner");
  });
});

describe("S-201: continue-as-new", () => {
  test.each([
    ["keeps the version", "again", "1.0"],
    ["unless told otherwise", "update", "2.0"],
  ])("%s", async (_rule, event, version) => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("1.0", "2.0") });
    const id = await client.startNew("order", { version: "1.0" });

    await client.raiseEvent(id, "go", event);
    await hub.clock.settle();

    expect((await client.getStatus(id))?.version).toBe(version);
    expect(await outputOf(hub, id)).toEqual({ code: version, version, df: version });
  });

  test("to a version that no worker has waits for one that has it", async () => {
    const hub = hubWith();
    const { worker, client } = await hub.host({ app: appWith("1.0") });
    const id = await client.startNew("order", { version: "1.0" });
    await client.raiseEvent(id, "go", "update");
    await hub.clock.advance(1_000);

    expect(await client.whyWaiting(id)).toMatchObject({
      reasons: [{ type: "version-missing", name: "order", version: "2.0", versions: ["1.0"] }],
    });
    await client.raiseEvent(id, "go");
    worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    await hub.host({ app: appWith("1.0", "2.0") });
    await hub.clock.advance(2_000);

    expect((await client.getStatus(id))?.output).toMatchObject({ code: "2.0", version: "2.0" });
  });
});

describe("S-200: a version that this worker does not run", () => {
  test.each([
    ["is not registered", {}, ["1.0", "2.0"], "3.0", "there is '1.0', '2.0'"],
    ["is newer than the worker", { defaultVersion: "2.0" }, [undefined], "2.1", "there is '2.0'"],
    [
      "is not exactly the worker's",
      { defaultVersion: "2.0", versionMatchStrategy: "Strict" as const },
      [undefined],
      "1.0",
      "there is '2.0'",
    ],
  ])("Reject: what %s waits in the store", async (_rule, settings, versions, version, sentence) => {
    const hub = hubWith(settings);
    const outside = await hub.client();
    const id = await outside.startNew("order", { version });
    const { client, worker } = await hub.host({ app: appWith(...versions) });
    await hub.clock.advance(2_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Pending");
    expect((await client.whyWaiting(id))?.sentence).toContain(
      `No worker has version '${version}' of the orchestrator 'order'; ${sentence}`,
    );
    await client.raiseEvent(id, "go");
    worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    const other = appWith(version);
    await hub.host({ app: other });
    await hub.clock.advance(2_000);

    expect((await client.getStatus(id))?.output).toMatchObject({ code: version });
  });

  test.each([["Pending"], ["Running"]])("Fail: a %s instance fails with VersionMismatch", async (status) => {
    const hub = hubWith({ versionFailureStrategy: "Fail" });
    const outside = await hub.client();
    const id = await outside.startNew("order", { version: "3.0" });
    if (status === "Running") {
      const newer = await hub.host({ app: appWith("3.0") });
      await hub.clock.advance(1_000);
      newer.worker.kill();
      await hub.clock.advance(LEASE_MS + 1_000);
    }
    const { client } = await hub.host({ app: appWith("2.0") });
    await hub.clock.advance(1_000);
    if (status === "Running") await client.raiseEvent(id, "go");
    await hub.clock.advance(1_000);

    expect(await client.getStatus(id)).toMatchObject({
      runtimeStatus: "Failed",
      output: "Version '3.0' of orchestrator 'order' does not run on this worker.",
      failureDetails: { errorType: "VersionMismatch", isNonRetriable: true },
    });
  });

  test("None: every version is run", async () => {
    const hub = hubWith({ defaultVersion: "1.0", versionMatchStrategy: "None" });
    const { client } = await hub.host({ app: appWith(undefined) });

    expect(await outputOf(hub, await client.startNew("order", { version: "9.0" }))).toMatchObject({
      version: "9.0",
    });
  });

  test("is refused where it is started", async () => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("1.0", "2.0") });

    await expect(client.startNew("order", { version: "3.0" })).rejects.toMatchObject({
      code: "ORCHESTRATOR_VERSION_NOT_FOUND",
      message: expect.stringContaining("There are: '1.0', '2.0'."),
    });
    await expect(client.startNew("nobody", { version: "3.0" })).rejects.toMatchObject({
      code: "ORCHESTRATOR_NOT_FOUND",
    });
    expect((await client.listInstances()).instances).toEqual([]);
  });

  test("as a child waits, and its parent with it; terminate wins", async () => {
    const hub = hubWith();
    const { client } = await hub.host({ app: appWith("1.0") });
    const parent = await client.startNew("parent", { input: "3.0" });
    await hub.clock.advance(1_000);

    expect((await client.whyWaiting("child"))?.reasons[0]).toMatchObject({ type: "version-missing" });
    await client.terminate("child", "enough");
    await hub.clock.advance(1_000);

    expect(await client.getStatus("child")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect(await client.getStatus(parent)).toMatchObject({ runtimeStatus: "Failed" });
  });

  test("an instance without a version does not get one once it has begun", async () => {
    const hub = hubWith();
    const first = await hub.host({ app: appWith(undefined) });
    const id = await first.client.startNew("order");
    first.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    const { client } = await hub.host({ app: appWith("1.0") });

    expect((await client.whyWaiting(id))?.sentence).toContain(
      "No worker runs the orchestrator 'order' without a version; there is '1.0'",
    );
  });

  test("a thousand starts that wait hold up nobody, and the store is left in peace", async () => {
    const hub = hubWith();
    const outside = await hub.client();
    for (let each = 0; each < 1_000; each++) await outside.startNew("order", { version: "3.0" });
    await hub.clock.advance(10);
    let pulls = 0;
    let loads = 0;
    const { client } = await hub.host({
      app: appWith("1.0"),
      wrap: (worker) => ({
        ...worker,
        pull: (request) => {
          pulls += 1;
          return worker.pull(request);
        },
        load: (id) => {
          loads += 1;
          return worker.load(id);
        },
      }),
    });
    await hub.clock.advance(1_000);
    const id = await outside.startNew("order", { version: "1.0" });
    await hub.clock.advance(1_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");
    expect(loads).toBe(1_001);
    pulls = 0;
    await hub.clock.advance(60_000);
    expect(pulls).toBeLessThan(60);
    expect(loads).toBe(1_001);
  });

  test("is not rewound without its code: that waits for a worker that has it", async () => {
    const hub = hubWith();
    let fails = true;
    const app = (version: string): App => {
      const made = appWith();
      made.activity("pay", () => {
        if (fails) throw new Error("no money");
        return "paid";
      });
      made.orchestration("bill", { version, handler: (ctx) => ctx.callActivity("pay") });
      return made;
    };
    const first = await hub.host({ app: app("1.0") });
    const id = await first.client.startNew("bill");
    await hub.clock.settle();
    first.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    fails = false;
    const second = await hub.host({ app: app("2.0") });
    await second.client.rewind(id);
    await hub.clock.advance(1_000);
    expect((await second.client.getStatus(id))?.runtimeStatus).toBe("Failed");
    second.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);

    const { client } = await hub.host({ app: app("1.0") });
    await hub.clock.advance(1_000);

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: "paid" });
  });

  test("is no suspect when the process dies again and again", async () => {
    const hub = hubWith();
    const outside = await hub.client();
    const id = await outside.startNew("order", { version: "3.0" });

    for (let crash = 0; crash < 8; crash++) {
      const { worker } = await hub.host({ app: appWith("1.0") });
      await hub.clock.advance(1_000);
      worker.kill();
      await hub.clock.advance(LEASE_MS + 1_000);
    }

    expect((await outside.whyWaiting(id))?.reasons).toEqual([{ type: "start" }]);
  });
});
