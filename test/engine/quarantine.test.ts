import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { App } from "../../src/sdk/app.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;
const GOOD = new EntityId("cell", "good");

/** Hosts that die when the deadly activity runs in them, as a process does that runs out of memory. */
function startHosts(hub: HubInMemory, { harmlessMs = 0 } = {}) {
  let deaths = 0;
  const start = async (): Promise<Host> => {
    const app = new App();
    app.activity("deadly", async () => {
      deaths += 1;
      host.worker.kill();
      await new Promise<never>(() => undefined);
    });
    app.activity("harmless", () =>
      harmlessMs === 0
        ? "fine"
        : new Promise((resolve) => {
            hub.clock.after(harmlessMs, () => resolve("fine"));
          }),
    );
    app.orchestration("deadly", function* (ctx) {
      return yield ctx.callActivity("deadly");
    });
    app.orchestration("neighbor", function* (ctx) {
      yield ctx.waitForExternalEvent("go");
      return yield ctx.callActivity("harmless");
    });
    app.orchestration("busy", function* (ctx) {
      return yield ctx.callActivity("harmless");
    });
    const host = await hub.newHost({ app });
    await host.worker.start();
    return host;
  };
  return { start, deaths: () => deaths };
}

test("an instance that kills the process again and again is put away; its neighbors go on", async () => {
  const hub = new HubInMemory();
  const { start, deaths } = startHosts(hub);
  const first = await start();
  const outside = await hub.client();
  const neighbor = await first.client.startNew("neighbor");
  await first.client.startNew("deadly", { instanceId: "bad" }).catch(() => undefined);
  for (let each = 0; each < 20; each++) await outside.startNew("busy", { instanceId: `busy-${each}` });

  for (let restart = 0; restart < 12; restart++) {
    await hub.clock.advance(LEASE_MS + 1_000);
    await start();
    await hub.clock.advance(3_000);
  }

  expect(deaths()).toBeGreaterThanOrEqual(5);
  expect(deaths()).toBeLessThan(10);
  await outside.raiseEvent(neighbor, "go");
  await hub.clock.advance(2_000);
  expect((await outside.getStatus(neighbor))?.output).toBe("fine");
  for (let each = 0; each < 20; each++) {
    expect((await outside.getStatus(`busy-${each}`))?.runtimeStatus).toBe("Completed");
  }
  expect(hub.complaints).toContain("An instance was put into quarantine");
  expect(await outside.whyWaiting("bad")).toMatchObject({
    reasons: expect.arrayContaining([
      { type: "quarantined", reason: expect.stringContaining("died 5 times") },
    ]),
    sentence: expect.stringContaining("It is in quarantine"),
  });
});

/** A hub whose host dies again and again, and what it says of the instance in the end. */
async function afterCrashes(hub: HubInMemory, app: App, times: number): Promise<void> {
  for (let crash = 0; crash < times; crash++) {
    await hub.clock.advance(LEASE_MS + 1_000);
    const { worker } = await hub.newHost({ app });
    await worker.start();
    await hub.clock.advance(3_000);
    worker.kill();
  }
}

test("an instance that waits for its child is not to blame, however often the process dies", async () => {
  const hub = new HubInMemory();
  const app = new App();
  app.orchestration("child", function* (ctx) {
    return yield ctx.waitForExternalEvent("go");
  });
  app.orchestration("parent", function* (ctx) {
    return yield ctx.callSubOrchestrator("child", undefined, { instanceId: "child" });
  });
  const { worker, client } = await hub.host({ app });
  await client.startNew("parent", { instanceId: "parent" });
  await hub.clock.advance(100);
  worker.kill();

  await afterCrashes(hub, app, 12);

  const last = await hub.host({ app });
  await hub.clock.advance(LEASE_MS + 1_000);
  await last.client.raiseEvent("child", "go", "home");
  await hub.clock.advance(1_000);
  expect(await last.client.getStatus("parent")).toMatchObject({
    runtimeStatus: "Completed",
    output: "home",
  });
  expect(hub.complaints).not.toContain("An instance was put into quarantine");
});

