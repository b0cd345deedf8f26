import { parentPort, workerData } from "node:worker_threads";
import { isDurableError } from "../../core/errors.ts";
import { ChangeListeners } from "../change-listeners.ts";
import { openDatabase } from "./open-database.ts";
import { purgeStep } from "./purge.ts";
import type { PurgeAnswer, PurgeJob, PurgeOrder } from "./purge-job.ts";
import { Store } from "./store.ts";
import { WriteGate } from "./write-gate.ts";

/** Others may have waited for the file for as long as they had to, and this thread has time. */
const BUSY_TIMEOUT_MS = 60_000;
/** To ask for each batch would leave this thread idle while the other one is busy. */
const BATCHES_OF_AN_ORDER = 5;
/** Between two batches, for writers of other processes. */
const PAUSE_MS = 1;
/** What is copied from the log to the file is copied here, so that no commit of the other thread has to. */
const BATCHES_OF_A_CHECKPOINT = 10;

if (parentPort === null) throw new Error("This file is the program of a thread.");
const port = parentPort;
const { file, hub, request, gate } = workerData as PurgeJob;
const database = openDatabase(file);
database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}; pragma wal_autocheckpoint = 0`);
const store = new Store(database, file, Date);
store.transactions.writeThrough(new WriteGate(gate));
const target = { ...hub, store, listeners: new ChangeListeners() };
const nobody = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
let after = request.after;
let batches = 0;

port.on("message", (order: PurgeOrder) => {
  if (order === "next") return port.postMessage(answer());
  database.close();
  port.close();
});

function answer(): PurgeAnswer {
  try {
    return purgeSome();
  } catch (error) {
    const code = isDurableError(error) ? error.code : undefined;
    return { type: "failed", code, message: error instanceof Error ? error.message : String(error) };
  }
}

function purgeSome(): PurgeAnswer {
  let count = 0;
  for (let batch = 0; batch < BATCHES_OF_AN_ORDER; batch++) {
    const { instancesDeleted, cursor } = purgeStep(target, { ...request, after, leavesIds: true });
    count += instancesDeleted;
    after = cursor;
    batches += 1;
    if (batches % BATCHES_OF_A_CHECKPOINT === 0) database.exec("pragma wal_checkpoint(passive)");
    else Atomics.wait(nobody, 0, 0, PAUSE_MS);
    if (cursor === undefined) return { type: "progress", count, done: true };
  }
  return { type: "progress", count, done: false };
}
