import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { gate, HubInMemory } from "./hub-in-memory.ts";

const COUNTER = new EntityId("counter", "a");

const CALL: OrchestratorAction = {
  type: "CallEntity",
  id: 0,
  requestId: "9e952958-5e33-4daf-827f-2fa12937b875",
  instanceId: String(COUNTER),
  operation: "add",
  input: undefined,
  criticalSectionId: undefined,
};

test("what an entity answers is for the execution that has called it, not for the generation after it", async () => {
  const hub = new HubInMemory();
  const turn = gate();
  hub.app.entity<number>("counter", async (context) => {
    await turn.opened;
    context.setState(context.getState(() => 0) + 1);
    context.setResult(context.getState());
  });
  const turns = new ScriptedTurns();
  const { client } = await hub.host({ remoteWorkers: turns });
  const id = await client.startNew("caller");
  await hub.clock.settle();
  turns.answer(id, { actions: [CALL] });
  await hub.clock.settle();
  await client.raiseEvent(id, "go");
  await hub.clock.settle();
  turns.answer(id, { continuedAsNew: { input: undefined, version: undefined, carriedOver: [] } });
  await hub.clock.settle();
  turns.answer(id, { actions: [CALL] });
  await hub.clock.settle();

  turn.open();
  await hub.clock.settle();

  expect(turns.of(id)?.events).toMatchObject([
    { type: "OrchestratorStarted" },
    { type: "EntityOperationCompleted", result: "2" },
  ]);
});
