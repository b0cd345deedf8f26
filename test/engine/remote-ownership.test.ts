import { describe, expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { App } from "../../src/sdk/app.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { gate, type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

interface Scene extends Host {
  readonly hub: HubInMemory;
  readonly elsewhere: WorkersElsewhere;
  /** What the workers elsewhere run. */
  readonly app: App;
  /** What activities have run. */
  readonly ran: string[];
}

async function scene(hub = new HubInMemory()): Promise<Scene> {
  const elsewhere = new WorkersElsewhere(hub.clock);
  const app = new App();
  const ran: string[] = [];
  app.activity("step", (name: string) => {
    ran.push(name);
    return name;
  });
  app.orchestration("steps", function* (context) {
    const first: unknown = yield context.callActivity("step", "first");
    return [first, yield context.callActivity("step", "second")];
  });
  app.orchestration("collect", function* (context) {
    return [yield context.waitForExternalEvent("item"), yield context.waitForExternalEvent("item")];
  });
  const host = await hub.host({ remoteWorkers: elsewhere });
  return { ...host, hub, elsewhere, app, ran };
}

const outputOf = async ({ client }: Host, id: string): Promise<unknown> =>
  (await client.getStatus(id))?.output;

async function timesIn({ client }: Host, id: string, type: HistoryEvent["type"]): Promise<number> {
  return (await client.getHistory(id)).filter((event) => event.type === type).length;
}

describe("a host that has lost its partition while a turn is under way", () => {
  test("takes the turn back, and the new owner's workers have it", async () => {
    const hub = new HubInMemory();
    let isAsleep = false;
    const elsewhere = new WorkersElsewhere(hub.clock);
    const first = await hub.host({
      remoteWorkers: elsewhere,
      wrap: (worker) => ({
        ...worker,
        beat: () => (isAsleep ? Promise.reject(new Error("asleep")) : worker.beat()),
      }),
    });
    const second = await scene(hub);
    const worker = elsewhere.connect(second.app, { isPaused: true });
    const id = await first.client.startNew("steps");
    await hub.clock.settle();
    expect(worker.inHand.size).toBe(1);

    isAsleep = true;
    second.elsewhere.connect(second.app);
    await hub.clock.advance(LEASE_MS + 2_000);
    await worker.goOn();
    isAsleep = false;
    await hub.clock.advance(LEASE_MS);

    expect(first.worker.role).toBe("standby");
    expect(await outputOf(second, id)).toEqual(["first", "second"]);
    expect(await timesIn(second, id, "TaskScheduled")).toBe(2);
    expect(elsewhere.waiting).toEqual([]);
  });

  test("is refused what the turn has come to", async () => {
    const hub = new HubInMemory();
    let isAsleep = false;
    const elsewhere = new WorkersElsewhere(hub.clock);
    const first = await hub.host({
      remoteWorkers: elsewhere,
      wrap: (worker) => ({
        ...worker,
        beat: () => (isAsleep ? new Promise(() => undefined) : worker.beat()),
      }),
    });
    const second = await scene(hub);
    const worker = elsewhere.connect(second.app);
    const id = await first.client.startNew("collect");
    await hub.clock.settle();
    worker.isPaused = true;
    await first.client.raiseEvent(id, "item", 1);
    await hub.clock.settle();

    isAsleep = true;
    second.elsewhere.connect(second.app);
    await hub.clock.advance(LEASE_MS + 2_000);
    await second.client.raiseEvent(id, "item", 2);
    await worker.goOn();
    await hub.clock.advance(1_000);

    expect(await outputOf(second, id)).toEqual([1, 2]);
    expect(await timesIn(second, id, "EventRaised")).toBe(2);
    expect(hub.complaints).toContain("Lost a partition to another worker");
  });
});

test("a host that has lost its partition takes the batches of entities back, and the new owner's workers have them", async () => {
  const hub = new HubInMemory();
  const counters = new App();
  let added = 0;
  counters.entity("counter", (context) => {
    added += 1;
    context.setState(added);
  });
  let isAsleep = false;
  const elsewhere = new WorkersElsewhere(hub.clock);
  const first = await hub.host({
    remoteWorkers: elsewhere,
    wrap: (worker) => ({
      ...worker,
      beat: () => (isAsleep ? Promise.reject(new Error("asleep")) : worker.beat()),
    }),
  });
  const second = await scene(hub);
  await first.client.entities.signal(new EntityId("counter", "a"), "add");
  await hub.clock.settle();
  expect(elsewhere.waiting).toEqual(["entity counter"]);

  isAsleep = true;
  second.elsewhere.connect(counters);
  await hub.clock.advance(LEASE_MS + 2_000);
  isAsleep = false;
  await hub.clock.advance(LEASE_MS);
  elsewhere.connect(counters);
  await hub.clock.advance(1_000);

  expect(first.worker.role).toBe("standby");
  expect(elsewhere.waiting).toEqual([]);
  expect(added).toBe(1);
});

describe("an entity elsewhere that is purged while it has a batch", () => {
  async function withABatch() {
    const all = await scene();
    const seen: unknown[] = [];
    all.app.entity<number>("counter", (context) => {
      const value = context.getState(() => 0);
      seen.push(value);
      context.setState(value + 1);
    });
    const id = new EntityId("counter", "a");
    const worker = all.elsewhere.connect(all.app, { slots: 1 });
    await all.client.entities.signal(id, "add");
    await all.hub.clock.settle();
    worker.isPaused = true;
    await all.client.entities.signal(id, "add");
    await all.hub.clock.settle();
    expect(worker.inHand.size).toBe(1);
    return { ...all, id, worker, seen };
  }

  test("in this process: it is taken back, and the operations have their turn on a new one", async () => {
    const { client, hub, id, worker, elsewhere, app, seen } = await withABatch();
    elsewhere.connect(app);

    await client.purgeInstances(["@counter@a"]);
    await hub.clock.settle();

    expect(seen).toEqual([0, 0]);
    expect(await client.entities.read(id)).toMatchObject({ state: "1" });
    await worker.goOn();
    await hub.clock.settle();
    expect(await client.entities.read(id)).toMatchObject({ state: "1" });
    expect(hub.complaints).toEqual([]);
  });

  test("in another process: what it comes to is dropped, and the operations have their turn on a new one", async () => {
    const { client, hub, id, worker, seen } = await withABatch();

    await (await hub.client()).purgeInstances(["@counter@a"]);
    await hub.clock.settle();
    expect(await client.entities.read(id)).toBeUndefined();
    expect(await (await hub.store()).query.messages("@counter@a")).toHaveLength(1);
    await worker.goOn();
    await hub.clock.settle();

    expect(seen).toEqual([0, 1, 0]);
    expect(await client.entities.read(id)).toMatchObject({ state: "1" });
  });
});

describe("a host that stops", () => {
  async function stop({ worker, hub }: Scene, drainMs: number): Promise<number> {
    const began = hub.clock.now();
    let ended = Number.POSITIVE_INFINITY;
    void worker.stop({ drainMs }).then(() => {
      ended = hub.clock.now();
    });
    await hub.clock.advance(30_000);
    return ended - began;
  }

  test("keeps what a turn comes to that is under way", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("collect");
    await all.hub.clock.settle();
    all.hub.clock.after(500, () => void worker.goOn());

    expect(await stop(all, 1_000)).toBeLessThan(1_000);

    expect((await all.client.getStatus(id))?.runtimeStatus).toBe("Running");
  });

  test("waits for a turn no longer than it is told to, and the next host has it run again", async () => {
    const all = await scene();
    const worker = all.elsewhere.connect(all.app, { isPaused: true });
    const id = await all.client.startNew("steps");
    await all.hub.clock.settle();

    expect(await stop(all, 1_000)).toBeLessThan(1_100);
    await worker.goOn();
    expect((await all.client.getStatus(id))?.runtimeStatus).toBe("Pending");

    const next = await scene(all.hub);
    next.elsewhere.connect(next.app);
    await all.hub.clock.advance(100);
    expect(await outputOf(next, id)).toEqual(["first", "second"]);
  });

  test("does not wait for an activity that no worker has taken", async () => {
    const all = await scene();
    all.app.orchestration("ask", function* (context) {
      return yield context.callActivity("nobody's");
    });
    all.elsewhere.connect(all.app);
    await all.client.startNew("ask");
    await all.hub.clock.settle();
    expect(all.elsewhere.waiting).toEqual(["activity nobody's"]);

    expect(await stop(all, 10_000)).toBeLessThan(100);
  });

  test("does not wait for an entity that no worker has", async () => {
    const all = await scene();
    all.elsewhere.connect(all.app);
    await all.client.entities.signal(new EntityId("nobody's", "a"), "add");
    await all.hub.clock.settle();

    expect(await stop(all, 10_000)).toBeLessThan(100);
  });

  test("waits for an entity of a worker no longer than it is told to", async () => {
    const all = await scene();
    all.app.entity("counter", () => undefined);
    all.elsewhere.connect(all.app, { isPaused: true });
    await all.client.entities.signal(new EntityId("counter", "a"), "add");
    await all.hub.clock.settle();

    const duration = await stop(all, 1_000);
    expect(duration).toBeGreaterThanOrEqual(1_000);
    expect(duration).toBeLessThan(1_100);
  });

  test("keeps what activities come to that are under way, and starts no other, here or elsewhere", async () => {
    const all = await scene();
    const open = gate();
    all.app.activity("slow", () => open.opened);
    for (const app of [all.app, all.hub.app]) {
      app.orchestration(app === all.app ? "remote" : "local", function* (context) {
        yield context.callActivity("slow");
        yield context.callActivity("step", "next");
      });
    }
    all.hub.app.activity("step", (name: string) => all.ran.push(name));
    all.elsewhere.connect(all.app);
    const ids = [await all.client.startNew("remote"), await all.client.startNew("local")];
    await all.hub.clock.settle();

    all.hub.clock.after(500, () => open.open());
    expect(await stop(all, 1_000)).toBeLessThan(1_000);

    for (const id of ids) expect(await timesIn(all, id, "TaskCompleted")).toBe(1);
    expect(all.ran).toEqual([]);
  });
});

