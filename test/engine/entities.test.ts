import { describe, expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { encodeEntity } from "../../src/core/entity-state.ts";
import { encodeChunk } from "../../src/core/history-chunk.ts";
import { StorageUnavailableError } from "../../src/storage/index.ts";
import { HubInMemory } from "./hub-in-memory.ts";

const COUNTER = new EntityId("Counter", "a");

function hubWithCounter(options?: ConstructorParameters<typeof HubInMemory>[0]): HubInMemory {
  const hub = new HubInMemory(options);
  hub.app.entity<number>("Counter", (context) => {
    const value = context.getState(() => 0);
    switch (context.operation) {
      case "add":
        context.setState(value + (context.input as number));
        return value + (context.input as number);
      case "get":
        return value;
      case "fail":
        context.setState(-1);
        context.signalEntity(new EntityId("Counter", "other"), "add", 100);
        throw new RangeError("no such luck");
      case "delete":
        return context.deleteState();
      case "slow":
        return new Promise((resolve) => hub.clock.after(1_000, () => resolve("slept")));
      case "bad":
        return context.setState(1n as unknown as number);
      case "send":
        return context.signalEntity(new EntityId("counter", context.input as string), "add", 1);
      default:
        throw new Error(`no operation ${context.operation}`);
    }
  });
  hub.app.orchestration(
    "call",
    function* (context, [key, operation, input]: readonly [string, string, unknown]) {
      return yield context.callEntity(new EntityId("counter", key), operation, input);
    },
  );
  return hub;
}

const stateOf = async (hub: HubInMemory, key = "a"): Promise<unknown> => {
  const found = await (await hub.client()).entities.read(new EntityId("counter", key));
  return found && (JSON.parse(found.state) as unknown);
};

test("S-141: a signal brings an entity into being; it is an instance with the name of the function", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();

  await client.entities.signal(COUNTER, "add", 3);
  await client.entities.signal(COUNTER, "add", 4);
  await hub.clock.advance(50);

  expect(await stateOf(hub)).toBe(7);
  expect(await client.getStatus("@counter@a")).toMatchObject({
    name: "counter",
    runtimeStatus: "Running",
    input: { exists: true, state: "7" },
    customStatus: { entityExists: true },
  });
});

test("S-165: a call answers with the result, and is no open task", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  hub.app.orchestration("careless", function* (context) {
    context.callEntity(COUNTER, "slow");
    yield context.createTimer({ afterMs: 10 });
    return "done";
  });

  const id = await client.startNew("call", { input: ["a", "add", 5] });
  const careless = await client.startNew("careless");
  await hub.clock.advance(100);

  expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: 5 });
  expect(await client.getStatus(careless)).toMatchObject({ runtimeStatus: "Completed", output: "done" });
});

test("S-157, S-158: a failed operation leaves state and signals as they were, and its caller learns why", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  await client.entities.signal(COUNTER, "add", 1);
  const id = await client.startNew("call", { input: ["a", "fail", null] });
  await client.entities.signal(COUNTER, "fail");
  await client.entities.signal(COUNTER, "bad");
  await client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(50);

  expect(await stateOf(hub)).toBe(2);
  expect(await stateOf(hub, "other")).toBeUndefined();
  expect(await client.getStatus(id)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("Operation 'fail' of entity '@counter@a' failed: no such luck"),
  });
  expect(hub.complaints).toEqual([
    "An operation that was signaled has failed",
    "An operation that was signaled has failed",
  ]);
});

test("S-157: without rollback, what was done before the failure stays", async () => {
  const hub = hubWithCounter({ settings: { rollbackEntityOperationsOnExceptions: false } });
  const { client } = await hub.host();
  await client.entities.signal(COUNTER, "fail");
  await hub.clock.advance(50);

  expect([await stateOf(hub), await stateOf(hub, "other")]).toEqual([-1, 100]);
});