test("an activity that waits for its turn is not to blame; the one that runs is", async () => {
  const hub = new HubInMemory({ settings: { maxConcurrentActivityFunctions: 1 } });
  let isDone = false;
  const app = new App();
  app.activity("slow", () => (isDone ? "done" : new Promise<never>(() => undefined)));
  app.orchestration("slow", function* (ctx) {
    return yield ctx.callActivity("slow");
  });
  const { worker, client } = await hub.host({ app });
  const names = ["a", "b", "c", "d"];
  for (const instanceId of names) await client.startNew("slow", { instanceId });
  await hub.clock.advance(100);
  worker.kill();

  await afterCrashes(hub, app, 6);

  isDone = true;
  const last = await hub.host({ app });
  await hub.clock.advance(LEASE_MS + 3_000);
  const ends = await Promise.all(names.map((name) => last.client.getStatus(name)));
  expect(ends.filter((status) => status?.runtimeStatus !== "Completed").length).toBeLessThanOrEqual(1);
});

test("what kills every process soon after its start puts nobody away", async () => {
  const hub = new HubInMemory();
  const app = new App();
  app.activity(
    "slow",
    () =>
      new Promise((resolve) => {
        hub.clock.after(4_000, () => resolve("done"));
      }),
  );
  app.entity<number>("cell", (context) => {
    context.setState(context.getState(() => 0) + 1);
    return new Promise((resolve) => {
      hub.clock.after(4_000, () => resolve(undefined));
    });
  });
  app.orchestration("slow", function* (ctx) {
    const result = yield ctx.callActivity("slow");
    return [result, yield ctx.waitForExternalEvent("go")];
  });
  const { worker, client } = await hub.host({ app });
  const names = ["a", "b", "c"];
  for (const instanceId of names) await client.startNew("slow", { instanceId });
  await client.entities.signal(GOOD, "add");
  await hub.clock.advance(100);
  worker.kill();

  await afterCrashes(hub, app, 12);

  const outside = await hub.client();
  for (const name of names) await outside.raiseEvent(name, "go", name);
  await outside.entities.signal(GOOD, "add");
  await hub.host({ app });
  await hub.clock.advance(LEASE_MS + 5_000);
  for (const name of names) await outside.raiseEvent(name, "go", "again");
  await hub.clock.advance(20_000);
  const ends = await Promise.all(names.map((name) => outside.getStatus(name)));
  expect(ends.map((status) => status?.output)).toEqual(names.map((name) => ["done", name]));
  expect(await outside.entities.read(GOOD)).toMatchObject({ state: "2" });
  expect(hub.complaints).not.toContain("An instance was put into quarantine");
});

test("an activity that kills the process is found, though it has to wait for its turn each time", async () => {
  const hub = new HubInMemory({ settings: { maxConcurrentActivityFunctions: 1 } });
  const { start, deaths } = startHosts(hub, { harmlessMs: 100 });
  const outside = await hub.client();
  await outside.startNew("deadly", { instanceId: "bad" });
  for (let restart = 0; restart < 12; restart++) {
    for (let each = 0; each < 3; each++) await outside.startNew("busy");
    await hub.clock.advance(LEASE_MS + 1_000);
    await start();
    await hub.clock.advance(3_000);
  }

  expect(deaths()).toBeGreaterThanOrEqual(5);
  expect(deaths()).toBeLessThan(10);
  expect((await outside.whyWaiting("bad"))?.sentence).toContain("It is in quarantine");
});

test("an instance in quarantine can be terminated, and started again under its id", async () => {
  const hub = new HubInMemory();
  const store = await hub.store();
  hub.app.orchestration("waits", function* (ctx) {
    return yield ctx.waitForExternalEvent("go");
  });
  const { worker, client } = await hub.host();
  await client.startNew("waits", { instanceId: "1" });
  await client.startNew("waits", { instanceId: "2" });
  worker.kill();
  const putAway = store.worker({ workerId: "admin", processId: 0, hostName: "", leaseMs: 1 });
  await putAway.quarantine("1", "a test");
  await putAway.quarantine("2", "a test");
  await hub.clock.advance(LEASE_MS + 1_000);
  const next = await hub.host();
  await hub.clock.advance(1_000);

  await next.client.terminate("1", "enough");
  await hub.clock.advance(1_000);
  expect(await next.client.getStatus("1")).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });

  await next.client.startNew("waits", { instanceId: "1" });
  await next.client.raiseEvent("1", "go", "on");
  await hub.clock.advance(1_000);
  expect((await next.client.getStatus("1"))?.output).toBe("on");
  expect((await next.client.getStatus("2"))?.runtimeStatus).toBe("Running");
});
