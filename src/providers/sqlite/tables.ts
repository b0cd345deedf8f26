import type { Database } from "./database.ts";
import { HistoryTable } from "./history-table.ts";
import type { HubRow } from "./hub-row.ts";
import { InboxTable } from "./inbox-table.ts";
import { InstanceTable } from "./instance-table.ts";
import { TimerTable } from "./timer-table.ts";

/** Where an instance and all that belongs to it are kept. */
export class Tables {
  readonly instances: InstanceTable;
  readonly history: HistoryTable;
  readonly inbox: InboxTable;
  readonly timers: TimerTable;

  constructor(database: Database) {
    this.instances = new InstanceTable(database);
    this.history = new HistoryTable(database);
    this.inbox = new InboxTable(database);
    this.timers = new TimerTable(database);
  }

  /** Removes an entity; what waits for it stays (S-154). */
  removeEntity(hub: HubRow, instanceId: string, run: number): void {
    this.history.delete(run);
    this.instances.delete(hub, instanceId, run);
  }

  /** Removes an instance with its history, messages and timers; how many rows that were. */
  removeInstance(hub: HubRow, instanceId: string, run: number): number {
    const children =
      this.history.delete(run) + this.timers.deleteOf(run) + this.inbox.deleteOf(hub, instanceId);
    this.instances.delete(hub, instanceId, run);
    return children + 1;
  }
}
