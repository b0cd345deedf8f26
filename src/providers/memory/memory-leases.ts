import type { OwnedPartition, WorkerIdentity } from "../../storage/index.ts";

interface Partition {
  epoch: number;
  owner: string | undefined;
  takenOver: boolean;
}

interface Worker {
  readonly beatAt: number;
  readonly leaseMs: number;
}

/** Who owns which partition. A worker that has not beaten for its lease time may be relieved; until then it may come back. */
export class MemoryLeases {
  readonly #clock: { now(): number };
  readonly #partitions: readonly Partition[];
  readonly #workers = new Map<string, Worker>();

  constructor(partitionCount: number, clock: { now(): number }) {
    this.#clock = clock;
    this.#partitions = Array.from({ length: partitionCount }, () => ({
      epoch: 0,
      owner: undefined,
      takenOver: false,
    }));
  }

  /** Makes the worker known, or renews its lease, and takes what is free. The answer is all it owns. */
  beat({ workerId, leaseMs }: WorkerIdentity): readonly OwnedPartition[] {
    this.#workers.set(workerId, { beatAt: this.#clock.now(), leaseMs });
    for (const partition of this.#partitions) {
      const { owner } = partition;
      if (owner !== undefined && this.#isAlive(owner)) continue;
      partition.epoch += 1;
      partition.owner = workerId;
      partition.takenOver = owner !== undefined;
    }
    return this.#ownedBy(workerId);
  }

  leave(workerId: string): void {
    for (const partition of this.#partitions) {
      if (partition.owner === workerId) partition.owner = undefined;
    }
    this.#workers.delete(workerId);
  }

  fenceAll(): void {
    for (const partition of this.#partitions) {
      partition.epoch += 1;
      partition.owner = undefined;
    }
  }

  holds(workerId: string, partition: number, epoch: number): boolean {
    const found = this.#partitions[partition];
    return found !== undefined && found.owner === workerId && found.epoch === epoch;
  }

  #ownedBy(workerId: string): readonly OwnedPartition[] {
    return this.#partitions.flatMap(({ owner, epoch, takenOver }, partition) =>
      owner === workerId ? [{ partition, epoch, takenOver }] : [],
    );
  }

  #isAlive(workerId: string): boolean {
    const worker = this.#workers.get(workerId);
    return worker !== undefined && worker.beatAt + worker.leaseMs > this.#clock.now();
  }
}
