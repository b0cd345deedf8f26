import type { HubRow } from "./hub-row.ts";
import type { Store } from "./store.ts";

/** Before every id. */
export const FIRST_ID = "";
/** A guess: what a short orchestration has. */
const ROWS_OF_AN_INSTANCE = 5;

/** Removes rows of deleted hubs and what purges left, at most about `maxRows`; true when nothing is left to remove. */
export function sweep(store: Store, maxRows: number): boolean {
  return store.transactions.write("sweep", () => {
    for (let room = maxRows; room > 0; ) {
      const rows = sweepDeletedHub(store, room) ?? sweepFreeIds(store, room);
      if (rows === undefined) return true;
      room -= Math.max(rows, 1);
    }
    return false;
  });
}

/** How many rows it removed; `undefined` when there is no deleted hub. */
function sweepDeletedHub(store: Store, maxRows: number): number | undefined {
  const { hubs, leases } = store;
  const hub = hubs.firstDeleted();
  if (hub === undefined) return undefined;
  const rows = removeSome(store, hub, maxRows);
  if (rows === 0) {
    leases.delete(hub.hubId);
    hubs.delete(hub);
  }
  return rows;
}

/** How many rows it removed; 0 when none are left. */
function removeSome({ tables, bulk }: Store, hub: HubRow, maxRows: number): number {
  const { instances, inbox } = tables;
  const runs = instances.someOf(hub, Math.ceil(maxRows / ROWS_OF_AN_INSTANCE));
  if (runs.length > 0) return bulk.delete(hub, runs);
  return inbox.deleteSome(hub, maxRows) || instances.ids.deleteSome(hub, maxRows);
}

/** How many ids it looked at; `undefined` when no hub has free ones. */
function sweepFreeIds({ hubs, tables }: Store, maxIds: number): number | undefined {
  const next = hubs.firstToSweep();
  if (next === undefined) return undefined;
  const { ids } = tables.instances;
  const to = ids.stepFrom(next.hub, next.after, maxIds);
  ids.sweep(next.hub, next.after, to);
  hubs.setSweep(next.hub, to);
  return maxIds;
}
