import { isEntityId } from "../../core/entity-id.ts";
import { isTerminal } from "../../core/orchestration-status.ts";
import type { InstanceFilter } from "../../storage/index.ts";
import type { ListCursor } from "../listing/list-cursor.ts";
import { statusOf } from "./instance-row.ts";
import { checkExists, type Hub } from "./store.ts";
import { FIRST_ID } from "./sweep.ts";

export interface PurgeStep {
  readonly instancesDeleted: number;
  readonly rowsDeleted: number;
  /** How far the walk has come; absent when it has met every instance. */
  readonly cursor?: ListCursor;
}

/** Removes the terminal ones and the entities of these in one transaction; the answer is their ids. */
export function purgeIds(hub: Hub, instanceIds: readonly string[]): readonly string[] {
  const { transactions, tables } = hub.store;
  return transactions.write("purge", () => {
    checkExists(hub);
    return instanceIds.filter((instanceId) => {
      const found = tables.instances.find(hub, instanceId);
      if (found === undefined) return false;
      if (isEntityId(instanceId)) tables.removeEntity(hub, instanceId, found.run);
      else if (isTerminal(statusOf(found.status))) tables.removeInstance(hub, instanceId, found.run);
      else return false;
      return true;
    });
  });
}

export interface PurgeRequest {
  readonly filter: InstanceFilter;
  readonly after: ListCursor | undefined;
  /** At most so many instances are looked at. */
  readonly limit: number;
  /** Whether ids stay behind, for `sweep`. */
  readonly leavesIds: boolean;
}

/** Goes on in the walk of a purge. What is found is looked at again when it is removed: it may have changed. */
export function purgeStep(hub: Hub, { filter, after, limit, leavesIds }: PurgeRequest): PurgeStep {
  const { transactions, listing, bulk, hubs } = hub.store;
  const { found, cursor } = transactions.snapshot("purge", () => {
    checkExists(hub);
    return listing.step(hub.hubId, filter, after, limit);
  });
  const runs = found.map(({ run }) => run);
  const place = cursor === undefined ? {} : { cursor };
  if (runs.length === 0) return { instancesDeleted: 0, rowsDeleted: 0, ...place };
  const { instanceIds, rows: rowsDeleted } = transactions.write("purge", () => {
    checkExists(hub);
    const removed = bulk.deleteEnded(hub, runs);
    if (leavesIds) hubs.setSweep(hub, FIRST_ID);
    else bulk.deleteIds(hub, removed.instanceIds);
    return removed;
  });
  return { instancesDeleted: instanceIds.length, rowsDeleted, ...place };
}
