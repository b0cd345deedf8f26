import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { CommitPump, type PumpOutcome } from "../../src/engine/commit-pump.ts";
import type { ClientStore, CommitOutcome, Episode, WorkerStore } from "../../src/storage/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { gate, HubInMemory } from "./hub-in-memory.ts";

const COUNTER = new EntityId("counter", "a");

test("a message takes effect once whose sender is so slow that others have had its instance meanwhile", async () => {
  const hub = new HubInMemory();
  hub.app.entity("counter", (context) => context.df.setState(Number(context.df.getState() ?? 0) + 1));
  const answer = gate();
  let isAway = false;
  const wrapClient = (client: ClientStore): ClientStore => ({
    ...client,
    create: (instance, replaces) => client.create(instance, replaces),
    restore: (instance, patch, chunks) => client.restore(instance, patch, chunks),
    send: async (messages) => {
      const ids = await client.send(messages);
      await answer.opened;
      return ids;
    },
  });
  const wrap = (worker: WorkerStore): WorkerStore => ({
    ...worker,
    pull: async (request) => (isAway ? new Promise(() => undefined) : worker.pull(request)),
    beat: async () => (isAway ? [] : worker.beat()),
  });
  const slow = await hub.host({ wrap, wrapClient });
  isAway = true;
  const signaled = slow.client.entities.signal(COUNTER, "add");
  await hub.clock.advance(hub.settings.leaseMs * 2);
  const other = await hub.host();
  await hub.clock.advance(hub.settings.leaseMs);
  const stateMeanwhile = (await other.client.entities.read(COUNTER))?.state;
  await other.worker.stop({ drainMs: 0 });
  isAway = false;
  await hub.clock.advance(hub.settings.leaseMs * 2);

  answer.open();
  await signaled;
  await hub.clock.advance(1_000);

  expect([stateMeanwhile, (await slow.client.entities.read(COUNTER))?.state]).toEqual(["1", "1"]);
});

test("a commit says so whose answer comes after partitions have come or gone", async () => {
  const answers = [gate(), gate()];
  let commits = 0;
  const store = {
    commit: async (episodes: readonly Episode[]) => {
      await answers[commits++]?.opened;
      return episodes.map(() => ({ type: "applied" }) as CommitOutcome);
    },
  } as unknown as WorkerStore;
  const quiet = {
    debug: () => undefined,
    info: () => undefined,
    warn: () => undefined,
    error: () => undefined,
  };
  let changes = 0;
  const pump = new CommitPump(store, new VirtualClock(), quiet, () => changes);
  const outcomes: PumpOutcome[] = [];
  const commit = (): Promise<void> => {
    pump.add({ instanceId: "a" } as Episode, (outcome) => outcomes.push(outcome));
    return pump.flush();
  };

  const first = commit();
  changes += 1;
  answers[0]?.open();
  await first;
  const second = commit();
  answers[1]?.open();
  await second;

  expect(outcomes).toEqual([{ type: "applied", isLate: true }, { type: "applied" }]);
});
