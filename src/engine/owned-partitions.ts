import { dueAtOf } from "../core/entity-message.ts";
import {
  type NewInstance,
  type OwnedPartition,
  partitionOf,
  type TaskHubStore,
  type WorkerStore,
} from "../storage/index.ts";
import type { PendingMessage } from "./active-instance.ts";
import { hostStopping } from "./host-stopping.ts";
import { Partition } from "./partition.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { PartitionPuller } from "./partition-puller.ts";

const BEATS_IN_A_LEASE = 5;
const STANDBY_BEAT_MS = 1_000;

export interface OwnershipOptions {
  readonly store: TaskHubStore;
  readonly worker: WorkerStore;
  readonly ports: PartitionPorts;
  /** A partition has gone to another worker. */
  readonly onLost: () => void;
}

interface Held {
  readonly partition: Partition;
  readonly puller: PartitionPuller;
}

/**
 * Which partitions of the hub are this worker's: takes those nobody owns, keeps its lease on them, and lets go of those
 * that are another's by now.
 */
export class OwnedPartitions {
  readonly #options: OwnershipOptions;
  readonly #held = new Map<number, Held>();
  #isOpen = false;
  #isPullDue = false;
  #changes = 0;
  #cancelBeat: (() => void) | undefined;
  #stopListening: (() => void) | undefined;
  #beating: Promise<void> = Promise.resolve();

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  get count(): number {
    return this.#held.size;
  }

  /** How often a partition has come or gone. */
  get changes(): number {
    return this.#changes;
  }

  /** Whether every partition of the hub is this worker's. */
  get areAll(): boolean {
    return this.#held.size === this.#options.store.hub.partitionCount;
  }

  /** Whether anything is under way that comes to an end, here or also elsewhere. */
  isAnyUnderWay(where: "here" | "anywhere"): boolean {
    return [...this.#held.values()].some(({ partition }) => partition.isAnyUnderWay(where));
  }

  of(instanceId: string): Partition | undefined {
    return this.#heldFor(instanceId)?.partition;
  }

  /** Resolves when the first try to take partitions was made. */
  async open(): Promise<void> {
    const { worker } = this.#options;
    this.#isOpen = true;
    this.#own(await worker.join());
    this.#stopListening = worker.onWake(() => this.#pullSoon());
    this.#scheduleBeat();
  }

  /** Takes nothing new from now on: no partition, and no work that is only in the store. */
  close(): void {
    this.#isOpen = false;
    this.#cancelBeat?.();
    this.#stopListening?.();
    for (const { puller } of this.#held.values()) puller.stop();
  }

  /** Gives up all partitions. Resolves when no sign of life is under way any more. */
  async abandon(reason: Error): Promise<void> {
    for (const { partition } of this.#held.values()) partition.abandon(reason);
    this.#held.clear();
    await this.#beating;
  }

  /** Looks into the store for work, now. */
  pull(): void {
    for (const { puller } of this.#held.values()) puller.pull();
  }

  /** After what is ready has had its turn: what this process wrote itself has mostly begun by then. */
  #pullSoon(): void {
    if (this.#isPullDue) return;
    this.#isPullDue = true;
    const { clock } = this.#options.ports;
    clock.soon(() =>
      clock.soon(() => {
        this.#isPullDue = false;
        this.pull();
      }),
    );
  }

  /** A message of an instance of this worker, committed. */
  sent(instanceId: string, message: PendingMessage): void {
    const held = this.#heldFor(instanceId);
    const dueAt = message.event && dueAtOf(message.event);
    if (dueAt === undefined) held?.partition.sent(instanceId, message);
    else held?.puller.expect(dueAt);
  }

  /** An instance that was committed with an episode of this worker. One for later is in the store until then. */
  started(instance: NewInstance): void {
    const held = this.#heldFor(instance.instanceId);
    const { scheduledAt } = instance;
    if (scheduledAt === undefined || scheduledAt <= this.#options.ports.clock.now())
      held?.partition.beginChild(instance);
    else held?.puller.expect(scheduledAt);
  }

  /** A message of this process is in the store; it may have been taken from there already. */
  stored(instanceId: string, message: PendingMessage & { readonly storedId: number }): void {
    const held = this.#heldFor(instanceId);
    if (held && message.storedId > held.puller.takenUpTo) this.sent(instanceId, message);
  }

  /** This process has put a message for the instance into the store. */
  left(instanceId: string): void {
    const held = this.#heldFor(instanceId);
    held?.partition.backlog.fallBehind();
    held?.puller.pull();
  }

  /** Workers elsewhere have come or gone: what waits in the store for one may have its turn. */
  workersChanged(): void {
    for (const { partition, puller } of this.#held.values()) {
      partition.workersChanged();
      puller.pull();
    }
  }

  lose(partition: Partition): void {
    const { ports, onLost } = this.#options;
    const held = this.#held.get(partition.owned.partition);
    if (held?.partition !== partition) return;
    this.#held.delete(partition.owned.partition);
    this.#changes += 1;
    held.puller.stop();
    partition.abandon(hostStopping("Another host has taken this part of the task hub over; try again."));
    onLost();
    // Episodes that have not been sent yet learn from the store that they are fenced.
    void ports.pump.flush();
    ports.logger.warn({ partition: partition.owned.partition }, "Lost a partition to another worker");
  }

  #heldFor(instanceId: string): Held | undefined {
    return this.#held.get(partitionOf(instanceId, this.#options.store.hub.partitionCount));
  }

  #own(owned: readonly OwnedPartition[]): void {
    if (!this.#isOpen) return;
    const now = new Map(owned.map((each) => [each.partition, each]));
    for (const [number, { partition }] of this.#held) {
      if (now.get(number)?.epoch !== partition.owned.epoch) this.lose(partition);
    }
    for (const each of owned) if (!this.#held.has(each.partition)) this.#take(each);
  }

  #take(owned: OwnedPartition): void {
    const { worker, store, ports } = this.#options;
    this.#fallBehind();
    const { clock, logger, settings } = ports;
    const partition = new Partition(owned, ports);
    const puller = new PartitionPuller({ partition, worker, query: store.query, clock, logger, settings });
    this.#held.set(owned.partition, { partition, puller });
    this.#changes += 1;
    const { partition: number, epoch, takenOver } = owned;
    logger.info({ partition: number, epoch, takenOver }, "Owns a partition");
    puller.start();
  }

  /** The instances of a new partition may have sent messages to those of the others, from another worker. */
  #fallBehind(): void {
    for (const { partition, puller } of this.#held.values()) {
      partition.backlog.fallBehind();
      puller.pull();
    }
  }

  #scheduleBeat(): void {
    if (!this.#isOpen) return;
    const { clock, settings } = this.#options.ports;
    const interval = this.areAll
      ? settings.leaseMs / BEATS_IN_A_LEASE
      : Math.min(STANDBY_BEAT_MS, settings.leaseMs);
    this.#cancelBeat = clock.after(interval, () => {
      this.#beating = this.#beat().finally(() => this.#scheduleBeat());
    });
  }

  /** A beat that fails costs nothing yet: the fences decide what may be written, not the clock. */
  async #beat(): Promise<void> {
    try {
      this.#own(await this.#options.worker.beat());
    } catch (error) {
      this.#options.ports.logger.warn({ err: error }, "The lease could not be renewed; trying again");
    }
  }
}
