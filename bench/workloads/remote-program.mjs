/** A worker or a client made with the published JavaScript SDK, which has a Node.js of its own: remote.ts starts it. */
import { createRequire } from "node:module";

const require = createRequire(new URL("../../interop/javascript/package.json", import.meta.url));
const { TaskHubGrpcClient, TaskHubGrpcWorker } = require("@microsoft/durabletask-js");

const [mode, hostAddress, count] = process.argv.slice(2);
const silent = () => {};
const logger = { debug: silent, info: silent, warn: silent, error: (...parts) => console.error(...parts) };

if (mode === "worker") {
  const worker = new TaskHubGrpcWorker({ hostAddress, logger });
  worker.addNamedActivity("sayHello", (_, city) => `Hello, ${city}!`);
  worker.addNamedOrchestrator("sequence", async function* (context, steps) {
    const greetings = [];
    for (let step = 0; step < steps; step++) greetings.push(yield context.callActivity("sayHello", "Tokyo"));
    return greetings;
  });
  await worker.start();
} else {
  const client = new TaskHubGrpcClient({ hostAddress, logger });
  const id = await client.scheduleNewOrchestration("nobodyHasThis");
  const waits = Array.from({ length: Number(count) }, () =>
    client.waitForOrchestrationCompletion(id, false, 600),
  );
  const endAll = async () => {
    const began = performance.now();
    await client.terminateOrchestration(id, "over");
    await Promise.all(waits);
    process.send(performance.now() - began);
  };
  process.once("message", () => void endAll());
  setTimeout(() => process.send("waiting"), 5_000);
}
