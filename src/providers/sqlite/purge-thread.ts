import { parentPort, workerData } from "node:worker_threads";
import { isDurableError } from "../../core/errors.ts";
import { ChangeListeners } from "../change-listeners.ts";
import { openDatabase } from "./open-database.ts";
import { purgeStep } from "./purge.ts";
import type { PurgeAnswer, PurgeJob, PurgeOrder } from "./purge-job.ts";
import { Store } from "./store.ts";
import { FIRST_ID } from "./sweep.ts";
import { WriteGate } from "./write-gate.ts";

/** Others may have waited for the file for as long as they had to, and this thread has time. */
const BUSY_TIMEOUT_MS = 60_000;
/** To ask for each batch would leave this thread idle while the other one is busy. */
const BATCHES_OF_AN_ORDER = 5;
/** Between two batches, for writers of other processes. */
const PAUSE_MS = 1;
/** While the other thread writes too, a purge goes no faster than so many instances a millisecond, and leaves it the rest. */
const BESIDE_OTHERS_PER_MS = 38;
/** What is copied from the log to the file is copied here, so that no commit of the other thread has to. */
const BATCHES_OF_A_CHECKPOINT = 10;

if (parentPort === null) throw new Error("This file is the program of a thread.");
const port = parentPort;
const { file, hub, request, gate: buffer } = workerData as PurgeJob;
const gate = new WriteGate(buffer);
const database = openDatabase({ ...file, synchronous: "normal" });
database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma wal_autocheckpoint = 0`);
const store = new Store(database, file, Date);
store.transactions.writeThrough(gate);
const target = { ...hub, store, listeners: new ChangeListeners() };
const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
let after = request.after;
let batches = 0;
let isUnsecured = false;

port.on("message", (order: PurgeOrder) => {
  if (order === "next") return port.postMessage(answer());
  if (isUnsecured) secure();
  database.close();
  port.close();
});

function answer(): PurgeAnswer {
  try {
    return purgeSome();
  } catch (error) {
    isUnsecured = false; // The next commit that waits for the disk secures what there is.
    const code = isDurableError(error) ? error.code : undefined;
    return { type: "failed", code, message: error instanceof Error ? error.message : String(error) };
  }
}

function purgeSome(): PurgeAnswer {
  let instances = 0;
  let rows = 0;
  for (let batch = 0; batch < BATCHES_OF_AN_ORDER; batch++) {
    const began = performance.now();
    const passages = gate.passages;
    const { instancesDeleted, rowsDeleted, cursor } = purgeStep(target, {
      ...request,
      after,
      leavesIds: true,
    });
    instances += instancesDeleted;
    rows += rowsDeleted;
    isUnsecured ||= instancesDeleted > 0;
    after = cursor;
    batches += 1;
    if (batches % BATCHES_OF_A_CHECKPOINT === 0) database.exec("pragma wal_checkpoint(passive)");
    if (cursor === undefined) {
      secure();
      return { type: "progress", instances, rows, done: true };
    }
    const isAlone = gate.passages <= passages + 1;
    const slotMs = isAlone ? 0 : instancesDeleted / BESIDE_OTHERS_PER_MS;
    pause(Math.max(PAUSE_MS, slotMs - (performance.now() - began)));
  }
  return { type: "progress", instances, rows, done: false };
}

/**
 * Batches do not wait for the disk: the next commit that does, of whoever writes to the log, secures those before it. After
 * the last one this is it.
 */
function secure(): void {
  database.exec(`pragma synchronous = ${file.synchronous}`);
  store.transactions.write("purge", () => store.hubs.setSweep(hub, FIRST_ID));
  isUnsecured = false;
}

function pause(ms: number): void {
  Atomics.wait(nobody, 0, 0, ms);
}