test("S-148: signals of one orchestration take effect in their order, once each", async () => {
  const hub = new HubInMemory();
  hub.app.entity<number[]>("log", (context) => {
    context.setState([...context.getState(() => []), context.input as number]);
  });
  hub.app.orchestration("talk", function* (context) {
    for (let n = 0; n < 50; n++) {
      context.signalEntity(new EntityId("log", "x"), "note", n);
      if (n % 10 === 9) yield context.createTimer({ afterMs: 1 });
    }
  });
  const { client } = await hub.host();
  await client.startNew("talk");
  await hub.clock.advance(1_000);

  const found = await client.entities.read(new EntityId("log", "x"));
  expect(JSON.parse(found?.state ?? "")).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test("S-159: entities signal each other and start orchestrations", async () => {
  const hub = hubWithCounter();
  hub.app.entity("boss", (context) => {
    context.startOrchestration("call", ["b", "add", 10], { instanceId: "child" });
    context.signalEntity(COUNTER, "send", "b");
  });
  const { client } = await hub.host();
  await client.entities.signal(new EntityId("boss", ""), "go");
  await hub.clock.advance(50);

  expect(await stateOf(hub, "b")).toBe(11);
  expect((await client.getStatus("child"))?.output).toBeDefined();
});

test.each(["stays", "dies in between"])(
  "an orchestration that an entity starts for later begins then, when the host %s",
  async (fate) => {
    const hub = hubWithCounter();
    hub.app.orchestration("report", (context) => context.currentUtcDateTime.getTime());
    hub.app.entity("boss", (context) => {
      const startAt = new Date(hub.clock.now() + 3_600_000);
      context.startOrchestration("report", undefined, { instanceId: "child", startAt });
    });
    const host = await hub.host();
    const due = hub.clock.now() + 3_600_000;
    await host.client.entities.signal(new EntityId("boss", ""), "go");
    await hub.clock.advance(60_000);
    const client = await hub.client();
    expect((await client.getStatus("child"))?.runtimeStatus).toBe("Pending");
    if (fate !== "stays") {
      host.worker.kill();
      await hub.host();
    }

    await hub.clock.advance(3_500_000);
    expect((await client.getStatus("child"))?.runtimeStatus).toBe("Pending");
    await hub.clock.advance(100_000);

    const status = await client.getStatus("child");
    expect(status?.runtimeStatus).toBe("Completed");
    expect(status?.output).toBeGreaterThanOrEqual(due);
    expect(status?.output).toBeLessThan(due + 1_000);
  },
);

test("E-5: a signal with a time waits for it, from clients and from orchestrations, also over a change of owner", async () => {
  const hub = hubWithCounter();
  const first = await hub.host();
  hub.app.orchestration("later", (context) => {
    const scheduledTime = new Date(context.currentUtcDateTime.getTime() + 60_000);
    context.signalEntity(COUNTER, "add", 10, { scheduledTime });
  });
  await first.client.startNew("later");
  const scheduledTime = new Date(hub.clock.now() + 30_000);
  await first.client.entities.signal(COUNTER, "add", 1, { scheduledTime });
  await hub.clock.advance(29_000);
  const before = await stateOf(hub);
  await hub.clock.advance(2_000);
  const between = await stateOf(hub);
  first.worker.kill();
  await hub.host();
  await hub.clock.advance(60_000);

  expect([before, between, await stateOf(hub)]).toEqual([undefined, 1, 11]);
});

test("S-160: a deleted entity does not exist, and is new to the next operation", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  await client.entities.signal(COUNTER, "add", 1);
  await client.entities.signal(COUNTER, "delete");
  await hub.clock.advance(50);
  const deleted = await stateOf(hub);
  await client.entities.signal(COUNTER, "add", 2);
  await hub.clock.advance(50);

  expect([deleted, await stateOf(hub)]).toEqual([undefined, 2]);
});

test("an entity that one batch makes and deletes leaves nothing", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  await Promise.all(["add", "delete"].map((operation) => client.entities.signal(COUNTER, operation, 1)));
  await hub.clock.advance(50);

  expect(await client.getStatus("@counter@a")).toBeUndefined();
  expect(await (await hub.store()).query.messages("@counter@a")).toEqual([]);
});

