// Writes test/golden/databases/v<n>.db as the schema of today has it, which is version n. Run it once for each schema
// version; the files of older versions stay as they are.

import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { openSqliteStorage } from "../dist/providers/sqlite/index.js";
import { partitionOf } from "../dist/storage/index.js";

const version = readdirSync(new URL("../migrations/sqlite/", import.meta.url)).length;
const path = fileURLToPath(new URL(`../test/golden/databases/v${version}.db`, import.meta.url));
const NOW = Date.UTC(2026, 0, 1);
const TRACE = { traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
const SIGNAL = '{"type":"EntityOperation","timestamp":0,"requestId":"r","operation":"add","input":"1"}';

rmSync(path, { force: true });
const storage = openSqliteStorage({ path, clock: { now: () => NOW } });
await storage.taskHubs.ensure("Golden", { partitionCount: 2 });
const hub = await storage.openTaskHub("Golden");
const store = hub.worker({ workerId: "maker", processId: 1, hostName: "maker", leaseMs: 1000 });
const owned = await store.join();

const runs = {};
for (const [index, instanceId] of ["pending", "running", "completed", "failed", "quarantined"].entries()) {
  const instance = { instanceId, executionId: `${instanceId}-1`, name: "hello", createdAt: NOW + index };
  const more = { input: '"Grüße"', tags: { team: "blue" }, traceContext: TRACE };
  const created = await hub.client.create({ ...instance, ...more }, []);
  runs[instanceId] = created.run;
}
await hub.client.send([{ instanceId: "running", key: "k", at: NOW, event: '{"type":"EventRaised"}' }]);

const events = '[{"type":"ExecutionStarted"}]';
await commit("running", 0, { status: "Running", recover: true, customStatus: '"half way"' }, [7]);
await commit("running", 1, undefined, []);
await commit("completed", 0, { status: "Completed", output: '"done"', completedAt: NOW + 9 }, []);
await commit("failed", 0, { status: "Failed", output: '"no"', failure: '{"errorType":"Error"}' }, []);
await bear("@counter@a", { exists: true, state: "7", lockedBy: "running", criticalSectionId: "s" });
await hub.client.send([{ instanceId: "@counter@a", at: NOW, dueAt: NOW + 60_000, event: SIGNAL }]);
await store.quarantine("quarantined", "It crashed the process.");
await store.leave();
await storage.close();

async function bear(instanceId, state) {
  const [run, partition] = [await store.allocateRuns(1), partitionOf(instanceId, owned.length)];
  const instance = { instanceId, run, executionId: "e", name: "counter", createdAt: NOW - 1 };
  await store.commit([
    {
      partition,
      epoch: owned[partition].epoch,
      instanceId,
      run,
      chunk: { seq: 0, at: NOW, eventCount: 3, events },
      snapshot: true,
      create: { instance, replaces: [] },
      patch: { status: "Running", input: JSON.stringify(state), customStatus: '{"entityExists":true}' },
      consumed: [],
      timersNew: [],
      timersDone: [],
      messages: [],
      starts: [],
    },
  ]);
}

async function commit(instanceId, seq, patch, timerIds) {
  const run = runs[instanceId];
  const partition = partitionOf(instanceId, owned.length);
  await store.commit([
    {
      partition,
      epoch: owned[partition].epoch,
      instanceId,
      run,
      chunk: { seq, at: NOW + 10 + seq, eventCount: 3, events },
      ...(patch ? { patch } : {}),
      consumed: [],
      timersNew: timerIds.map((id) => ({ run, id, dueAt: NOW + 1000, instanceId })),
      timersDone: [],
      messages: [],
      starts: [],
    },
  ]);
}
