import { DurableError } from "../../core/errors.ts";
import type { TaskHubAdmin, TaskHubDescription } from "../../storage/index.ts";
import { MAX_PARTITIONS } from "./hub-row.ts";
import type { Store } from "./store.ts";
import { sweep } from "./sweep.ts";

export class SqliteTaskHubs implements TaskHubAdmin {
  readonly #store: Store;
  readonly #onDeleted: (hubId: number) => void;

  constructor(store: Store, onDeleted: (hubId: number) => void) {
    this.#store = store;
    this.#onDeleted = onDeleted;
  }

  async ensure(
    name: string,
    options: { readonly partitionCount?: number } = {},
  ): Promise<TaskHubDescription> {
    const { transactions, hubs, leases, clock } = this.#store;
    const partitionCount = options.partitionCount ?? 1;
    checkPartitionCount(partitionCount);
    const known = transactions.read("ensure", () => hubs.find(name));
    if (known) return known.description;
    return transactions.write("ensure", () => {
      const rival = hubs.find(name);
      if (rival) return rival.description;
      const { hubId, description } = hubs.insert(name, partitionCount, clock.now());
      leases.create(hubId, partitionCount);
      return description;
    });
  }

  async list(): Promise<readonly TaskHubDescription[]> {
    const { transactions, hubs } = this.#store;
    return transactions.read("list", () => hubs.list().map((hub) => hub.description));
  }

  async markDeleted(name: string): Promise<boolean> {
    const { transactions, hubs, leases } = this.#store;
    const deleted = transactions.write("markDeleted", () => {
      const hub = hubs.find(name);
      if (hub === undefined) return undefined;
      hubs.markDeleted(hub);
      leases.fence(hub.hubId);
      return hub;
    });
    if (deleted) this.#onDeleted(deleted.hubId);
    return deleted !== undefined;
  }

  async sweep(maxRows: number): Promise<boolean> {
    return sweep(this.#store, maxRows);
  }
}

function checkPartitionCount(count: number): void {
  if (Number.isInteger(count) && count >= 1 && count <= MAX_PARTITIONS) return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `A task hub in SQLite has 1 to ${MAX_PARTITIONS} partitions; ${count} were asked for.`,
  );
}
