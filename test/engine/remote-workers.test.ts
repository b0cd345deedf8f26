import { describe, expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { App } from "../../src/sdk/app.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

/** What the workers elsewhere run. */
function remoteApp(): App {
  const app = new App();
  app.activity("double", (n: number) => n * 2);
  app.orchestration("echo", (context) => context.input);
  app.orchestration("steps", function* (context, n: number) {
    const first: unknown = yield context.callActivity("double", n);
    return yield context.callActivity("double", first);
  });
  app.orchestration("collect", function* (context, count: number) {
    const got: unknown[] = [];
    for (let index = 0; index < count; index++) got.push(yield context.waitForExternalEvent("item"));
    return got;
  });
  app.orchestration("parent", function* (context) {
    return yield context.callSubOrchestrator("collect", 1, { instanceId: "child" });
  });
  app.orchestration("generations", function* (context, n: number) {
    yield context.createTimer({ afterMs: 10 });
    if (n === 0) return "done";
    context.continueAsNew(n - 1);
    return undefined;
  });
  return app;
}

interface Scene extends Host {
  readonly hub: HubInMemory;
  readonly elsewhere: WorkersElsewhere;
  readonly app: App;
}

async function scene(hub = new HubInMemory()): Promise<Scene> {
  const elsewhere = new WorkersElsewhere(hub.clock);
  const host = await hub.host({ remoteWorkers: elsewhere });
  return { ...host, hub, elsewhere, app: remoteApp() };
}

/** The same hub after the process has died. */
async function afterCrash({ hub, worker }: Scene): Promise<Scene> {
  worker.kill();
  const next = await scene(hub);
  await hub.clock.advance(LEASE_MS + 2_000);
  return next;
}

const statusOf = async ({ client }: Host, id: string): Promise<string | undefined> =>
  (await client.getStatus(id))?.runtimeStatus;

async function typesOf({ client }: Host, id: string): Promise<readonly HistoryEvent["type"][]> {
  return (await client.getHistory(id)).map(({ type }) => type);
}

const times = (types: readonly string[], type: string): number =>
  types.filter((each) => each === type).length;

describe("children that no worker takes", () => {
  test("are not read until one does, with what has come for them", async () => {
    const hub = new HubInMemory();
    const elsewhere = new WorkersElsewhere(hub.clock);
    const loaded: string[] = [];
    const { client } = await hub.host({
      remoteWorkers: elsewhere,
      wrap: (worker) => ({
        ...worker,
        load: (id) => {
          loaded.push(id);
          return worker.load(id);
        },
      }),
    });
    const parent = new App();
    parent.orchestration("boss", function* (context) {
      const tasks = ["a", "b"].map((instanceId) => context.callSubOrchestrator("collect", 1, { instanceId }));
      return yield context.all(tasks);
    });
    elsewhere.connect(parent);
    const id = await client.startNew("boss");
    await hub.clock.settle();

    expect(loaded).not.toContain("a");
    expect(await client.whyWaiting("a")).toMatchObject({
      reasons: [{ type: "worker-missing", name: "collect" }, { type: "start" }],
    });
    await client.raiseEvent("a", "item", 1);
    await client.raiseEvent("b", "item", 2);
    elsewhere.connect(remoteApp());
    await hub.clock.settle();

    expect((await client.getStatus(id))?.output).toEqual([[1], [2]]);
  });

  test("can be terminated", async () => {
    const all = await scene();
    const parent = new App();
    parent.orchestration("boss", function* (context) {
      return yield context.callSubOrchestrator("collect", 1, { instanceId: "a" });
    });
    all.elsewhere.connect(parent);
    await all.client.startNew("boss");
    await all.hub.clock.settle();

    await all.client.terminate("a", "enough");
    await all.hub.clock.settle();

    expect(await statusOf(all, "a")).toBe("Terminated");
  });
});

describe("a start", () => {
  test("is acknowledged before any worker is there, says what it waits for, and runs when one connects", async () => {
    const all = await scene();

    const id = await all.client.startNew("steps", { input: 1 });
    await all.hub.clock.settle();

    expect(await statusOf(all, id)).toBe("Pending");
    expect(await all.client.whyWaiting(id)).toMatchObject({
      reasons: [{ type: "worker-missing", name: "steps" }, { type: "start" }],
    });
    all.elsewhere.connect(all.app);
    await all.hub.clock.settle();
    expect((await all.client.getStatus(id))?.output).toBe(4);
  });

  test("survives the death of the host, and runs after it", async () => {
    const before = await scene();
    const id = await before.client.startNew("steps", { input: 1 });
    const all = await afterCrash(before);
    expect(await statusOf(all, id)).toBe("Pending");

    all.elsewhere.connect(all.app);
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toBe(4);
  });

  test("is Pending until its first turn is committed", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("collect", { input: 1 });
    await all.hub.clock.settle();
    expect(worker.inHand.size).toBe(1);
    expect(await statusOf(all, id)).toBe("Pending");

    await worker.goOn();
    await all.hub.clock.settle();

    expect(await statusOf(all, id)).toBe("Running");
  });

  test("of a version waits for a worker that has it", async () => {
    const all = await scene();
    const next = new App();
    next.orchestration("echo", { version: "2.0", handler: () => "next" });
    const older = new App();
    older.orchestration("echo", { version: "1.0", handler: () => "older" });
    all.elsewhere.connect(older);
    const id = await all.client.startNew("echo", { version: "2.0" });
    await all.hub.clock.settle();
    expect((await all.client.whyWaiting(id))?.sentence).toContain(
      "No worker is connected that has the orchestrator 'echo' in version '2.0'",
    );

    all.elsewhere.connect(next);
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toBe("next");
  });
});

