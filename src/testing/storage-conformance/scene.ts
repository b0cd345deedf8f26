import { afterEach, beforeEach } from "vitest";
import type {
  CommitOutcome,
  Episode,
  HistoryChunk,
  NewInstance,
  OwnedPartition,
  PullRequest,
  StorageProvider,
  TaskHubStore,
  WorkerStore,
} from "../../storage/index.ts";
import type { OpenHarness, StorageHarness } from "./harness.ts";

export const NOW = 1_800_000_000_000;
export const LEASE_MS = 15_000;

/** One empty task hub, "Hub", of one partition. */
export class Scene {
  readonly harness: StorageHarness;
  readonly hub: TaskHubStore;
  readonly #reopened: StorageProvider[] = [];

  private constructor(harness: StorageHarness, hub: TaskHubStore) {
    this.harness = harness;
    this.hub = hub;
  }

  static async set(open: OpenHarness): Promise<Scene> {
    const harness = await open();
    await harness.storage.taskHubs.ensure("Hub", { partitionCount: 1 });
    return new Scene(harness, await harness.storage.openTaskHub("Hub"));
  }

  async clear(): Promise<void> {
    await Promise.all(this.#reopened.map((storage) => storage.close()));
    await this.harness.dispose();
  }

  /** The same hub as another process sees it. */
  async elsewhere(): Promise<TaskHubStore> {
    const storage = await this.harness.reopen?.();
    if (storage === undefined) return this.harness.storage.openTaskHub("Hub");
    this.#reopened.push(storage);
    return storage.openTaskHub("Hub");
  }

  async join(workerId = "worker"): Promise<Owner> {
    const store = workerOf(this.hub, workerId);
    const [owned] = await store.join();
    if (owned === undefined) throw new Error(`"${workerId}" was given no partition`);
    return new Owner(store, owned);
  }

  /** Creates an instance through the client; the answer is its run. */
  async create(instanceId: string, more: Partial<NewInstance> = {}): Promise<number> {
    const result = await this.hub.client.create(newInstance(instanceId, more), []);
    if (result.type !== "created") throw new Error(`"${instanceId}" exists`);
    return result.run;
  }
}

/** Sets the scene before each test; the answer gives the one of the running test. */
export function useScene(open: OpenHarness): () => Scene {
  let scene: Scene | undefined;
  beforeEach(async () => {
    scene = await Scene.set(open);
  });
  afterEach(() => scene?.clear());
  return () => {
    if (scene === undefined) throw new Error("There is a scene only while a test runs");
    return scene;
  };
}

export function workerOf(hub: TaskHubStore, workerId: string): WorkerStore {
  return hub.worker({ workerId, processId: process.pid, hostName: "conformance", leaseMs: LEASE_MS });
}

/** A worker that owns the hub's partition. */
export class Owner {
  readonly store: WorkerStore;
  readonly owned: OwnedPartition;

  constructor(store: WorkerStore, owned: OwnedPartition) {
    this.store = store;
    this.owned = owned;
  }

  episode(instanceId: string, run: number, more: Partial<Episode> = {}): Episode {
    const { partition, epoch } = this.owned;
    return {
      partition,
      epoch,
      instanceId,
      run,
      chunk: chunk(0),
      consumed: [],
      timersNew: [],
      timersDone: [],
      messages: [],
      starts: [],
      ...more,
    };
  }

  async commit(...episodes: readonly Episode[]): Promise<readonly CommitOutcome[]> {
    return this.store.commit(episodes);
  }

  /** Commits one episode that must be applied. */
  async apply(episode: Episode): Promise<Extract<CommitOutcome, { readonly type: "applied" | "already" }>> {
    const [outcome] = await this.commit(episode);
    if (outcome?.type !== "applied")
      throw new Error(`The episode was not applied: ${JSON.stringify(outcome)}`);
    return outcome;
  }

  /** Brings an instance to a terminal status. */
  async complete(instanceId: string, run: number, more: Partial<Episode> = {}): Promise<void> {
    const patch = { status: "Completed", output: '"done"', completedAt: NOW + 1 } as const;
    await this.apply(this.episode(instanceId, run, { patch, ...more }));
  }

  pull(more: Partial<PullRequest> = {}) {
    const { partition } = this.owned;
    return this.store.pull({ partition, limit: 100, now: NOW, afterMessage: 0, ...more });
  }
}

/** Completed instances; the name of each is the letters its id begins with. */
export async function createMany(
  owner: Owner,
  count: number,
  idOf: (index: number) => string,
): Promise<void> {
  const first = await owner.store.allocateRuns(count);
  const patch = { status: "Completed", completedAt: NOW + 1 } as const;
  const episodes = Array.from({ length: count }, (_, index) => {
    const instanceId = idOf(index);
    const run = first + index;
    const name = instanceId.replace(/\d+$/, "");
    const instance = { ...newInstance(instanceId, { name, createdAt: NOW + index }), run };
    return owner.episode(instanceId, run, { create: { instance, replaces: [] }, patch });
  });
  const outcomes = await owner.commit(...episodes);
  const failed = outcomes.find(({ type }) => type !== "applied");
  if (failed) throw new Error(`An episode was not applied: ${JSON.stringify(failed)}`);
}

export function newInstance(instanceId: string, more: Partial<NewInstance> = {}): Omit<NewInstance, "run"> {
  return { instanceId, executionId: `${instanceId}-1`, name: "hello", createdAt: NOW, ...more };
}

export function chunk(seq: number, events = `[{"seq":${seq}}]`): HistoryChunk {
  return { seq, at: NOW + seq, eventCount: 3, events };
}

export async function historyOf(
  hub: TaskHubStore,
  instanceId: string,
  fromSeq?: number,
): Promise<HistoryChunk[]> {
  return collect(hub.query.history(instanceId, fromSeq));
}

export async function collect<Item>(items: AsyncIterable<Item>): Promise<Item[]> {
  const collected: Item[] = [];
  for await (const item of items) collected.push(item);
  return collected;
}

export function types(outcomes: readonly CommitOutcome[]): readonly string[] {
  return outcomes.map((outcome) => outcome.type);
}
