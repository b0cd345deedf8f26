import { describe, expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { EngineSettings } from "../../src/engine/settings.ts";
import { App } from "../../src/sdk/app.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { type Gate, gate, type Host, HubInMemory } from "./hub-in-memory.ts";

const COUNTER = new EntityId("counter", "a");

interface Scene extends Host {
  readonly hub: HubInMemory;
  readonly elsewhere: WorkersElsewhere;
  /** What the workers elsewhere run. */
  readonly app: App;
}

async function scene(settings: Partial<EngineSettings> = {}): Promise<Scene> {
  const hub = new HubInMemory({ settings });
  const elsewhere = new WorkersElsewhere(hub.clock);
  const app = new App();
  for (const [where, here] of [
    ["remote", app],
    ["local", hub.app],
  ] as const) {
    here.activity(`${where}Double`, (n: number) => n * 2);
    here.orchestration(`${where}Child`, function* (context, n: number) {
      return yield context.callActivity(`${where}Double`, n);
    });
    here.orchestration(`${where}Parent`, function* (context, other: string) {
      return yield context.all([
        context.callActivity(`${other}Double`, 1),
        context.callSubOrchestrator(`${other}Child`, 2),
        context.callEntity(new EntityId(`${other}Counter`, "a"), "add", 3),
      ]);
    });
    here.entity<number>(`${where}Counter`, (context) => {
      context.setState(context.getState(() => 0) + (context.input as number));
      context.setResult(context.getState());
    });
  }
  app.entity<number[]>("counter", (context) => {
    if (context.operation === "add") {
      context.setState([...context.getState(() => []), context.input as number]);
    }
    context.setResult(context.getState(() => []));
  });
  const host = await hub.host({ remoteWorkers: elsewhere });
  return { ...host, hub, elsewhere, app };
}

const outputOf = async ({ client }: Host, id: string): Promise<unknown> =>
  (await client.getStatus(id))?.output;

async function timesIn({ client }: Host, id: string, type: HistoryEvent["type"]): Promise<number> {
  return (await client.getHistory(id)).filter((event) => event.type === type).length;
}

test.each([
  ["remoteParent", "local"],
  ["localParent", "remote"],
  ["remoteParent", "remote"],
])("%s calls %s activities, orchestrations and entities", async (name, other) => {
  const all = await scene();
  all.elsewhere.connect(all.app);

  const id = await all.client.startNew(name, { input: other });
  await all.hub.clock.advance(10);

  expect(await outputOf(all, id)).toEqual([2, 4, 3]);
});

test("each function may have a worker of its own", async () => {
  const all = await scene();
  const [orchestrations, activities, entities] = [new App(), new App(), new App()];
  orchestrations.orchestration("sum", function* (context) {
    const n: unknown = yield context.callActivity("one");
    return yield context.callEntity(COUNTER, "add", n);
  });
  activities.activity("one", () => 1);
  entities.entity<number>("counter", (context) => {
    context.setState(context.getState(() => 0) + (context.input as number));
    context.setResult(context.getState());
  });
  const id = await all.client.startNew("sum");

  for (const app of [entities, activities, orchestrations]) {
    all.elsewhere.connect(app);
    await all.hub.clock.settle();
  }

  expect(await outputOf(all, id)).toBe(1);
});

describe("an activity elsewhere", () => {
  const busy = async (settings?: Partial<EngineSettings>) => {
    const all = await scene(settings);
    const gates: Gate[] = [];
    const slow = new App();
    slow.activity("slow", async (n: number) => {
      const mine = gate();
      gates.push(mine);
      await mine.opened;
      return n;
    });
    all.app.orchestration("fanOut", function* (context, count: number) {
      const tasks = Array.from({ length: count }, (_, n) => context.callActivity("slow", n));
      return yield context.all(tasks);
    });
    all.elsewhere.connect(all.app);
    return { ...all, slow, gates };
  };

  test("waits for a worker that has it, and says so", async () => {
    const all = await busy();
    const id = await all.client.startNew("fanOut", { input: 1 });
    await all.hub.clock.settle();
    expect((await all.client.whyWaiting(id))?.sentence).toContain(
      "Activity 'slow' waits for a worker that has it",
    );

    all.elsewhere.connect(all.slow, { slots: 1 });
    await all.hub.clock.settle();

    expect((await all.client.whyWaiting(id))?.sentence).toContain("Activity 'slow' is running");
  });

  test("waits for a place where all workers are busy", async () => {
    const all = await busy();
    all.elsewhere.connect(all.slow, { slots: 1 });
    const id = await all.client.startNew("fanOut", { input: 2 });
    await all.hub.clock.settle();

    const states = (await all.client.whyWaiting(id))?.reasons.map(
      (reason) => "state" in reason && reason.state,
    );
    expect(states).toEqual(["running", "queued"]);
    all.gates[0]?.open();
    await all.hub.clock.settle();
    all.gates[1]?.open();
    await all.hub.clock.settle();
    expect(await outputOf(all, id)).toEqual([0, 1]);
  });

  test("takes none of the places here", async () => {
    const all = await busy({ maxConcurrentActivityFunctions: 1 });
    all.elsewhere.connect(all.slow);
    await all.client.startNew("fanOut", { input: 5 });
    await all.hub.clock.settle();

    const id = await all.client.startNew("localChild", { input: 2 });
    await all.hub.clock.settle();

    expect(all.gates).toHaveLength(5);
    expect(await outputOf(all, id)).toBe(4);
  });

  test("of a worker that dies is had by another, and is recorded once", async () => {
    const all = await busy();
    const dead = all.elsewhere.connect(all.slow, { isPaused: true });
    const id = await all.client.startNew("fanOut", { input: 2 });
    await all.hub.clock.settle();
    expect(dead.inHand.size).toBe(2);

    all.elsewhere.disconnect(dead);
    all.elsewhere.connect(all.slow);
    await all.hub.clock.settle();
    for (const each of all.gates) each.open();
    await all.hub.clock.settle();
    void dead.answer();
    for (let round = 0; round < 2; round++) {
      await all.hub.clock.settle();
      for (const each of all.gates) each.open();
    }
    await all.hub.clock.settle();

    expect(dead.answered).toHaveLength(2);
    expect(await outputOf(all, id)).toEqual([0, 1]);
    expect(await timesIn(all, id, "TaskCompleted")).toBe(2);
  });

  test("runs again where nobody knows what came of it: after the host has died", async () => {
    const all = await busy();
    all.elsewhere.connect(all.slow);
    const id = await all.client.startNew("fanOut", { input: 1 });
    await all.hub.clock.settle();
    all.worker.kill();
    const elsewhere = new WorkersElsewhere(all.hub.clock);
    elsewhere.connect(all.slow);
    await all.hub.host({ remoteWorkers: elsewhere });

    await all.hub.clock.advance(20_000);
    expect(all.gates).toHaveLength(1);
    elsewhere.connect(all.app);
    await all.hub.clock.settle();
    all.gates[1]?.open();
    await all.hub.clock.settle();

    expect(await outputOf(all, id)).toEqual([0]);
  });

  test("ends with its orchestration, and what it comes to goes nowhere", async () => {
    const all = await busy();
    const worker = all.elsewhere.connect(all.slow);
    const id = await all.client.startNew("fanOut", { input: 1 });
    await all.hub.clock.settle();

    await all.client.terminate(id);
    await all.hub.clock.settle();
    all.gates[0]?.open();
    await all.hub.clock.settle();

    expect(worker.answered).toEqual(["activity slow"]);
    expect(await timesIn(all, id, "TaskCompleted")).toBe(0);
  });

  test("that is for a worker yet to come is not sent any more when its orchestration has ended", async () => {
    const all = await busy();
    const id = await all.client.startNew("fanOut", { input: 1 });
    await all.hub.clock.settle();
    expect(all.elsewhere.waiting).toEqual(["activity slow"]);

    await all.client.terminate(id);
    await all.hub.clock.settle();

    expect(all.elsewhere.waiting).toEqual([]);
  });
});

describe("an entity elsewhere", () => {
  test("keeps its operations until a worker has it, and runs them in order", async () => {
    const all = await scene({ maxConcurrentEntityFunctions: 1 });
    for (const n of [1, 2, 3]) await all.client.entities.signal(COUNTER, "add", n);
    await all.hub.clock.settle();
    await all.client.entities.signal(new EntityId("localCounter", "a"), "add", 7);
    await all.hub.clock.settle();
    expect((await all.client.entities.read(new EntityId("localCounter", "a")))?.state).toBe("7");

    all.elsewhere.connect(all.app);
    await all.hub.clock.settle();

    expect((await all.client.entities.read(COUNTER))?.state).toBe("[1,2,3]");
  });

  test("has its batch run by another worker when one dies in the middle of it, each operation once", async () => {
    const all = await scene();
    const dead = all.elsewhere.connect(all.app, { isPaused: true });
    for (const n of [1, 2]) await all.client.entities.signal(COUNTER, "add", n);
    await all.hub.clock.settle();
    expect(dead.inHand.size).toBe(1);

    all.elsewhere.connect(all.app);
    all.elsewhere.disconnect(dead);
    await all.hub.clock.settle();
    await dead.answer();
    await all.client.entities.signal(COUNTER, "add", 3);
    await all.hub.clock.settle();

    expect((await all.client.entities.read(COUNTER))?.state).toBe("[1,2,3]");
  });

  test("survives the host in the middle of a batch", async () => {
    const all = await scene();
    all.elsewhere.connect(all.app, { isPaused: true });
    for (const n of [1, 2]) await all.client.entities.signal(COUNTER, "add", n);
    await all.hub.clock.settle();
    all.worker.kill();

    const elsewhere = new WorkersElsewhere(all.hub.clock);
    await all.hub.host({ remoteWorkers: elsewhere });
    elsewhere.connect(all.app);
    await all.hub.clock.advance(20_000);

    expect((await all.client.entities.read(COUNTER))?.state).toBe("[1,2]");
  });
});

describe("locks held by orchestrations elsewhere", () => {
  async function bank() {
    const all = await scene();
    all.app.orchestration("hold", async (context, name: string) => {
      await using _ = await context.lock(COUNTER, new EntityId("localCounter", "a"));
      await context.callEntity(COUNTER, "add", name);
      await context.waitForExternalEvent("leave");
      await context.callEntity(COUNTER, "add", name);
      return "left";
    });
    const worker = all.elsewhere.connect(all.app);
    for (const instanceId of ["first", "second"]) {
      await all.client.startNew("hold", { instanceId, input: instanceId });
      await all.hub.clock.advance(20);
    }
    const state = async () =>
      JSON.parse((await all.client.entities.read(COUNTER))?.state ?? "null") as unknown;
    return { ...all, runner: worker, state };
  }

  test("keep others out until they are left", async () => {
    const all = await bank();
    await all.client.entities.signal(COUNTER, "add", "client");
    await all.hub.clock.advance(20);
    expect(await all.state()).toEqual(["first"]);

    await all.client.raiseEvent("first", "leave");
    await all.hub.clock.advance(20);
    await all.client.raiseEvent("second", "leave");
    await all.hub.clock.advance(20);

    expect(await outputOf(all, "second")).toBe("left");
    expect(await all.state()).toEqual(["first", "first", "second", "second", "client"]);
  });

  test("are given back when their holder is terminated, with nobody connected", async () => {
    const all = await bank();
    all.elsewhere.disconnect(all.runner);

    await all.client.terminate("first");
    await all.hub.clock.advance(20);
    all.elsewhere.connect(all.app);
    await all.hub.clock.advance(20);

    expect(await all.state()).toEqual(["first", "second"]);
  });
});

test("many instances elsewhere without a worker do not hold up those here", async () => {
  const all = await scene({ maxConcurrentOrchestratorFunctions: 2 });
  for (let n = 0; n < 700; n++) await all.client.startNew("remoteChild", { input: n });
  await all.hub.clock.advance(100);

  const id = await all.client.startNew("localChild", { input: 2 });
  await all.hub.clock.settle();
  expect(await outputOf(all, id)).toBe(4);

  all.elsewhere.connect(all.app);
  await all.hub.clock.advance(10_000);
  expect(await all.client.countByStatus()).toMatchObject({ Completed: 701 });
});

test("many turns under way elsewhere do not hold up what runs here, and are committed together", async () => {
  const all = await scene({ maxConcurrentOrchestratorFunctions: 2 });
  const worker = all.elsewhere.connect(all.app, { isPaused: true });
  for (let n = 0; n < 100; n++) await all.client.startNew("remoteChild", { input: n });
  await all.hub.clock.settle();
  expect(worker.inHand.size).toBe(100);

  const id = await all.client.startNew("localChild", { input: 2 });
  await all.hub.clock.settle();
  expect(await outputOf(all, id)).toBe(4);

  await worker.goOn();
  await all.hub.clock.advance(100);
  expect(await all.client.countByStatus()).toMatchObject({ Completed: 101 });
});
