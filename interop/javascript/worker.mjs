import { TaskHubGrpcWorker } from "@microsoft/durabletask-js";
import { activities, entities, named, orchestrators } from "./functions.mjs";

const silent = () => {};

/** The SDK's `start` does not wait, and says only in its log that the stream is open. */
const logger = {
  debug: silent,
  info: (message) => {
    if (message.startsWith("Successfully connected")) console.log("READY");
  },
  warn: silent,
  error: (...parts) => console.error(...parts),
};

export async function runWorker(hostAddress) {
  const worker = new TaskHubGrpcWorker({
    hostAddress,
    logger,
    workItemFilters: "auto",
    shutdownTimeoutMs: 2000,
  });
  for (const [name, activity] of Object.entries(activities)) worker.addNamedActivity(named(name), activity);
  for (const [name, run] of Object.entries(orchestrators)) worker.addNamedOrchestrator(named(name), run);
  for (const [name, factory] of Object.entries(entities)) worker.addNamedEntity(named(name), factory);
  await worker.start();

  await new Promise((resolve) => {
    process.once("SIGTERM", resolve);
    process.stdin.once("end", resolve).resume();
  });
  await worker.stop();
}
