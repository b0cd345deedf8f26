import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import {
  type NewInstance,
  type NewMessage,
  partitionOf,
  type StoredMessage,
  type TaskHubDescription,
  TaskHubNotFoundError,
  type Timer,
  type TimerKey,
} from "../../storage/index.ts";
import { ChangeListeners } from "../change-listeners.ts";
import { type MemoryInstance, newRecord } from "./memory-instance.ts";
import type { MemoryLeases } from "./memory-leases.ts";

interface WaitingMessage {
  readonly partition: number;
  readonly message: StoredMessage;
  /** Not before this time. */
  readonly dueAt: number | undefined;
}

/** Numbers of the whole store, never given out twice. */
export interface MemoryCounters {
  nextRun: number;
  nextMessageId: number;
}

/**
 * The rows of one task hub.
 *
 * What must be found without a walk over all instances is kept in a set of its own, and only `put` and `remove` change
 * instances, so that the sets cannot disagree with the rows.
 */
export class MemoryHub {
  readonly description: TaskHubDescription;
  readonly counters: MemoryCounters;
  readonly leases: MemoryLeases;
  readonly listeners = new ChangeListeners();
  readonly #instances = new Map<string, MemoryInstance>();
  readonly #pending = new Set<string>();
  readonly #recovering = new Set<string>();
  readonly #inbox = new Map<number, WaitingMessage>();
  readonly #keys = new Map<string, number>();
  readonly #timers = new Map<number, Map<string, Timer>>();
  #isDeleted = false;

  constructor(description: TaskHubDescription, counters: MemoryCounters, leases: MemoryLeases) {
    this.description = description;
    this.counters = counters;
    this.leases = leases;
  }

  markDeleted(): void {
    this.#isDeleted = true;
    this.leases.fenceAll();
    this.listeners.notify();
  }

