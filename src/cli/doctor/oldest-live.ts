import { isEntityId } from "../../core/entity-id.ts";
import { isTerminal, RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import type { InstanceStatus, Management } from "../durable/management.ts";

export const LIVE_STATUSES = RUNTIME_STATUSES.filter((status) => !isTerminal(status));

export function liveIn(counts: Readonly<Record<RuntimeStatus, number>>): number {
  return LIVE_STATUSES.reduce((sum, status) => sum + counts[status], 0);
}

/** What an entity's instance id begins with: entities never end, and are counted by themselves. */
export const ENTITY_PREFIX = "@";

const PAGE = 1_000;

/**
 * The oldest orchestrations that have not ended, at most `limit`, oldest first. Listings begin with the newest: so counting by
 * halves finds the time up to which there are about so many.
 */
export async function oldestLive(
  hub: Pick<Management, "count" | "list">,
  limit: number,
  now: number,
): Promise<readonly InstanceStatus[]> {
  const createdBefore = new Date(await timeThatCovers(hub, limit, now));
  const newestFirst: InstanceStatus[] = [];
  let continuationToken: string | undefined;
  do {
    const page = await hub.list(
      { statuses: LIVE_STATUSES, createdBefore },
      { top: PAGE, ...(continuationToken === undefined ? {} : { continuationToken }) },
    );
    newestFirst.push(...page.instances.filter(({ instanceId }) => !isEntityId(instanceId)));
    ({ continuationToken } = page);
  } while (continuationToken !== undefined);
  return newestFirst.slice(-limit).toReversed();
}

/** A time up to which there are `limit`, or as few more as were created in one millisecond. */
async function timeThatCovers(hub: Pick<Management, "count">, limit: number, now: number): Promise<number> {
  const hasEntities = liveIn(await hub.count({ prefix: ENTITY_PREFIX })) > 0;
  const liveUpTo = async (time: number): Promise<number> => {
    const createdBefore = new Date(time);
    const all = liveIn(await hub.count({ createdBefore }));
    return hasEntities ? all - liveIn(await hub.count({ createdBefore, prefix: ENTITY_PREFIX })) : all;
  };
  let [from, to] = [0, now];
  if ((await liveUpTo(to)) <= limit) return to;
  while (to - from > 1) {
    const middle = Math.floor((from + to) / 2);
    const count = await liveUpTo(middle);
    if (count >= limit) to = middle;
    else from = middle;
    if (count === limit) break;
  }
  return to;
}