test("turns of one instance are at least a millisecond apart, and later than the timers that fire in them", async () => {
  const all = await scene();
  all.app.orchestration("clock", function* (context) {
    const seen = [context.currentUtcDateTime.getTime()];
    yield context.callActivity("double", 1);
    seen.push(context.currentUtcDateTime.getTime());
    const fireAt = new Date(context.currentUtcDateTime.getTime() + 50);
    yield context.createTimer(fireAt);
    seen.push(context.currentUtcDateTime.getTime() - fireAt.getTime());
    return seen;
  });
  all.elsewhere.connect(all.app);
  const began = all.hub.clock.now();
  const id = await all.client.startNew("clock");
  await all.hub.clock.advance(100);

  expect((await all.client.getStatus(id))?.output).toEqual([began, began + 1, 1]);
});

test("continues as new, generation after generation, also across hosts and workers", async () => {
  const before = await scene();
  before.elsewhere.connect(before.app);
  const id = await before.client.startNew("generations", { input: 30 });
  await before.hub.clock.advance(105);

  const all = await afterCrash(before);
  all.elsewhere.connect(all.app);
  await all.hub.clock.advance(400);

  expect((await all.client.getStatus(id))?.output).toBe("done");
});

describe("a worker that dies in the middle of a turn", () => {
  test("leaves it to another, and what it says later changes nothing", async () => {
    const all = await scene();
    const dead = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("steps", { input: 1 });
    await all.hub.clock.settle();
    all.elsewhere.connect(all.app);

    all.elsewhere.disconnect(dead);
    await all.hub.clock.settle();
    await dead.answer();
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toBe(4);
    const types = await typesOf(all, id);
    expect([times(types, "ExecutionStarted"), times(types, "TaskScheduled")]).toEqual([1, 2]);
    expect(all.hub.complaints).toEqual([]);
  });

  test.each<[string, (all: Scene, id: string) => Promise<void>]>([
    ["the first", async () => undefined],
    ["one for an event", (all, id) => all.client.raiseEvent(id, "item", "a")],
  ])("and was the only one: %s waits for the next to connect", async (which, wake) => {
    const all = await scene();
    const first = all.elsewhere.connect(all.app, { isPaused: which === "the first" });
    const id = await all.client.startNew("collect", { input: 2 });
    await all.hub.clock.settle();
    first.isPaused = true;
    await wake(all, id);
    await all.hub.clock.settle();
    expect(first.inHand.size).toBe(1);

    all.elsewhere.disconnect(first);
    await all.hub.clock.settle();
    expect((await all.client.whyWaiting(id))?.reasons[0]).toMatchObject({ type: "worker-missing" });
    all.elsewhere.connect(all.app);
    await all.hub.clock.settle();
    await all.client.raiseEvent(id, "item", "b");
    await all.client.raiseEvent(id, "item", "c");
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toEqual(which === "the first" ? ["b", "c"] : ["a", "b"]);
  });

  test("that begins a generation, and was the only one: the next to connect begins it", async () => {
    const all = await scene();
    const first = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("generations", { input: 1 });
    await all.hub.clock.advance(5);
    first.isPaused = true;
    await all.hub.clock.advance(10);
    await first.answer();
    await all.hub.clock.settle();
    expect(first.inHand.size).toBe(1);

    all.elsewhere.disconnect(first);
    await all.hub.clock.settle();
    all.elsewhere.connect(all.app);
    await all.hub.clock.advance(100);

    expect((await all.client.getStatus(id))?.output).toBe("done");
  });

  test("for a timer: the turn is had when another connects", async () => {
    const all = await scene();
    const first = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("generations", { input: 0 });
    await all.hub.clock.advance(5);
    first.isPaused = true;
    await all.hub.clock.advance(10);
    all.elsewhere.disconnect(first);
    await all.hub.clock.advance(1_000);

    all.elsewhere.connect(all.app);
    await all.hub.clock.advance(1);

    expect((await all.client.getStatus(id))?.output).toBe("done");
  });
});

