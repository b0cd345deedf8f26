import { randomBytes } from "node:crypto";
import { TaskHub } from "perdure";
import { createMemoryStorage } from "perdure/providers/memory";
import { openSqliteStorage } from "perdure/providers/sqlite";
import type { Episode, HistoryChunk, InstancePatch, OwnedPartition, WorkerStore } from "perdure/storage";
import { benchApp } from "../hub.ts";

export const HUB = "DurableFunctionsHub";
const AT_ONCE = 1_000;
const DAY_MS = 24 * 60 * 60 * 1_000;
/** They were created evenly over so many days before now. */
export const DAYS = 30;
/** Most ids begin with this; the rest of an id is random, as most ids in the field are. */
export const PREFIX = "order-";

/** How the statuses are shared out, in hundredths. */
const SHARES: readonly (readonly [InstancePatch["status"] & string, number])[] = [
  ["Completed", 65],
  ["Failed", 10],
  ["Terminated", 5],
  ["Running", 15],
  ["Suspended", 5],
];

/**
 * Fills a hub through the store: hello-sequences as the engine records them, a commit of the whole history each, with ids,
 * times and statuses of a hub that has been in use for a month. None has work that is under way.
 */
export async function fillHub(path: string, count: number): Promise<void> {
  const chunks = await recordedSequence();
  const storage = openSqliteStorage({ path, synchronous: "normal" });
  await storage.taskHubs.ensure(HUB);
  const hub = await storage.openTaskHub(HUB);
  const worker = hub.worker({
    workerId: "fill",
    processId: process.pid,
    hostName: "bench",
    leaseMs: 10 * 60_000,
  });
  const [owned] = await worker.join();
  if (owned === undefined) throw new Error("The hub is in use.");
  const began = Date.now() - DAYS * DAY_MS;
  for (let done = 0; done < count; done += AT_ONCE) {
    const size = Math.min(AT_ONCE, count - done);
    await fillSome({ worker, owned, chunks }, size, (index) => ({
      number: done + index,
      createdAt: began + Math.floor(((done + index) / count) * DAYS * DAY_MS),
    }));
  }
  await worker.leave();
  await storage.close();
}

interface Filling {
  readonly worker: WorkerStore;
  readonly owned: OwnedPartition;
  readonly chunks: readonly HistoryChunk[];
}

interface Place {
  readonly number: number;
  readonly createdAt: number;
}

async function fillSome(
  { worker, owned, chunks }: Filling,
  count: number,
  placeOf: (index: number) => Place,
): Promise<void> {
  const firstRun = await worker.allocateRuns(count);
  const episodes = Array.from({ length: count }, (_, index) =>
    episodesOf(owned, firstRun + index, placeOf(index), chunks),
  );
  const outcomes = await worker.commit(episodes.flat());
  const refused = outcomes.find(({ type }) => type !== "applied");
  if (refused) throw new Error(`The store refused an instance: ${JSON.stringify(refused)}`);
}

function episodesOf(
  { partition, epoch }: OwnedPartition,
  run: number,
  { number, createdAt }: Place,
  chunks: readonly HistoryChunk[],
): Episode[] {
  const random = randomBytes(16).toString("hex");
  const instanceId = number % 10 < 7 ? `${PREFIX}${random}` : random;
  const instance = {
    instanceId,
    run,
    executionId: random,
    name: `sequence${number % 7}`,
    createdAt,
    input: "3",
  };
  const status = statusOf(number);
  const last = chunks.length - 1;
  return chunks.map((chunk, seq) => ({
    partition,
    epoch,
    instanceId,
    run,
    chunk: { ...chunk, at: createdAt + seq },
    ...(seq === 0 ? { create: { instance, replaces: [] } } : {}),
    ...(seq === last ? { patch: patchOf(status, createdAt) } : {}),
    consumed: [],
    timersNew: [],
    timersDone: [],
    messages: [],
    starts: [],
  }));
}

function patchOf(status: InstancePatch["status"] & string, createdAt: number): InstancePatch {
  const isLive = status === "Running" || status === "Suspended";
  return isLive
    ? { status, recover: false }
    : { status, recover: false, completedAt: createdAt + 5, output: '["Hello, Tokyo!"]' };
}

/** Neighbors in time have different statuses: 37 has no divisor in common with 100. */
function statusOf(number: number): InstancePatch["status"] & string {
  let place = (number * 37) % 100;
  for (const [status, share] of SHARES) {
    if (place < share) return status;
    place -= share;
  }
  return "Completed";
}

/** The history of a hello-sequence, as the engine has written it. */
async function recordedSequence(): Promise<readonly HistoryChunk[]> {
  const storage = createMemoryStorage();
  const hub = await TaskHub.open(storage, { app: benchApp() });
  await hub.start();
  const id = await hub.client.startNew("sequence", { input: 3 });
  await hub.client.waitForCompletion(id);
  const chunks: HistoryChunk[] = [];
  for await (const chunk of (await storage.openTaskHub(HUB)).query.history(id)) chunks.push(chunk);
  await hub.close();
  return chunks;
}
