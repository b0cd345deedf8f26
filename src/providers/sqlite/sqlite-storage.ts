import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { DurableError } from "../../core/errors.ts";
import {
  type StorageProvider,
  type TaskHubAdmin,
  TaskHubNotFoundError,
  type TaskHubStore,
} from "../../storage/index.ts";
import { ChangeListeners } from "../change-listeners.ts";
import type { Database } from "./database.ts";
import { FileWatch } from "./file-watch.ts";
import { type DatabaseOptions, openDatabase } from "./open-database.ts";
import { SqliteClientStore } from "./sqlite-client.ts";
import { SqliteQueryStore } from "./sqlite-query.ts";
import { SqliteTaskHubs } from "./sqlite-task-hubs.ts";
import { SqliteWorkerStore } from "./sqlite-worker.ts";
import { Store } from "./store.ts";

export interface SqliteStorageOptions {
  readonly path: string;
  /**
   * full: what was committed survives a loss of power. normal: the last commits before one may be lost; a crash of the
   * process loses nothing either way. Default "full".
   */
  readonly synchronous?: "full" | "normal";
  /** Whether a file that is not there is made. Default true; otherwise it is TASK_HUB_NOT_FOUND. */
  readonly create?: boolean;
  /** Default: the clock of this machine. */
  readonly clock?: { now(): number };
  /** How often to look for writes of other processes. Default 20 ms, and less often after a quiet while. */
  readonly pollIntervalMs?: number;
}

/**
 * Opens the database file, or makes it.
 *
 * @throws {DurableError} TASK_HUB_NOT_FOUND, DATABASE_NOT_OURS, DATABASE_TOO_NEW, DATABASE_CORRUPT, STORAGE_UNAVAILABLE
 */
export function openSqliteStorage(options: SqliteStorageOptions): StorageProvider {
  const path = options.path === ":memory:" ? options.path : resolve(options.path);
  if (options.create === false && path !== ":memory:" && !existsSync(path)) {
    throw new DurableError("TASK_HUB_NOT_FOUND", `There is no task hub: the file "${path}" does not exist.`);
  }
  return new SqliteStorage(openDatabase(fileOf({ ...options, path })), { ...options, path });
}

export class SqliteStorage implements StorageProvider {
  readonly taskHubs: TaskHubAdmin;
  readonly #database: Database;
  readonly #store: Store;
  readonly #watch: FileWatch;
  readonly #listeners = new Map<number, ChangeListeners>();

  constructor(database: Database, options: SqliteStorageOptions) {
    const { clock = Date, pollIntervalMs } = options;
    this.#database = database;
    this.#store = new Store(database, fileOf(options), clock);
    this.#watch = new FileWatch(database, () => this.#notifyAll(), pollIntervalMs);
    this.taskHubs = new SqliteTaskHubs(this.#store, (hubId) => this.#listeners.get(hubId)?.notify());
  }

  async openTaskHub(name: string): Promise<TaskHubStore> {
    const row = this.#store.transactions.read("openTaskHub", () => this.#store.hubs.find(name));
    if (row === undefined) throw new TaskHubNotFoundError(name);
    const hub = { ...row, store: this.#store, listeners: this.#listenersOf(row.hubId) };
    return {
      hub: row.description,
      client: new SqliteClientStore(hub),
      query: new SqliteQueryStore(hub),
      worker: (identity) => new SqliteWorkerStore(hub, identity),
    };
  }

  async close(): Promise<void> {
    this.#watch.stop();
    this.#store.writes.flush();
    this.#database.close();
  }

  #listenersOf(hubId: number): ChangeListeners {
    const known = this.#listeners.get(hubId);
    if (known) return known;
    const listeners = new ChangeListeners((isNeeded) => this.#watchWhile(isNeeded));
    this.#listeners.set(hubId, listeners);
    return listeners;
  }

  #watchWhile(isNeeded: boolean): void {
    if (isNeeded) this.#watch.start();
    else if ([...this.#listeners.values()].every((listeners) => listeners.isEmpty)) this.#watch.stop();
  }

  #notifyAll(): void {
    for (const listeners of this.#listeners.values()) listeners.notify();
  }
}

function fileOf({ path, synchronous = "full" }: SqliteStorageOptions): DatabaseOptions {
  return { path, synchronous };
}