describe("S-160: an entity that has no state, no lock and nothing to do leaves nothing", () => {
  const isLeft = async (hub: HubInMemory): Promise<boolean> =>
    (await (await hub.store()).query.get("@counter@a")) !== undefined;

  test.each([
    [
      "deleted by a signal",
      [
        ["signal", "add"],
        ["signal", "delete"],
      ],
    ],
    [
      "deleted by a call",
      [
        ["signal", "add"],
        ["call", "delete"],
      ],
    ],
    ["called, and sets no state", [["call", "get"]]],
    ["called, and fails", [["call", "unknown"]]],
    ["signaled, and signals another", [["signal", "send"]]],
  ] as const)("%s", async (_title, operations) => {
    const hub = hubWithCounter();
    const { client } = await hub.host();

    for (const [how, operation] of operations) {
      if (how === "signal") await client.entities.signal(COUNTER, operation, 1);
      else await client.startNew("call", { input: ["a", operation, null] });
      await hub.clock.advance(50);
    }

    expect(await isLeft(hub)).toBe(false);
    expect(await (await hub.store()).query.messages("@counter@a")).toEqual([]);
  });

  test("locked: once it is unlocked", async () => {
    const hub = hubWithCounter();
    hub.app.orchestration("hold", function* (context) {
      yield context.lock(COUNTER);
      yield context.waitForExternalEvent("go");
    });
    const { client } = await hub.host();
    const id = await client.startNew("hold");
    await hub.clock.advance(50);
    expect(await isLeft(hub)).toBe(true);

    await client.raiseEvent(id, "go");
    await hub.clock.advance(50);

    expect(await isLeft(hub)).toBe(false);
  });

  test("and the host dies in between: the next sees to it", async () => {
    const hub = hubWithCounter();
    const first = await hub.host({
      wrap: (worker) => ({
        ...worker,
        commit: async (episodes) => {
          const outcomes = await worker.commit(episodes);
          const isEntity = episodes.some(({ instanceId }) => instanceId === "@counter@a");
          return isEntity ? new Promise(() => undefined) : outcomes;
        },
      }),
    });
    await first.client.startNew("call", { input: ["a", "get", null] });
    await hub.clock.advance(50);
    expect(await isLeft(hub)).toBe(true);
    first.worker.kill();

    await hub.host();
    await hub.clock.advance(60_000);

    expect(await isLeft(hub)).toBe(false);
  });
});

test("S-161: cleanEntityStorage removes what was left empty and nothing else", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  const store = await hub.store();
  const left = { instanceId: "@counter@a", executionId: "e", name: "counter", createdAt: hub.clock.now() };
  const chunk = { seq: 0, at: hub.clock.now(), ...encodeChunk([], hub.clock.now()) };
  await store.client.restore(
    left,
    { status: "Running", input: encodeEntity({ state: undefined, lock: undefined }) },
    [chunk],
  );
  await client.entities.signal(new EntityId("counter", "b"), "add", 1);
  await hub.clock.advance(50);

  const cleaned = await client.entities.clean();
  await hub.clock.advance(50);

  expect(cleaned).toEqual({ numberOfEmptyEntitiesRemoved: 1, numberOfOrphanedLocksRemoved: 0 });
  expect(await client.getStatus("@counter@a")).toBeUndefined();
  expect(await client.getStatus("@counter@b")).toBeDefined();
  await client.entities.signal(COUNTER, "add", 5);
  await hub.clock.advance(50);
  expect(await stateOf(hub)).toBe(5);
});

test("S-154: purging an entity takes its state, also while this process has it in memory", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  await client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(50);

  expect(await client.purgeInstances(["@counter@a"])).toEqual({ instancesDeleted: 1 });
  await client.entities.signal(COUNTER, "add", 5);
  await hub.clock.advance(50);

  expect(await stateOf(hub)).toBe(5);
});

