import {
  type StorageProvider,
  type TaskHubAdmin,
  type TaskHubDescription,
  TaskHubNotFoundError,
  type TaskHubStore,
} from "../../storage/index.ts";
import { MemoryClientStore } from "./memory-client.ts";
import { type MemoryCounters, MemoryHub } from "./memory-hub.ts";
import { MemoryLeases } from "./memory-leases.ts";
import { MemoryQueryStore } from "./memory-query.ts";
import { MemoryWorkerStore } from "./memory-worker.ts";

export interface MemoryStorageOptions {
  /** Default: the clock of this machine. */
  readonly clock?: { now(): number };
}

/** A store that lives and dies with the process: the reference of the contract, and what simulations run on. */
export function createMemoryStorage(options: MemoryStorageOptions = {}): StorageProvider {
  return new MemoryStorage(options.clock ?? Date);
}

class MemoryStorage implements StorageProvider {
  readonly taskHubs: TaskHubAdmin;
  readonly #hubs: ReadonlyMap<string, MemoryHub>;

  constructor(clock: { now(): number }) {
    const hubs = new Map<string, MemoryHub>();
    this.#hubs = hubs;
    this.taskHubs = new MemoryTaskHubs(hubs, clock);
  }

  async openTaskHub(name: string): Promise<TaskHubStore> {
    const hub = this.#hubs.get(name.toLowerCase());
    if (hub === undefined) throw new TaskHubNotFoundError(name);
    return {
      hub: hub.description,
      client: new MemoryClientStore(hub),
      query: new MemoryQueryStore(hub),
      worker: (identity) => new MemoryWorkerStore(hub, identity),
    };
  }

  async close(): Promise<void> {}
}

class MemoryTaskHubs implements TaskHubAdmin {
  readonly #hubs: Map<string, MemoryHub>;
  readonly #clock: { now(): number };
  readonly #counters: MemoryCounters = { nextRun: 1, nextMessageId: 1 };

  constructor(hubs: Map<string, MemoryHub>, clock: { now(): number }) {
    this.#hubs = hubs;
    this.#clock = clock;
  }

  async ensure(
    name: string,
    options: { readonly partitionCount?: number } = {},
  ): Promise<TaskHubDescription> {
    const known = this.#hubs.get(name.toLowerCase());
    if (known) return known.description;
    const partitionCount = options.partitionCount ?? 1;
    const description = { name, partitionCount, createdAt: this.#clock.now() };
    const leases = new MemoryLeases(partitionCount, this.#clock);
    this.#hubs.set(name.toLowerCase(), new MemoryHub(description, this.#counters, leases));
    return description;
  }

  async list(): Promise<readonly TaskHubDescription[]> {
    return [...this.#hubs.values()].map((hub) => hub.description);
  }

  async markDeleted(name: string): Promise<boolean> {
    const hub = this.#hubs.get(name.toLowerCase());
    hub?.markDeleted();
    return this.#hubs.delete(name.toLowerCase());
  }

  async sweep(): Promise<boolean> {
    return true;
  }
}