describe("terminate ends at once", () => {
  test("one whose first turn is under way; what the code comes to is of no use", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("echo", { input: 1 });
    await all.hub.clock.settle();

    await all.client.terminate(id, "enough");
    await all.hub.clock.settle();
    expect(await all.client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    await worker.goOn();
    await all.hub.clock.settle();

    expect(await all.client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect(times(await typesOf(all, id), "ExecutionCompleted")).toBe(1);
  });

  test("one with a later turn under way, with the events it was given", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("collect", { input: 2 });
    await all.hub.clock.settle();
    worker.isPaused = true;
    await all.client.raiseEvent(id, "item", 1);
    await all.hub.clock.settle();

    await all.client.terminate(id);
    await all.hub.clock.settle();

    expect(await statusOf(all, id)).toBe("Terminated");
    const types = await typesOf(all, id);
    expect([times(types, "EventRaised"), times(types, "ExecutionTerminated")]).toEqual([1, 1]);
  });

  test.each(["Pending", "Running", "Suspended"])("one that is %s, with nobody connected", async (status) => {
    const all = await scene();
    const worker = status === "Pending" ? undefined : all.elsewhere.connect(all.app);
    const id = await all.client.startNew("collect", { input: 1 });
    await all.hub.clock.settle();
    if (status === "Suspended") await all.client.suspend(id);
    await all.hub.clock.settle();
    if (worker) all.elsewhere.disconnect(worker);
    const later = await afterCrash(all);
    expect(await statusOf(later, id)).toBe(status);

    await later.client.terminate(id, "enough");
    await later.hub.clock.settle();

    expect(await later.client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });

  test.each([true, false])("one that has just continued as new; with a worker: %s", async (isConnected) => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("generations", { input: 1 });
    await all.hub.clock.advance(5);
    worker.isPaused = true;
    await all.hub.clock.advance(10);
    await worker.answer();
    await all.hub.clock.settle();
    expect(worker.inHand.size).toBe(1);
    if (!isConnected) all.elsewhere.disconnect(worker);
    await all.hub.clock.settle();

    await all.client.terminate(id, "enough");
    await all.hub.clock.settle();

    expect(await all.client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });

  test.each([true, false])("the children too if it is to: recurse %s", async (recurse) => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("parent");
    await all.hub.clock.settle();
    all.elsewhere.disconnect(worker);
    const terminated = { type: "ExecutionTerminated", timestamp: all.hub.clock.now() } as const;

    const store = await all.hub.store();
    const event = JSON.stringify(recurse ? { ...terminated, recurse } : terminated);
    await store.client.send([{ instanceId: id, at: all.hub.clock.now(), event }]);
    all.worker.wake();
    await all.hub.clock.settle();

    expect(await statusOf(all, id)).toBe("Terminated");
    expect(await statusOf(all, "child")).toBe(recurse ? "Terminated" : "Running");
  });
});

