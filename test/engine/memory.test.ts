import { queryObjects } from "node:v8";
import { describe, expect, test } from "vitest";
import { ActiveInstance } from "../../src/engine/active-instance.ts";
import type { InstanceRecord } from "../../src/storage/index.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { HubInMemory } from "./hub-in-memory.ts";

describe("sessionMemoryBytes", () => {
  test.each([0, 10_000, 64 * 1024 * 1024])(
    "with %i bytes a hundred orchestrations come to the same end",
    async (sessionMemoryBytes) => {
      const hub = new HubInMemory({ settings: { sessionMemoryBytes } });
      hub.app.activity("double", (value: number) => value * 2);
      hub.app.orchestration("steps", function* (ctx) {
        let value: number = yield ctx.callActivity("double", 1);
        value += yield ctx.waitForExternalEvent("more");
        value = yield ctx.callActivity("double", value);
        return value + (yield ctx.waitForExternalEvent("more"));
      });
      const { client } = await hub.host();
      const ids = await Promise.all(Array.from({ length: 100 }, () => client.startNew("steps")));

      for (const more of [10, 100]) {
        await hub.clock.advance(100);
        const raised = Promise.all(ids.map((id) => client.raiseEvent(id, "more", more)));
        await hub.clock.advance(100);
        await raised;
      }
      await hub.clock.advance(100);

      const outputs = await Promise.all(ids.map(async (id) => (await client.getStatus(id))?.output));
      expect(new Set(outputs)).toEqual(new Set([(2 + 10) * 2 + 100]));
    },
  );

  test("code runs again from its beginning only when its session had to go", async () => {
    for (const [sessionMemoryBytes, beginnings] of [
      [0, 2],
      [64 * 1024 * 1024, 1],
    ]) {
      const hub = new HubInMemory({ settings: { sessionMemoryBytes: Number(sessionMemoryBytes) } });
      let began = 0;
      hub.app.orchestration("waits", function* (ctx) {
        began += 1;
        return yield ctx.waitForExternalEvent("go");
      });
      const { client } = await hub.host();
      const id = await client.startNew("waits");
      await hub.clock.settle();

      await client.raiseEvent(id, "go");
      await client.waitForCompletion(id);

      expect(began).toBe(beginnings);
    }
  });

  test("S-5: a second start does not cost the first its activity's result", async () => {
    const hub = new HubInMemory({ settings: { sessionMemoryBytes: 0 } });
    let finish: (value: string) => void = () => undefined;
    hub.app.activity("slow", () => new Promise<string>((resolve) => (finish = resolve)));
    hub.app.orchestration("calls", function* (ctx) {
      return yield ctx.callActivity("slow");
    });
    const { client } = await hub.host();
    await client.startNew("calls", { instanceId: "1" });
    await hub.clock.settle();

    const second = client.startNew("calls", { instanceId: "1" });
    finish("done");

    await expect(second).rejects.toMatchObject({ code: "INSTANCE_ALREADY_EXISTS" });
    expect((await client.waitForCompletion("1")).output).toBe("done");
  });
});

/** A record as a worker has read it, of which the heap can be asked. */
class ReadRecord {
  constructor(record: InstanceRecord) {
    Object.assign(this, record);
  }
}

test.each([
  ["a worker that has their code", {}],
  ["a host that has their version", { version: "2.0" }],
])("of instances that wait for %s nothing is kept that has their payloads", async (_what, options) => {
  const hub = new HubInMemory();
  let reads = 0;
  hub.app.orchestration("versioned", { version: "1.0", handler: () => "done" });
  await hub.host({
    remoteWorkers: new WorkersElsewhere(hub.clock),
    wrap: (store) => ({
      ...store,
      load: async (instanceId) => {
        const loaded = await store.load(instanceId);
        reads += 1;
        return loaded && { ...loaded, record: new ReadRecord(loaded.record) as InstanceRecord };
      },
    }),
  });
  const client = await hub.client();
  const name = "version" in options ? "versioned" : "elsewhere";

  for (let n = 0; n < 10; n++) await client.startNew(name, { ...options, input: "x" });
  await hub.clock.advance(1_000);

  expect(reads).toBe(10);
  expect([ReadRecord, ActiveInstance].map((kind) => queryObjects(kind, { format: "count" }))).toEqual([0, 0]);
});

