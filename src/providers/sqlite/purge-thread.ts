import { parentPort, workerData } from "node:worker_threads";
import { isDurableError } from "../../core/errors.ts";
import { ChangeListeners } from "../change-listeners.ts";
import { openDatabase } from "./open-database.ts";
import { purgeStep } from "./purge.ts";
import type { PurgeAnswer, PurgeJob, PurgeOrder } from "./purge-job.ts";
import { Store } from "./store.ts";

/** Others may have waited for the file for as long as they had to, and this thread has time. */
const BUSY_TIMEOUT_MS = 60_000;

if (parentPort === null) throw new Error("This file is the program of a thread.");
const port = parentPort;
const { file, hub, request } = workerData as PurgeJob;
const database = openDatabase(file);
database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
const target = { ...hub, store: new Store(database, file, Date), listeners: new ChangeListeners() };
let after = request.after;

port.on("message", (order: PurgeOrder) => {
  if (order === "next") return port.postMessage(answer());
  database.close();
  port.close();
});

function answer(): PurgeAnswer {
  try {
    const { instancesDeleted, cursor } = inTurn(() =>
      purgeStep(target, { ...request, after, leavesIds: true }),
    );
    after = cursor;
    return { type: "progress", count: instancesDeleted, done: cursor === undefined };
  } catch (error) {
    const code = isDurableError(error) ? error.code : undefined;
    return { type: "failed", code, message: error instanceof Error ? error.message : String(error) };
  }
}

let freeAt = 0;

/**
 * Leaves the file to others for as long as it had it itself: SQLite lets whoever waits look now and then whether it is
 * free, and does not queue.
 */
function inTurn<Result>(body: () => Result): Result {
  const pause = freeAt - performance.now();
  if (pause > 0) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, pause);
  const began = performance.now();
  const result = body();
  const ended = performance.now();
  freeAt = ended + (ended - began);
  return result;
}
