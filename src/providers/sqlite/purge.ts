import { isTerminal } from "../../core/orchestration-status.ts";
import { statusOf } from "./instance-row.ts";
import { checkExists, type Hub, type Store } from "./store.ts";

/** Removes the terminal ones of these instances in one transaction; the answer is their ids. */
export function purgeIds(hub: Hub, instanceIds: readonly string[]): readonly string[] {
  const { transactions, tables } = hub.store;
  return transactions.write("purge", () => {
    checkExists(hub);
    return instanceIds.filter((instanceId) => {
      const found = tables.instances.find(hub, instanceId);
      if (found === undefined || !isTerminal(statusOf(found.status))) return false;
      tables.removeInstance(hub, instanceId, found.run);
      return true;
    });
  });
}

/** The same by run; the answer is how many there were. */
export function purgeRuns(hub: Hub, runs: readonly number[]): number {
  const { instances } = hub.store.tables;
  const ids = runs.flatMap((run) => instances.idAtRun(run) ?? []);
  return ids.length === 0 ? 0 : purgeIds(hub, ids).length;
}

/** Removes rows of deleted hubs, at most about `maxRows`; true when nothing is left to remove. */
export function sweepDeleted({ transactions, hubs, tables, leases }: Store, maxRows: number): boolean {
  return transactions.write("sweepDeleted", () => {
    let rows = 0;
    for (let hub = hubs.firstDeleted(); hub !== undefined; hub = hubs.firstDeleted()) {
      for (let next = tables.instances.anyOf(hub); next !== undefined; next = tables.instances.anyOf(hub)) {
        if (rows >= maxRows) return false;
        rows += tables.removeInstance(hub, next.instance_id, next.run);
      }
      rows += tables.inbox.deleteSome(hub, maxRows - rows);
      if (rows >= maxRows) return false;
      leases.delete(hub.hubId);
      hubs.delete(hub);
    }
    return true;
  });
}