describe("events raised while a turn is under way", () => {
  test("are acknowledged at once, survive the host, and arrive once and in order", async () => {
    const before = await scene();
    before.elsewhere.connect(before.app, { isPaused: true });
    const id = await before.client.startNew("collect", { input: 4 });
    await before.hub.clock.settle();
    for (const item of [1, 2, 3]) await before.client.raiseEvent(id, "item", item);
    const all = await afterCrash(before);
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    await all.hub.clock.settle();
    await all.client.raiseEvent(id, "item", 4);

    await worker.goOn();
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toEqual([1, 2, 3, 4]);
    expect(times(await typesOf(all, id), "EventRaised")).toBe(4);
  });

  test("with a key count once, whether they meet in a turn or come after it", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("collect", { input: 2 });
    await all.hub.clock.settle();
    const raise = (item: string) => all.client.raiseEvent(id, "item", item, { idempotencyKey: item });
    await raise("a");
    await raise("a");
    await worker.goOn();
    await all.hub.clock.settle();
    await raise("a");
    await raise("b");
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toEqual(["a", "b"]);
  });
});

describe("suspend and resume", () => {
  test("events wait in the history, and the resume has one turn for them", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app);
    const id = await all.client.startNew("collect", { input: 2 });
    await all.hub.clock.settle();
    const turns = worker.answered.length;

    await all.client.suspend(id, "lunch");
    await all.client.raiseEvent(id, "item", 1);
    await all.client.raiseEvent(id, "item", 2);
    await all.hub.clock.settle();
    expect(await all.client.getStatus(id)).toMatchObject({ runtimeStatus: "Suspended", output: "lunch" });
    expect(times(await typesOf(all, id), "EventRaised")).toBe(2);
    expect(worker.answered).toHaveLength(turns);
    await all.client.resume(id);
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toEqual([1, 2]);
    expect(worker.answered).toHaveLength(turns + 1);
  });

  test("a suspend that comes while a turn is under way takes effect after it", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("steps", { input: 1 });
    await all.hub.clock.settle();
    await all.client.suspend(id);

    await worker.goOn();
    await all.hub.clock.settle();
    expect(await statusOf(all, id)).toBe("Suspended");
    await all.client.resume(id);
    await all.hub.clock.settle();

    expect((await all.client.getStatus(id))?.output).toBe(4);
  });
});

describe("an entity that no worker which is connected has", () => {
  const id = new EntityId("counter", "a");

  test("says so as soon as it is sent something, and nothing of the kind once it is done", async () => {
    const all = await scene();
    all.app.entity("counter", (context) => context.setState(1));
    await all.client.entities.signal(id, "add");
    await all.hub.clock.settle();

    expect(await all.client.whyWaiting(String(id))).toMatchObject({
      reasons: [
        { type: "entity-worker-missing", name: "counter" },
        { type: "entity", waiting: 1 },
      ],
      sentence: "No worker is connected that has the entity 'counter' (and 1 more).",
    });

    all.elsewhere.connect(all.app);
    await all.hub.clock.settle();
    expect((await all.client.whyWaiting(String(id)))?.reasons).toMatchObject([
      { type: "entity", waiting: 0 },
    ]);
  });

  test("is what an orchestration says that waits for it", async () => {
    const all = await scene();
    all.app.orchestration("asks", function* (context) {
      return yield context.callEntity(id, "get");
    });
    all.elsewhere.connect(all.app);
    const instanceId = await all.client.startNew("asks");
    await all.hub.clock.settle();

    expect((await all.client.whyWaiting(instanceId))?.reasons.map(({ type }) => type)).toEqual([
      "entity-worker-missing",
      "entity-call",
    ]);
  });

  test("is not known before it is sent anything", async () => {
    const all = await scene();
    await expect(all.client.whyWaiting(String(id))).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
  });
});
