import { describe, expect, test } from "vitest";
import {
  type Episode,
  OutcomeUnknownError,
  StorageFullError,
  StorageUnavailableError,
  type WorkerStore,
} from "../../src/storage/index.ts";
import { HubInMemory } from "./hub-in-memory.ts";

function hubWithSteps(): HubInMemory {
  const hub = new HubInMemory();
  hub.app.activity("step", (n: number) => n + 1);
  hub.app.orchestration("steps", function* (ctx) {
    let n = 0;
    for (let each = 0; each < 3; each++) n = yield ctx.callActivity("step", n);
    return n;
  });
  hub.app.orchestration("waits", function* (ctx) {
    return yield ctx.waitForExternalEvent("go");
  });
  return hub;
}

/** A worker whose commits go through this. */
const committing =
  (commit: (episodes: readonly Episode[], store: WorkerStore) => ReturnType<WorkerStore["commit"]>) =>
  (worker: WorkerStore): WorkerStore => ({ ...worker, commit: (episodes) => commit(episodes, worker) });

describe("a store that fails for a while", () => {
  test.each([
    ["is away", "STORAGE_UNAVAILABLE", () => new StorageUnavailableError("commit", undefined)],
    ["is full", "STORAGE_FULL", () => new StorageFullError("commit", undefined)],
  ])(
    "and %s refuses starts and events at once, and loses nothing of what was under way",
    async (_title, code, error) => {
      const hub = hubWithSteps();
      let isAway = false;
      const refuseNow = <T>(call: () => Promise<T>): Promise<T> =>
        isAway ? Promise.reject(error()) : call();
      const { client } = await hub.host({
        wrap: committing((episodes, store) => refuseNow(() => store.commit(episodes))),
        wrapClient: (store) => ({
          create: (...args) => refuseNow(() => store.create(...args)),
          restore: (...args) => refuseNow(() => store.restore(...args)),
          send: (...args) => refuseNow(() => store.send(...args)),
        }),
      });
      const ids = await Promise.all(Array.from({ length: 20 }, () => client.startNew("steps")));
      const waits = await client.startNew("waits");
      isAway = true;

      const first = expect(client.startNew("steps", { instanceId: "refused" })).rejects.toMatchObject({
        code,
      });
      await hub.clock.advance(60_000);
      await first;
      await expect(client.startNew("steps", { instanceId: "refused" })).rejects.toMatchObject({ code });
      await expect(client.raiseEvent(waits, "go")).rejects.toMatchObject({ code });
      isAway = false;
      await hub.clock.advance(10_000);

      const ends = await Promise.all(ids.map((id) => client.getStatus(id)));
      expect(ends.map((end) => end?.output)).toEqual(Array.from({ length: 20 }, () => 3));
      expect(await client.getStatus("refused")).toBeUndefined();
      await client.raiseEvent(waits, "go", "on");
      await hub.clock.advance(1_000);
      expect((await client.getStatus(waits))?.output).toBe("on");
      expect(hub.complaints.filter((each) => each.includes("does not take commits"))).toHaveLength(1);
    },
  );

  test("whose answers are lost after the write takes each episode once", async () => {
    const hub = hubWithSteps();
    let calls = 0;
    const { client } = await hub.host({
      wrap: committing(async (episodes, store) => {
        const outcomes = await store.commit(episodes);
        if (calls++ % 2 === 0) throw new OutcomeUnknownError("commit", undefined);
        return outcomes;
      }),
    });
    const started = client.startNew("steps");
    await hub.clock.advance(10_000);

    const id = await started;
    expect((await client.getStatus(id))?.output).toBe(3);
    const results = (await client.getHistory(id)).filter(({ type }) => type === "TaskCompleted");
    expect(results).toHaveLength(3);
  });

  test("and that is away after that keeps a start that may have been written", async () => {
    const hub = hubWithSteps();
    let calls = 0;
    const { client } = await hub.host({
      wrap: committing(async (episodes, store) => {
        calls += 1;
        if (calls === 2) throw new StorageUnavailableError("commit", undefined);
        const outcomes = await store.commit(episodes);
        if (calls === 1) throw new OutcomeUnknownError("commit", undefined);
        return outcomes;
      }),
    });
    const started = client.startNew("steps");
    await hub.clock.advance(10_000);

    expect((await client.getStatus(await started))?.output).toBe(3);
  });
});

