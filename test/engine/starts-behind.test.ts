import { expect, test } from "vitest";
import type { WorkerStore } from "../../src/storage/index.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { type Gate, gate, HubInMemory } from "./hub-in-memory.ts";

/** A worker whose next read of an instance takes until the gate is opened. */
function heldUp(store: WorkerStore, reading: { gate: Gate | undefined }): WorkerStore {
  return {
    ...store,
    load: async (instanceId) => {
      const loaded = await store.load(instanceId);
      await reading.gate?.opened;
      return loaded;
    },
  };
}

const COMPLETED = { status: "Completed", eventId: 0, result: undefined, failure: undefined } as const;

test("an orchestration begins whose id is that of one that has ended and is just being read", async () => {
  const hub = new HubInMemory();
  const turns = new ScriptedTurns();
  const reading: { gate: Gate | undefined } = { gate: undefined };
  const { client, worker } = await hub.host({
    remoteWorkers: turns,
    wrap: (store) => heldUp(store, reading),
  });
  await client.startNew("elsewhere", { instanceId: "a" });
  await hub.clock.settle();
  turns.answer("a", { completion: COMPLETED });
  await hub.clock.settle();
  const held = gate();
  reading.gate = held;
  void worker.deliver("a", { type: "EventRaised", timestamp: hub.clock.now(), name: "late" });
  await hub.clock.settle();

  await client.startNew("elsewhere", { instanceId: "a" });
  await hub.clock.settle();
  reading.gate = undefined;
  held.open();
  await hub.clock.settle();

  expect(turns.of("a")?.events.map(({ type }) => type)).toContain("ExecutionStarted");
});

test("a child begins whose id has just been looked for in vain", async () => {
  const hub = new HubInMemory();
  hub.app.orchestration("parent", function* (context) {
    yield context.waitForExternalEvent("go");
    return yield context.callSubOrchestrator("child", undefined, { instanceId: "a" });
  });
  hub.app.orchestration("child", async () => "done");
  const reading: { gate: Gate | undefined } = { gate: undefined };
  const { client, worker } = await hub.host({ wrap: (store) => heldUp(store, reading) });
  const parent = await client.startNew("parent");
  await hub.clock.settle();
  const held = gate();
  reading.gate = held;
  void worker.deliver("a", { type: "EventRaised", timestamp: hub.clock.now(), name: "early" });
  await hub.clock.settle();

  await client.raiseEvent(parent, "go");
  await hub.clock.settle();
  reading.gate = undefined;
  held.open();
  await hub.clock.settle();

  expect((await client.getStatus(parent))?.output).toBe("done");
});
