import { type InstanceFilter, type PurgeProgress, terminalOnly } from "../../storage/index.ts";
import type { ListCursor } from "../listing/continuation-token.ts";
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
  let after: ListCursor | undefined;
  do {
    const step = purgeStep(hub, { filter: wanted, after, limit: batchSize, leavesIds: false });
    instancesDeleted += step.instancesDeleted;
    after = step.cursor;
    yield { instancesDeleted, done: after === undefined };
    if (after === undefined) return;
    await nextTurn();
  } while (instancesDeleted < SMALL || !canThread);
  for await (const { count, done } of purgeOnThread(hub, { filter: wanted, after, limit: batchSize })) {
    instancesDeleted += count;
    yield { instancesDeleted, done };
  }
}
