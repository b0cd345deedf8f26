import { expect, test } from "vitest";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { HubInMemory } from "./hub-in-memory.ts";

/** No text stands for a BigInt. */
const UNWRITABLE = {
  type: "ScheduleTask",
  id: 0,
  name: "work",
  input: 1n as unknown as string,
  retryOf: undefined,
} as const satisfies OrchestratorAction;

test("an orchestration of whose turn no episode can be made is put into quarantine, and its neighbors go on", async () => {
  const hub = new HubInMemory();
  hub.app.orchestration("neighbor", function* (context) {
    return yield context.waitForExternalEvent("go");
  });
  const turns = new ScriptedTurns();
  const { client } = await hub.host({ remoteWorkers: turns });
  await client.startNew("elsewhere", { instanceId: "odd" });
  const neighbor = await client.startNew("neighbor");
  await hub.clock.settle();

  turns.answer("odd", { actions: [UNWRITABLE] });
  await client.raiseEvent(neighbor, "go", "fine");
  await hub.clock.settle();

  expect((await client.getStatus(neighbor))?.output).toBe("fine");
  expect((await client.whyWaiting("odd"))?.sentence).toContain("Its episode cannot be made");
  await client.terminate("odd", "enough");
  await hub.clock.settle();
  expect((await client.getStatus("odd"))?.runtimeStatus).toBe("Terminated");
});
