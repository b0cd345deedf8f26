import { describe, expect, test } from "vitest";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { HubInMemory } from "./hub-in-memory.ts";

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
