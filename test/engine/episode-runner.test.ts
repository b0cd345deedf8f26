import { expect, test } from "vitest";
import type { EntityBatch, EntityBatchResult } from "../../src/core/entity-batch.ts";
import { EntityId } from "../../src/core/entity-id.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import type { RemoteTurnResult } from "../../src/core/remote-execution.ts";
import type { TurnToRun } from "../../src/engine/remote-workers.ts";
import type { WorkElsewhere } from "../../src/engine/work-elsewhere.ts";
import type { WorkerStore } from "../../src/storage/index.ts";
import { onNextTurn } from "../../src/testing/real-time.ts";
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

/** It cannot be sent the turn of one orchestration, and one operation makes a state of what cannot be written. */
class OddWorkers extends ScriptedTurns {
  override accepts(): boolean {
    return true;
  }

  override runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult> {
    if (turn.started.instanceId === "odd") throw new RangeError("Invalid typed array length");
    return super.runTurn(turn);
  }

  override runEntity({ operations }: EntityBatch): WorkElsewhere<EntityBatchResult> {
    const state = operations[0]?.operation === "add" ? "1" : (1n as unknown as string);
    const result = { type: "completed", result: undefined } as const;
    return {
      outcome: Promise.resolve({ results: [result], state, actions: [] }),
      withdraw: () => undefined,
    };
  }
}

test.each([
  ["an orchestration whose turn cannot be made", "odd"],
  ["an entity of whose batch no episode can be made", "@counter@a"],
])("%s is put into quarantine, and its neighbors go on", async (_what, instanceId) => {
  const hub = new HubInMemory();
  const turns = new OddWorkers();
  const { client } = await hub.host({ remoteWorkers: turns });
  await client.startNew("elsewhere", { instanceId: "odd" });
  await client.startNew("elsewhere", { instanceId: "neighbor" });
  for (const operation of ["add", "spoil"]) {
    await client.entities.signal(new EntityId("counter", "a"), operation);
    await hub.clock.settle();
  }

  turns.answer("neighbor", { customStatus: '"fine"' });
  await hub.clock.settle();

  expect((await client.getStatus("neighbor"))?.customStatus).toBe("fine");
  expect((await client.whyWaiting(instanceId))?.sentence).toContain("Its episode cannot be made");
});

/** Notes when a turn is sent, and when all that was ready at that time has had its turn. */
class NotedTurns extends ScriptedTurns {
  readonly log: string[];

  constructor(log: string[]) {
    super();
    this.log = log;
  }

  override runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult> {
    this.log.push("sent");
    onNextTurn(() => this.log.push("on its way"));
    return super.runTurn(turn);
  }
}

test("turns that are sent do not wait for the commit of what ran with them", async () => {
  const hub = new HubInMemory();
  hub.app.orchestration("here", function* (context) {
    return yield context.waitForExternalEvent("go");
  });
  const log: string[] = [];
  const wrap = (worker: WorkerStore): WorkerStore => ({
    ...worker,
    commit: (episodes) => {
      log.push("commit");
      return worker.commit(episodes);
    },
  });
  const { client, worker } = await hub.host({ remoteWorkers: new NotedTurns(log), wrap });
  const here = await client.startNew("here");
  await hub.clock.settle();
  log.length = 0;

  void worker.deliver(here, { type: "EventRaised", timestamp: hub.clock.now(), name: "go" });
  await client.startNew("elsewhere");
  await hub.clock.settle();

  expect(log).toEqual(["sent", "on its way", "commit"]);
});

test("the first turn of an orchestration does not wait for the store to be asked for work", async () => {
  const hub = new HubInMemory();
  const log: string[] = [];
  const wrap = (worker: WorkerStore): WorkerStore => ({
    ...worker,
    pull: (request) => {
      log.push("asked");
      return worker.pull(request);
    },
  });
  const { client } = await hub.host({ remoteWorkers: new NotedTurns(log), wrap });
  log.length = 0;

  await client.startNew("elsewhere");
  await client.startNew("elsewhere");
  await hub.clock.settle();

  expect(log.slice(0, 2)).toEqual(["sent", "sent"]);
  expect(log.filter((entry) => entry === "asked")).toHaveLength(1);
});
