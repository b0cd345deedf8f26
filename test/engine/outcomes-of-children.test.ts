import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { createChild } from "../support/actions.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

function hubWithParents(): HubInMemory {
  const hub = new HubInMemory();
  hub.app.orchestration("parent", function* (context) {
    try {
      return yield context.callSubOrchestrator("child", undefined, { instanceId: "child" });
    } catch (error) {
      return (error as Error).message;
    }
  });
  return hub;
}

describe("a child whose output is no JSON", () => {
  test.each([
    ["plain text", "No such order.", "failed: No such order."],
    ["JSON text of a text", '"No such order."', "failed: No such order."],
    ["JSON text of an object", '{"order":7}', 'failed: {"order":7}'],
    ["nothing", "", "failed: "],
  ])("and that has failed tells its parent: %s", async (_what, result, expected) => {
    const hub = hubWithParents();
    const turns = new ScriptedTurns();
    const { client } = await hub.host({ remoteWorkers: turns });
    const id = await client.startNew("parent");
    await hub.clock.settle();
    const failure = { errorType: "OrderError", errorMessage: "No such order." };

    turns.answer("child", { completion: { status: "Failed", eventId: 0, result, failure } });
    await hub.clock.settle();

    expect((await client.getStatus(id))?.output).toContain(expected);
    expect(hub.complaints).toEqual([]);
  });

  test.each([
    ["bye", "bye"],
    ["", "The sub-orchestration was terminated."],
  ])("and that was terminated tells its parent: '%s'", async (output, expected) => {
    const hub = hubWithParents();
    const { client } = await hub.host({ remoteWorkers: new ScriptedTurns() });
    const id = await client.startNew("parent");
    await hub.clock.settle();

    await client.send("child", { type: "ExecutionTerminated", timestamp: hub.clock.now(), output });
    await hub.clock.settle();

    expect((await client.getStatus(id))?.output).toContain(expected);
  });
});

describe("the outcome of a child is for the execution that has started it", () => {
  const LEASE_MS = 15_000;
  const startChild = { actions: [createChild(0, "Child", { instanceId: "child" })] };
  const done = (result: string) =>
    ({
      completion: { status: "Completed", eventId: 9, result: JSON.stringify(result), failure: undefined },
    }) as const;

  interface Family extends Host {
    readonly hub: HubInMemory;
    readonly turns: ScriptedTurns;
  }

  /** A parent that has started a child, both elsewhere, and has its next turn. */
  async function family(): Promise<Family> {
    const hub = new HubInMemory();
    const turns = new ScriptedTurns();
    const host = await hub.host({ remoteWorkers: turns });
    await host.client.startNew("Parent", { instanceId: "parent" });
    await hub.clock.settle();
    turns.answer("parent", startChild);
    await hub.clock.settle();
    await host.client.raiseEvent("parent", "go");
    await hub.clock.settle();
    return { ...host, hub, turns };
  }

  /** The same, continued as new: the first turn of the next generation is under way. */
  async function nextGeneration(): Promise<Family> {
    const all = await family();
    const continuedAsNew = { input: undefined, version: undefined, carriedOver: [] };
    all.turns.answer("parent", { continuedAsNew });
    await all.hub.clock.settle();
    return all;
  }

  const outcomesIn = (events: readonly HistoryEvent[] = []): readonly HistoryEvent[] =>
    events.filter(({ type }) => type.startsWith("SubOrchestrationInstance"));

  test("not for the generation after it, which has started one of the same id", async () => {
    const { hub, turns } = await nextGeneration();

    turns.answer("child", done("old"));
    await hub.clock.settle();
    turns.answer("parent", startChild);
    await hub.clock.settle();
    expect(turns.of("parent")).toBeUndefined();
    turns.answer("child", done("new"));
    await hub.clock.settle();

    expect(outcomesIn(turns.of("parent")?.events)).toEqual([
      {
        type: "SubOrchestrationInstanceCompleted",
        timestamp: hub.clock.now(),
        taskScheduledId: 0,
        instanceId: "child",
        result: '"new"',
      },
    ]);
  });

  test("and for the one that it was rewound into", async () => {
    const { hub, turns, client } = await family();
    const failure = { errorType: "Error", errorMessage: "it broke" };
    turns.answer("parent", {
      completion: { status: "Failed", eventId: 9, result: undefined, failure },
    });
    await hub.clock.settle();
    await client.rewind("parent");
    await hub.clock.settle();
    turns.answer("parent", {});

    turns.answer("child", done("late"));
    await hub.clock.settle();

    expect(outcomesIn(turns.of("parent")?.events)).toMatchObject([{ result: '"late"' }]);
  });

  test("a child that was refused because that of a former generation still runs has failed, also after a crash", async () => {
    const { hub, turns, worker } = await nextGeneration();
    turns.answer("parent", startChild);
    await hub.clock.settle();
    const refusal = {
      type: "SubOrchestrationInstanceFailed",
      reason: expect.stringContaining("already exists"),
    };
    expect(outcomesIn(turns.of("parent")?.events)).toMatchObject([refusal]);

    worker.kill();
    const later = new ScriptedTurns();
    await hub.host({ remoteWorkers: later });
    await hub.clock.advance(LEASE_MS + 2_000);

    expect(outcomesIn(later.of("parent")?.events)).toMatchObject([refusal]);
  });
});
