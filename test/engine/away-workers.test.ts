import { expect, test } from "vitest";
import type { FunctionKind } from "../../src/engine/executor.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { HubInMemory } from "./hub-in-memory.ts";

/** A worker that goes, and comes back. */
class AwayTurns extends ScriptedTurns {
  #isAway = false;
  readonly #listeners: (() => void)[] = [];

  override accepts(kind: FunctionKind): boolean {
    return !this.#isAway && super.accepts(kind);
  }

  override onChanged(listener?: () => void): void {
    if (listener) this.#listeners.push(listener);
  }

  set isAway(isAway: boolean) {
    this.#isAway = isAway;
    for (const listener of this.#listeners) listener();
  }
}

test("what comes for an orchestration that has continued as new and waits for a worker is there when one comes", async () => {
  const hub = new HubInMemory();
  const turns = new AwayTurns();
  const { client } = await hub.host({ remoteWorkers: turns });
  await client.startNew("elsewhere", { instanceId: "a" });
  await hub.clock.settle();
  turns.isAway = true;
  turns.answer("a", { continuedAsNew: { input: "1", version: undefined, carriedOver: [] } });
  await hub.clock.settle();

  await client.raiseEvent("a", "go");
  await hub.clock.settle();
  turns.isAway = false;
  await hub.clock.settle();
  const first = turns.of("a")?.events.map(({ type }) => type);
  turns.answer("a", {});
  await hub.clock.settle();

  expect(first).toEqual(["OrchestratorStarted", "ExecutionStarted"]);
  expect(turns.of("a")?.events.map(({ type }) => type)).toEqual(["OrchestratorStarted", "EventRaised"]);
});