test("an operation may take its time; others wait for it, and signals are acknowledged meanwhile", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  const id = await client.startNew("call", { input: ["a", "slow", null] });
  await hub.clock.advance(50);
  await client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(500);
  const before = await stateOf(hub);
  await hub.clock.advance(1_000);

  expect([before, await stateOf(hub)]).toEqual([undefined, 1]);
  expect(await client.getStatus(id)).toMatchObject({ output: "slept" });
});

test("a host that dies in the middle of a batch: the next one runs it, and each operation counts once", async () => {
  const hub = hubWithCounter();
  const first = await hub.host();
  await first.client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(50);
  await first.client.entities.signal(COUNTER, "slow");
  await first.client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(50);
  first.worker.kill();
  await hub.host();
  await hub.clock.advance(20_000);

  expect(await stateOf(hub)).toBe(2);
});

test("an entity nobody has: a client is told, a call fails, a signal is logged", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  hub.app.orchestration("nobody", function* (context) {
    context.signalEntity(new EntityId("nobody", "a"), "x");
    return yield context.callEntity(new EntityId("nobody", "a"), "x");
  });
  const id = await client.startNew("nobody");
  await hub.clock.advance(50);

  await expect(client.entities.signal(new EntityId("nobody", "a"), "x")).rejects.toMatchObject({
    code: "ENTITY_NOT_FOUND",
    message: "The entity function 'nobody' does not exist. Registered are: 'Counter'.",
  });
  expect(await client.getStatus(id)).toMatchObject({
    runtimeStatus: "Failed",
    output: expect.stringContaining("The entity function 'nobody' does not exist"),
  });
  expect(hub.complaints).toEqual(["An operation that was signaled has failed"]);
});

test.each([
  ["", "a", /needs a name/],
  ["a@b", "a", /contains "@"/],
  ["a", "x/y", /contains "\/"/],
  ["a", "\u0007", /control characters/],
  ["a", "\ud83c", /contains "\\ud83c"/],
  ["a", 7 as unknown as string, /key of an entity is a string/],
  ["a", "x".repeat(300), /at most 256/],
])("S-140: the entity %j %j is refused", (name, key, message) => {
  expect(() => new EntityId(name, key)).toThrow(message);
});

test("S-140: names know no case, keys do, and may be empty or contain @", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  for (const [name, key] of [
    ["COUNTER", "a"],
    ["counter", "A"],
    ["Counter", ""],
    ["counter", "x@y"],
  ] as const) {
    await client.entities.signal(new EntityId(name, key), "add", 1);
  }
  await hub.clock.advance(50);

  const { entities } = await client.entities.list({ name: "counter" });
  expect(entities.map(({ entityId }) => entityId.key)).toEqual(["", "A", "a", "x@y"]);
});

test("entities are managed by operations only", async () => {
  const hub = hubWithCounter();
  const { client } = await hub.host();
  await client.entities.signal(COUNTER, "add", 1);
  await hub.clock.advance(50);

  for (const attempt of [
    client.terminate("@counter@a"),
    client.suspend("@counter@a"),
    client.raiseEvent("@counter@a", "x"),
  ]) {
    await expect(attempt).rejects.toMatchObject({ code: "INVALID_INSTANCE_STATE" });
  }
  await expect(client.startNew("call", { instanceId: "@counter@z" })).rejects.toMatchObject({
    code: "INVALID_INSTANCE_ID",
  });
});

test("a store that is away when an entity comes into being: nothing is lost", async () => {
  const hub = hubWithCounter();
  let isAway = true;
  const { client } = await hub.host({
    wrap: (worker) => ({
      ...worker,
      commit: async (episodes) => {
        if (isAway) throw new StorageUnavailableError("commit", new Error("away"));
        return worker.commit(episodes);
      },
    }),
  });
  await client.entities.signal(COUNTER, "add", 3);
  await hub.clock.advance(1_000);
  isAway = false;
  await hub.clock.advance(10_000);

  expect(await stateOf(hub)).toBe(3);
});