describe("an episode the store can never write", () => {
  const poisoned = committing((episodes, store) =>
    episodes.some(({ chunk }) => chunk.events.includes("poison"))
      ? Promise.reject(new TypeError("cannot be bound"))
      : store.commit(episodes),
  );

  test("is found in its batch; its neighbors are written", async () => {
    const hub = hubWithSteps();
    const { client } = await hub.host({ wrap: poisoned });

    const starts = await Promise.allSettled(
      Array.from({ length: 33 }, (_, n) =>
        client.startNew("steps", { instanceId: `${n}`, ...(n === 17 ? { version: "poison" } : {}) }),
      ),
    );
    await hub.clock.advance(1_000);

    expect(starts.flatMap(({ status }, n) => (status === "rejected" ? n : []))).toEqual([17]);
    expect(await client.countByStatus()).toMatchObject({ Completed: 32 });
  });

  test("puts an instance that is there already into quarantine, says so, and lets it be terminated", async () => {
    const hub = hubWithSteps();
    const { client } = await hub.host({ wrap: poisoned });
    const id = await client.startNew("waits");
    const neighbor = await client.startNew("waits");

    await expect(client.raiseEvent(id, "go", "poison")).rejects.toThrow("cannot be bound");
    await hub.clock.advance(1_000);

    expect((await client.whyWaiting(id))?.sentence).toContain(
      "It is in quarantine: The store refuses its episode",
    );
    await client.raiseEvent(neighbor, "go", "fine");
    expect((await client.getStatus(neighbor))?.output).toBe("fine");
    await client.terminate(id, "enough");
    expect((await client.getStatus(id))?.runtimeStatus).toBe("Terminated");
  });
});

test("an instance whose history cannot be read is put into quarantine, and its neighbors go on", async () => {
  const hub = hubWithSteps();
  const first = await hub.host();
  const id = await first.client.startNew("waits");
  const neighbor = await first.client.startNew("waits");
  await first.worker.stop();
  const { client } = await hub.host({
    wrap: (worker) => ({
      ...worker,
      load: async (instanceId) => {
        const loaded = await worker.load(instanceId);
        if (instanceId !== id || loaded === undefined) return loaded;
        return { ...loaded, chunks: loaded.chunks.map((chunk) => ({ ...chunk, events: "[{" })) };
      },
    }),
  });

  await expect(client.raiseEvent(id, "go")).rejects.toMatchObject({ code: "HISTORY_CORRUPT" });
  await client.raiseEvent(neighbor, "go", "fine");

  expect((await client.getStatus(neighbor))?.output).toBe("fine");
  await hub.clock.advance(1_000);
  expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");
  expect(hub.complaints).toContain("An instance cannot be read");
});

test("maxConcurrentOrchestratorFunctions: so many async orchestrators are at work at a time", async () => {
  const hub = new HubInMemory({ settings: { maxConcurrentOrchestratorFunctions: 2 } });
  let begun = 0;
  const begunByTurn: number[] = [];
  hub.app.orchestration("async", async () => {
    if (begun === 0) countTurns();
    begun += 1;
  });
  const countTurns = (): void => {
    setImmediate(() => {
      begunByTurn.push(begun);
      if (begun < 20) countTurns();
    });
  };
  const { client } = await hub.host();

  await Promise.all(Array.from({ length: 20 }, () => client.startNew("async")));

  const steps = begunByTurn.map((each, index) => each - (begunByTurn[index - 1] ?? 0));
  expect(Math.max(...steps)).toBeLessThanOrEqual(2);
  expect(await client.countByStatus()).toMatchObject({ Completed: 20 });
});