  /** @throws {TaskHubNotFoundError} */
  checkExists(): void {
    if (this.#isDeleted) throw new TaskHubNotFoundError(this.description.name);
  }

  partitionOf(instanceId: string): number {
    return partitionOf(instanceId, this.description.partitionCount);
  }

  get(instanceId: string): MemoryInstance | undefined {
    return this.#instances.get(instanceId);
  }

  all(): Iterable<MemoryInstance> {
    return this.#instances.values();
  }

  pending(): readonly MemoryInstance[] {
    return this.#existing(this.#pending);
  }

  recovering(): readonly MemoryInstance[] {
    return this.#existing(this.#recovering);
  }

  /** Writes a Pending instance. Whatever has its id must have been removed. */
  insert(instance: NewInstance): MemoryInstance {
    const partition = this.partitionOf(instance.instanceId);
    return this.put({ record: newRecord(instance), partition, history: new Map() });
  }

  /** The status of an instance that stands in the way of a new one with this id; one that may be replaced is removed. */
  makeRoom(instanceId: string, replaces: readonly RuntimeStatus[]): RuntimeStatus | undefined {
    const status = this.get(instanceId)?.record.status;
    if (status === undefined) return undefined;
    if (!replaces.includes(status)) return status;
    this.remove(instanceId);
    return undefined;
  }

  put(instance: MemoryInstance): MemoryInstance {
    const { instanceId, status, recover, quarantined } = instance.record;
    this.#instances.set(instanceId, instance);
    const isRunnable = quarantined === undefined;
    keepIn(this.#pending, instanceId, isRunnable && status === "Pending");
    keepIn(this.#recovering, instanceId, isRunnable && recover);
    return instance;
  }

  /** What waits for it stays. */
  removeEntity(instanceId: string): void {
    this.#instances.delete(instanceId);
    this.#pending.delete(instanceId);
    this.#recovering.delete(instanceId);
  }

  /** How much there was: the instance, chunks of its history, timers and messages. */
  remove(instanceId: string): number {
    const instance = this.get(instanceId);
    if (instance === undefined) return 0;
    const messages = this.messagesOf(instanceId);
    const timers = this.#timers.get(instance.record.run)?.size ?? 0;
    this.#instances.delete(instanceId);
    this.#pending.delete(instanceId);
    this.#recovering.delete(instanceId);
    this.#timers.delete(instance.record.run);
    for (const message of messages) this.deleteMessage(message.id);
    return 1 + instance.history.size + timers + messages.length;
  }

  /** The id of the message, which is an older one's when that waits under the same key. */
  addMessage(message: NewMessage): number {
    const known =
      message.key === undefined ? undefined : this.#keys.get(keyOf(message.instanceId, message.key));
    if (known !== undefined) return known;
    const id = this.counters.nextMessageId++;
    const { dueAt, ...kept } = message;
    const partition = this.partitionOf(message.instanceId);
    this.#inbox.set(id, { partition, message: { ...kept, id }, dueAt });
    if (message.key !== undefined) this.#keys.set(keyOf(message.instanceId, message.key), id);
    return id;
  }

  deleteMessage(id: number): void {
    const message = this.#inbox.get(id)?.message;
    if (message?.key !== undefined) this.#keys.delete(keyOf(message.instanceId, message.key));
    this.#inbox.delete(id);
  }

  hasMessage(id: number): boolean {
    return this.#inbox.has(id);
  }

  /** Gives messages whose time has come their place, and with it a new id, behind those that are there. */
  moveDue(partition: number, now: number, limit: number): void {
    const due = this.#scheduled(partition).filter(({ dueAt = now }) => dueAt <= now);
    for (const { message } of due.slice(0, limit)) {
      const { id, ...rest } = message;
      this.deleteMessage(id);
      this.addMessage(rest);
    }
  }

  nextDue(partition: number, now: number): number | undefined {
    return this.#scheduled(partition).find(({ dueAt = now }) => dueAt > now)?.dueAt;
  }

  messagesOf(instanceId: string): readonly StoredMessage[] {
    const messages = [...this.#inbox.values()].map(({ message }) => message);
    return messages.filter((message) => message.instanceId === instanceId);
  }

  messagesAfter(partition: number, afterId: number, limit: number): readonly StoredMessage[] {
    const found: StoredMessage[] = [];
    for (const { partition: at, message, dueAt } of this.#inbox.values()) {
      if (found.length === limit) break;
      if (at === partition && message.id > afterId && dueAt === undefined) found.push(message);
    }
    return found;
  }

  addTimer(timer: Timer): void {
    const ofRun = this.#timers.get(timer.run) ?? new Map<string, Timer>();
    const { run, id, dueAt, instanceId } = timer;
    ofRun.set(timerKeyOf(timer), { run, id, dueAt, instanceId });
    this.#timers.set(run, ofRun);
  }

  deleteTimer(timer: TimerKey): void {
    const ofRun = this.#timers.get(timer.run);
    ofRun?.delete(timerKeyOf(timer));
    if (ofRun?.size === 0) this.#timers.delete(timer.run);
  }

  deleteTimersOf(run: number): void {
    this.#timers.delete(run);
  }

  timers(): readonly Timer[] {
    return [...this.#timers.values()].flatMap((ofRun) => [...ofRun.values()]);
  }

  #scheduled(partition: number): readonly WaitingMessage[] {
    const scheduled = [...this.#inbox.values()].filter(
      (waiting) => waiting.partition === partition && waiting.dueAt !== undefined,
    );
    return scheduled.toSorted(
      (left, right) => (left.dueAt ?? 0) - (right.dueAt ?? 0) || left.message.id - right.message.id,
    );
  }

  #existing(ids: ReadonlySet<string>): readonly MemoryInstance[] {
    return [...ids].flatMap((id) => this.get(id) ?? []);
  }
}

function keepIn(set: Set<string>, id: string, isMember: boolean): void {
  if (isMember) set.add(id);
  else set.delete(id);
}

function keyOf(instanceId: string, key: string): string {
  return JSON.stringify([instanceId, key]);
}

function timerKeyOf({ dueAt, id }: TimerKey): string {
  return `${dueAt}:${id}`;
}
