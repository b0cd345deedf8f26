import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { Worker } from "node:worker_threads";
import { DurableError } from "../../core/errors.ts";
import type { PurgeAnswer, PurgeJob, PurgeOrder, PurgeProgressed } from "./purge-job.ts";
import type { Hub } from "./store.ts";

/** The compiled file, also where this one runs from source: a thread loads no TypeScript. */
const THREAD = fileURLToPath(new URL("../../../dist/providers/sqlite/purge-thread.js", import.meta.url));

/** Goes on with a purge in a thread with a connection of its own, a batch for each time it is asked to. */
export async function* purgeOnThread(
  hub: Hub,
  request: PurgeJob["request"],
): AsyncGenerator<PurgeProgressed> {
  const { hubId, description, store } = hub;
  const { gate, stop } = store.transactions.shareFile();
  const workerData: PurgeJob = {
    file: store.file,
    fileId: store.transactions.fileId,
    hub: { hubId, description },
    request,
    gate: gate.buffer,
  };
  const thread = new Worker(THREAD, { workerData });
  const ended = once(thread, "exit");
  try {
    for (;;) {
      const answer = await next(thread, ended);
      if (answer.type === "failed") throw errorOf(answer);
      yield answer;
      if (answer.done) return;
    }
  } finally {
    stop();
    thread.postMessage("stop" satisfies PurgeOrder);
    await ended;
  }
}

async function next(thread: Worker, ended: Promise<unknown>): Promise<PurgeAnswer> {
  const answered = once(thread, "message") as Promise<[PurgeAnswer]>;
  thread.postMessage("next" satisfies PurgeOrder);
  const first = await Promise.race([answered, ended.then(() => undefined)]);
  if (first === undefined) throw new Error("The thread of the purge has ended before the purge was done.");
  return first[0];
}

function errorOf({ code, message }: Extract<PurgeAnswer, { readonly type: "failed" }>): Error {
  return code === undefined ? new Error(message) : new DurableError(code, message);
}
