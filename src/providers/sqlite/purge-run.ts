import { StorageUnavailableError } from "../../storage/index.ts";
import { ChangeListeners } from "../change-listeners.ts";
import type { Database } from "./database.ts";
import { openDatabase } from "./open-database.ts";
import { purgeStep } from "./purge.ts";
import type { PurgeJob, PurgeProgressed } from "./purge-job.ts";
import { type Hub, Store } from "./store.ts";
import { FIRST_ID } from "./sweep.ts";
import { fileIdOf } from "./transactions.ts";
import { WriteGate } from "./write-gate.ts";

/** Others may have waited for the file for as long as they had to, and this thread has time. */
const BUSY_TIMEOUT_MS = 60_000;
/** To be asked for each batch would leave this thread idle while the other one is busy. */
const BATCHES_AT_ONCE = 5;
/** Between two batches, for writers of other processes. */
const PAUSE_MS = 1;
/** While other threads write too, a purge goes no faster than so many instances a millisecond, and leaves them the rest. */
const BESIDE_OTHERS_PER_MS = 38;
/** What is copied from the log to the file is copied here, so that no commit of another thread has to. */
const BATCHES_OF_A_CHECKPOINT = 10;

/** A purge with a connection of its own, in a thread that may be blocked. */
export class PurgeRun {
  readonly #job: PurgeJob;
  readonly #database: Database;
  readonly #hub: Hub;
  readonly #gate: WriteGate;
  readonly #sleeper = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #after: PurgeJob["request"]["after"];
  #batches = 0;
  #isUnsecured = false;

  constructor(job: PurgeJob) {
    const { file, hub, request, gate } = job;
    if (fileIdOf(file.path) !== job.fileId) {
      throw new StorageUnavailableError(
        "purge",
        new Error(`The file "${file.path}" was deleted or replaced.`),
      );
    }
    this.#job = job;
    this.#database = openDatabase({ ...file, synchronous: "normal" });
    this.#database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma wal_autocheckpoint = 0`);
    this.#gate = new WriteGate(gate);
    const store = new Store(this.#database, file, Date);
    store.transactions.useGate(this.#gate);
    this.#hub = { ...hub, store, listeners: new ChangeListeners() };
    this.#after = request.after;
  }

  /** Goes on by some batches. */
  goOn(): PurgeProgressed {
    let instances = 0;
    let rows = 0;
    for (let batch = 0; batch < BATCHES_AT_ONCE; batch++) {
      const began = performance.now();
      const passages = this.#gate.passages;
      const { instancesDeleted, rowsDeleted, cursor } = this.#step();
      instances += instancesDeleted;
      rows += rowsDeleted;
      if (cursor === undefined) {
        this.#secure();
        return { type: "progress", instances, rows, done: true };
      }
      const isAlone = this.#gate.passages <= passages + 1;
      const slotMs = isAlone ? 0 : instancesDeleted / BESIDE_OTHERS_PER_MS;
      this.#sleep(Math.max(PAUSE_MS, slotMs - (performance.now() - began)));
    }
    return { type: "progress", instances, rows, done: false };
  }

  close(): void {
    try {
      if (this.#isUnsecured) this.#secure();
    } finally {
      this.#database.close();
    }
  }

  #step() {
    const step = purgeStep(this.#hub, { ...this.#job.request, after: this.#after, leavesIds: true });
    this.#after = step.cursor;
    this.#isUnsecured ||= step.instancesDeleted > 0;
    this.#batches += 1;
    if (this.#batches % BATCHES_OF_A_CHECKPOINT === 0) this.#database.exec("pragma wal_checkpoint(passive)");
    return step;
  }

  /**
   * Batches do not wait for the disk: the next commit that does, of whoever writes to the log, secures those before it.
   * After the last one this is it.
   */
  #secure(): void {
    const { transactions, hubs } = this.#hub.store;
    this.#database.exec(`pragma synchronous = ${this.#job.file.synchronous}`);
    transactions.write("purge", () => hubs.setSweep(this.#hub, FIRST_ID));
    this.#isUnsecured = false;
  }

  #sleep(ms: number): void {
    Atomics.wait(this.#sleeper, 0, 0, ms);
  }
}