/** So that far jumps of the clock meet few signs of life. */
const LONG_LEASE_MS = 10 * 86_400_000;

describe("timers", () => {
  test("those beyond the horizon, and more than fit into memory, fire in order at their time", async () => {
    const hub = new HubInMemory({
      settings: { timerHorizonMs: 10_000, maxTimersInMemory: 3, leaseMs: LONG_LEASE_MS },
    });
    const fired: number[] = [];
    hub.app.activity("note", (at: number) => {
      fired.push(at);
    });
    hub.app.orchestration("naps", function* (ctx) {
      yield ctx.createTimer({ afterMs: ctx.input as number });
      yield ctx.callActivity("note", ctx.currentUtcDateTime.getTime());
    });
    const { client } = await hub.host();
    const began = hub.clock.now();
    const naps = [50_000, 7_000, 1_000, 3_600_000, 20_000, 9_000, 12_000, 1_500, 86_400_000];
    for (const input of naps) await client.startNew("naps", { input });

    await hub.clock.advance(90_000_000);

    expect(fired.map((at) => at - began)).toEqual(naps.toSorted((a, b) => a - b));
  });

  test("one of a hundred years from now waits for its time", async () => {
    const hub = new HubInMemory({ settings: { leaseMs: LONG_LEASE_MS } });
    hub.app.orchestration("sleeps", function* (ctx) {
      yield ctx.createTimer(new Date(Date.UTC(2130, 0, 1)));
      return "awake";
    });
    const { client } = await hub.host();
    const id = await client.startNew("sleeps");

    await hub.clock.advance(60 * 86_400_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");
    expect((await client.whyWaiting(id))?.reasons).toEqual([
      { type: "timer", dueAt: Date.UTC(2130, 0, 1), purpose: "timer" },
    ]);
  });
});

describe("continue-as-new", () => {
  test("S-78: events that nobody has taken come first, in their order, whatever arrives meanwhile", async () => {
    const hub = new HubInMemory();
    hub.app.orchestration("rounds", function* (ctx) {
      const { round } = ctx.input as { readonly round: number };
      if (round < 3) {
        yield ctx.waitForExternalEvent("next");
        ctx.continueAsNew({ round: round + 1 }, { preserveUnprocessedEvents: true });
        return undefined;
      }
      const taken: unknown[] = [];
      for (let each = 0; each < 5; each++) taken.push(yield ctx.waitForExternalEvent("item"));
      return taken;
    });
    const { client } = await hub.host();
    const id = await client.startNew("rounds", { input: { round: 1 } });
    const raised: Promise<void>[] = [];
    for (const item of [0, 1, 2]) raised.push(client.raiseEvent(id, "item", item));
    raised.push(client.raiseEvent(id, "next"), client.raiseEvent(id, "next"));
    for (const item of [3, 4]) raised.push(client.raiseEvent(id, "item", item));
    await Promise.all(raised);

    expect((await client.waitForCompletion(id)).output).toEqual([0, 1, 2, 3, 4]);
  });

  test("a host that dies right after it loses neither events nor custom status, and tells the generation", async () => {
    const hub = new HubInMemory();
    let dies = true;
    hub.app.orchestration("rounds", function* (ctx) {
      if (ctx.input === 1) {
        yield ctx.waitForExternalEvent("go");
        ctx.continueAsNew(2, { preserveUnprocessedEvents: true });
        return undefined;
      }
      ctx.setCustomStatus("second round");
      return yield ctx.waitForExternalEvent("item");
    });
    const first = await hub.host({
      wrap: (worker) => ({
        ...worker,
        commit: async (episodes) => {
          const outcomes = await worker.commit(episodes);
          if (dies && episodes.some((episode) => episode.nextRun)) first.worker.kill();
          return outcomes;
        },
      }),
    });
    const id = await first.client.startNew("rounds", { input: 1 });
    void first.client.raiseEvent(id, "item", "kept").catch(() => undefined);
    void first.client.raiseEvent(id, "go").catch(() => undefined);
    await hub.clock.settle();
    dies = false;
    const { client } = await hub.host();
    await hub.clock.advance(20_000);

    expect(await client.getStatus(id)).toMatchObject({ output: "kept", customStatus: "second round" });
    expect(await client.getHistory(id)).toContainEqual(
      expect.objectContaining({ type: "ExecutionStarted", generation: 1 }),
    );
  });
});
