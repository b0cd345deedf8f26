import { expect, test } from "vitest";
import type { RemoteTurnResult } from "../../src/core/remote-execution.ts";
import { ScriptedTurns } from "../support/scripted-turns.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;
const ID = "traced";

interface Scene extends Host {
  readonly hub: HubInMemory;
  readonly turns: ScriptedTurns;
}

/** An orchestration elsewhere that has answered these turns and has the next. */
async function after(...answers: readonly Partial<RemoteTurnResult>[]): Promise<Scene> {
  const hub = new HubInMemory();
  const turns = new ScriptedTurns();
  const host = await hub.host({ remoteWorkers: turns });
  await host.client.startNew("traced", { instanceId: ID });
  for (const answer of answers) {
    await hub.clock.settle();
    turns.answer(ID, answer);
    await hub.clock.settle();
    if (turns.of(ID) === undefined) await host.client.raiseEvent(ID, "go");
  }
  await hub.clock.settle();
  return { ...host, hub, turns };
}

/** The same turn, in another process after the first has died. */
async function afterCrash({ hub, worker, client }: Scene): Promise<Scene> {
  worker.kill();
  const turns = new ScriptedTurns();
  const host = await hub.host({ remoteWorkers: turns });
  await hub.clock.advance(LEASE_MS + 2_000);
  await client.raiseEvent(ID, "go");
  await hub.clock.settle();
  return { ...host, hub, turns };
}

const continuedAsNew = { input: undefined, version: undefined, carriedOver: [] };

test.each<[string, readonly Partial<RemoteTurnResult>[], string | undefined]>([
  ["comes back", [{ memo: "first" }], "first"],
  [
    "comes back as the last turn has left it",
    [{ memo: "first" }, { memo: "second" }, { memo: "second" }],
    "second",
  ],
  ["is gone when a turn keeps nothing", [{ memo: "first" }, {}], undefined],
  ["is gone after a continue-as-new", [{ memo: "first" }, { memo: "second", continuedAsNew }], undefined],
])("what a turn wants to be kept %s, also when the host has died", async (_what, answers, expected) => {
  const before = await after(...answers);
  expect(before.turns.of(ID)?.memo).toBe(expected);

  const { turns } = await afterCrash(before);

  expect(turns.of(ID)?.memo).toBe(expected);
});

test("it comes back after a rewind", async () => {
  const failure = { errorType: "Error", errorMessage: "it broke" };
  const completion = { status: "Failed", eventId: 9, result: undefined, failure } as const;
  const { client, hub, turns } = await after({ memo: "first" }, { memo: "last", completion });

  await client.rewind(ID);
  await hub.clock.settle();

  expect(turns.of(ID)?.memo).toBe("last");
});

test("no history shows it", async () => {
  const { client } = await after({ memo: "a-secret-of-workers" });

  const history = await client.getHistory(ID);

  expect(history.map(({ type }) => type)).toEqual([
    "OrchestratorStarted",
    "ExecutionStarted",
    "OrchestratorCompleted",
  ]);
  expect(JSON.stringify(history)).not.toContain("a-secret-of-workers");
});
