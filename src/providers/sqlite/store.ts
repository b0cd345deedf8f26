import { TaskHubNotFoundError } from "../../storage/index.ts";
import type { ChangeListeners } from "../change-listeners.ts";
import { BulkDelete } from "./bulk-delete.ts";
import { CompletionWalk } from "./completion-walk.ts";
import type { Database } from "./database.ts";
import type { HubRow } from "./hub-row.ts";
import { HubTable } from "./hub-table.ts";
import { InstanceCount } from "./instance-count.ts";
import { InstanceListing } from "./instance-listing.ts";
import { LeaseTable } from "./lease-table.ts";
import { ListedRecords } from "./listed-records.ts";
import type { DatabaseOptions } from "./open-database.ts";
import { RunNumbers } from "./run-numbers.ts";
import { StartQueue } from "./start-queue.ts";
import { Tables } from "./tables.ts";
import { Transactions } from "./transactions.ts";
import { WriteQueue } from "./write-queue.ts";

/** One open database file and everything that is prepared on it. */
export class Store {
  readonly file: DatabaseOptions;
  readonly clock: { now(): number };
  readonly transactions: Transactions;
  readonly hubs: HubTable;
  readonly leases: LeaseTable;
  readonly tables: Tables;
  readonly bulk: BulkDelete;
  readonly starts: StartQueue;
  readonly listing: InstanceListing;
  readonly records: ListedRecords;
  readonly completions: CompletionWalk;
  readonly counting: InstanceCount;
  readonly runs: RunNumbers;
  readonly writes: WriteQueue;

  constructor(database: Database, file: DatabaseOptions, clock: { now(): number }) {
    this.file = file;
    this.clock = clock;
    this.transactions = new Transactions(database, file.path);
    this.hubs = new HubTable(database);
    this.leases = new LeaseTable(database);
    this.tables = new Tables(database);
    this.bulk = new BulkDelete(database);
    this.starts = new StartQueue(database);
    this.listing = new InstanceListing(database);
    this.records = new ListedRecords(database);
    this.completions = new CompletionWalk(database);
    this.counting = new InstanceCount(database);
    this.runs = new RunNumbers(database, this.transactions);
    this.writes = new WriteQueue(this.transactions);
  }
}

/** One task hub of a store. */
export interface Hub extends HubRow {
  readonly store: Store;
  readonly listeners: ChangeListeners;
}

/** @throws {TaskHubNotFoundError} when the hub was deleted since it was opened. */
export function checkExists(hub: Hub): void {
  if (!hub.store.hubs.exists(hub)) throw new TaskHubNotFoundError(hub.description.name);
}

/** Lets whatever else waits for the event loop have its turn between two pieces of a long walk. */
export function nextTurn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
