import { expect, test } from "vitest";
import { CommitPump } from "../../src/engine/commit-pump.ts";
import type { CommitOutcome, Episode, WorkerStore } from "../../src/storage/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const applied = { type: "applied" } as CommitOutcome;

test("what follows the commit of one episode is no matter of the others: each is settled once", async () => {
  const complaints: string[] = [];
  const note = (_details: object, message: string): void => void complaints.push(message);
  const logger = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  let commits = 0;
  const store = {
    commit: async (episodes: readonly Episode[]) => {
      commits += 1;
      return episodes.map(() => applied);
    },
  } as unknown as WorkerStore;
  const pump = new CommitPump(store, new VirtualClock(), logger, () => 0);
  const settled: string[] = [];
  for (const instanceId of ["a", "b", "c"]) {
    pump.add({ instanceId } as Episode, () => {
      settled.push(instanceId);
      if (instanceId === "b") throw new RangeError("Maximum call stack size exceeded");
    });
  }

  await pump.flush();

  expect([settled, commits, pump.pending]).toEqual([["a", "b", "c"], 1, 0]);
  expect(complaints).toEqual(["What follows a commit has failed"]);
});
