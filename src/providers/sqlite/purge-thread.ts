import { parentPort, workerData } from "node:worker_threads";
import { isDurableError } from "../../core/errors.ts";
import type { PurgeAnswer, PurgeJob, PurgeOrder } from "./purge-job.ts";
import { PurgeRun } from "./purge-run.ts";

if (parentPort === null) throw new Error("This file is the program of a thread.");
const port = parentPort;
const job = workerData as PurgeJob;
let run: PurgeRun | undefined;

port.on("message", (order: PurgeOrder) => {
  if (order === "next") return port.postMessage(answer());
  port.close();
  run?.close();
});

/** An error goes over as its code and its text: a class does not. */
function answer(): PurgeAnswer {
  try {
    run ??= new PurgeRun(job);
    return run.goOn();
  } catch (error) {
    const code = isDurableError(error) ? error.code : undefined;
    return { type: "failed", code, message: error instanceof Error ? error.message : String(error) };
  }
}
