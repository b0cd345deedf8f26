import { NoOpLogger, TaskHubGrpcClient } from "@microsoft/durabletask-js";
import { Checks } from "./checks.mjs";
import { scenarios } from "./scenarios.mjs";

const SCENARIO_TIMEOUT_MS = 60_000;

/** Runs every scenario that this SDK's client and the worker behind `prefix` both have; resolves to the exit code. */
export async function runClient({ address, prefix, other }) {
  const client = new TaskHubGrpcClient({ hostAddress: address, logger: new NoOpLogger() });
  let failed = 0;
  let passed = 0;
  for (const { name, needs, run } of scenarios) {
    const checks = new Checks({ client, prefix, other, scenario: name });
    if (needs !== undefined && !checks.worker.has(needs)) continue;
    try {
      await withTimeout(run(checks));
      console.log(`PASS ${name}`);
      passed++;
    } catch (error) {
      console.log(`FAIL ${name}: ${String(error?.message ?? error).replaceAll("\n", " ")}`);
      failed++;
    }
  }
  console.log(`DONE ${passed} passed, ${failed} failed`);
  await client.stop();
  return failed === 0 ? 0 : 1;
}

async function withTimeout(promise) {
  let timer;
  const expired = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("the scenario took too long")), SCENARIO_TIMEOUT_MS);
  });
  try {
    await Promise.race([promise, expired]);
  } finally {
    clearTimeout(timer);
  }
}