describe("a failed instance elsewhere that is rewound", () => {
  function failing(all: Scene) {
    const state = { fails: true };
    all.app.activity("risky", () => {
      if (state.fails) throw new Error("not yet");
      return "safe";
    });
    all.app.orchestration("risk", function* (context) {
      const first: unknown = yield context.callActivity("step", "first");
      return [first, yield context.callActivity("risky")];
    });
    all.app.orchestration("family", function* (context) {
      return yield context.callSubOrchestrator("risk", undefined, { instanceId: "child" });
    });
    return state;
  }

  test("goes on where it was before it failed", async () => {
    const all = await scene();
    const state = failing(all);
    all.elsewhere.connect(all.app);
    const id = await all.client.startNew("risk");
    await all.hub.clock.settle();
    expect((await all.client.getStatus(id))?.runtimeStatus).toBe("Failed");
    state.fails = false;

    await all.client.rewind(id, "mended");
    await all.hub.clock.advance(10);

    expect(await outputOf(all, id)).toEqual(["first", "safe"]);
    expect(all.ran).toEqual(["first"]);
  });

  test("in a version that only workers have goes on too", async () => {
    const all = await scene();
    const state = failing(all);
    all.hub.app.orchestration("versioned", { version: "1.0", handler: () => "older" });
    all.app.orchestration("versioned", {
      version: "2.0",
      handler: function* (context) {
        return [yield context.callActivity("step", "first"), yield context.callActivity("risky")];
      },
    });
    all.elsewhere.connect(all.app);
    const id = await all.client.startNew("versioned", { version: "2.0" });
    await all.hub.clock.settle();
    state.fails = false;

    await all.client.rewind(id);
    await all.hub.clock.advance(10);

    expect(await outputOf(all, id)).toEqual(["first", "safe"]);
  });

  test("waits for a worker, also one that dies in its first turn, and across hosts", async () => {
    const before = await scene();
    const state = failing(before);
    const worker = before.elsewhere.connect(before.app);
    const id = await before.client.startNew("risk");
    await before.hub.clock.settle();
    state.fails = false;
    before.elsewhere.disconnect(worker);
    await before.client.rewind(id);
    await before.hub.clock.settle();
    expect((await before.client.whyWaiting(id))?.reasons[0]).toMatchObject({ type: "worker-missing" });

    const dying = before.elsewhere.connect(before.app, { isPaused: true });
    await before.hub.clock.settle();
    expect(dying.inHand.size).toBe(1);
    before.elsewhere.disconnect(dying);
    await before.hub.clock.settle();
    const next = before.elsewhere.connect(before.app, { isPaused: true });
    await before.hub.clock.settle();
    expect(next.inHand.size).toBe(1);
    before.worker.kill();
    const all = await scene(before.hub);
    await all.hub.clock.advance(LEASE_MS + 2_000);
    all.elsewhere.connect(before.app);
    await all.hub.clock.advance(10);

    expect(await outputOf(all, id)).toEqual(["first", "safe"]);
  });

  test("rewinds its failed child, and has its result", async () => {
    const all = await scene();
    const state = failing(all);
    all.elsewhere.connect(all.app);
    const id = await all.client.startNew("family");
    await all.hub.clock.advance(10);
    state.fails = false;

    await all.client.rewind(id);
    await all.hub.clock.advance(50);

    expect(await outputOf(all, id)).toEqual(["first", "safe"]);
    expect(all.ran).toEqual(["first"]);
  });

  test("rewinds its failed child, which belongs to the new execution then", async () => {
    const all = await scene();
    const state = failing(all);
    all.elsewhere.connect(all.app);
    const id = await all.client.startNew("family");
    await all.hub.clock.advance(10);
    const { query } = await all.hub.store();
    state.fails = false;

    await all.client.rewind(id);
    await all.hub.clock.advance(50);

    const parent = { instanceId: id, executionId: (await query.get(id))?.executionId };
    expect((await query.get("child"))?.parent).toMatchObject(parent);
    expect(await all.client.getHistory("child")).toContainEqual(
      expect.objectContaining({ type: "ExecutionStarted", parent: expect.objectContaining(parent) }),
    );
  });

  test("locks again what it had locked", async () => {
    const all = await scene();
    const state = failing(all);
    const counter = new EntityId("counter", "a");
    all.app.entity<number>("counter", (context) => {
      context.setState(context.getState(() => 0) + 1);
      context.setResult(context.getState());
    });
    all.app.orchestration("locked", async (context) => {
      await using _ = await context.lock(counter);
      await context.callEntity(counter, "add");
      await context.callActivity("risky");
      return context.callEntity(counter, "add");
    });
    all.elsewhere.connect(all.app);
    const id = await all.client.startNew("locked");
    await all.hub.clock.advance(20);
    expect((await all.client.getStatus(id))?.runtimeStatus).toBe("Failed");
    state.fails = false;

    await all.client.rewind(id);
    await all.hub.clock.advance(50);

    expect(await outputOf(all, id)).toBe(2);
    expect((await all.client.entities.read(counter))?.lockedBy).toBeUndefined();
  });

  test.each(["local", "remote"])(
    "leaves a %s child alone that goes on, with all it has locked",
    async (where) => {
      const all = await scene();
      const state = failing(all);
      const counter = new EntityId("counter", "a");
      all.app.entity("counter", (context) => context.setResult("counted"));
      (where === "local" ? all.hub.app : all.app).orchestration("hold", async (context) => {
        await using _ = await context.lock(counter);
        await context.waitForExternalEvent("leave");
        return context.callEntity(counter, "add");
      });
      all.app.orchestration("impatient", {
        completeOnReturn: true,
        handler: function* (context) {
          const child = context.callSubOrchestrator("hold", undefined, { instanceId: "child" });
          return yield context.all([child, context.callActivity("risky")]);
        },
      });
      all.elsewhere.connect(all.app);
      const id = await all.client.startNew("impatient");
      await all.hub.clock.advance(20);
      expect((await all.client.getStatus(id))?.runtimeStatus).toBe("Failed");
      expect((await all.client.getStatus("child"))?.runtimeStatus).toBe("Running");
      state.fails = false;

      await all.client.rewind(id);
      await all.hub.clock.advance(20);
      await all.client.raiseEvent("child", "leave");
      await all.hub.clock.advance(20);

      expect(await outputOf(all, "child")).toBe("counted");
      expect(await outputOf(all, id)).toEqual(["counted", "safe"]);
    },
  );
});
