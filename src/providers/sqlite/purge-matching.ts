import { type InstanceFilter, type PurgeProgress, terminalOnly } from "../../storage/index.ts";
import type { ListCursor } from "../listing/list-cursor.ts";
import { purgeStep } from "./purge.ts";
import { purgeOnThread } from "./purge-on-thread.ts";
import { type Hub, nextTurn } from "./store.ts";

/** A purge that removes more than this goes to a thread of its own. */
const SMALL = 2_000;

/** Purges what matches, a batch for each time it is asked to go on. */
export async function* purgeMatching(
  hub: Hub,
  filter: InstanceFilter,
  batchSize: number,
): AsyncGenerator<PurgeProgress> {
  const wanted = terminalOnly(filter);
  const canThread = hub.store.file.path !== ":memory:";
  let instancesDeleted = 0;
  let rowsDeleted = 0;
  let after: ListCursor | undefined;
  do {
    const step = purgeStep(hub, { filter: wanted, after, limit: batchSize, leavesIds: false });
    instancesDeleted += step.instancesDeleted;
    rowsDeleted += step.rowsDeleted;
    after = step.cursor;
    yield { instancesDeleted, rowsDeleted, done: after === undefined };
    if (after === undefined) return;
    await nextTurn();
  } while (instancesDeleted < SMALL || !canThread);
  const request = { filter: wanted, after, limit: batchSize };
  for await (const { instances, rows, done } of purgeOnThread(hub, request)) {
    instancesDeleted += instances;
    rowsDeleted += rows;
    yield { instancesDeleted, rowsDeleted, done };
  }
}
