import type {
  CommitOutcome,
  DueStart,
  Episode,
  InstanceRecord,
  LoadedInstance,
  OwnedPartition,
  Pulled,
  PullRequest,
  Timer,
  TimerKey,
  WorkerIdentity,
  WorkerStore,
} from "../../storage/index.ts";
import { commitEpisodes } from "./memory-commit.ts";
import type { MemoryHub } from "./memory-hub.ts";
import { chunksOf } from "./memory-query.ts";

export class MemoryWorkerStore implements WorkerStore {
  readonly #hub: MemoryHub;
  readonly #identity: WorkerIdentity;

  constructor(hub: MemoryHub, identity: WorkerIdentity) {
    this.#hub = hub;
    this.#identity = identity;
  }

  async join(): Promise<readonly OwnedPartition[]> {
    this.#hub.checkExists();
    return this.#hub.leases.beat(this.#identity);
  }

  async beat(): Promise<readonly OwnedPartition[]> {
    return this.join();
  }

  async leave(): Promise<void> {
    this.#hub.leases.leave(this.#identity.workerId);
    this.#hub.listeners.notify(this);
  }

  async allocateRuns(count: number): Promise<number> {
    const first = this.#hub.counters.nextRun;
    this.#hub.counters.nextRun += count;
    return first;
  }

  async pull(request: PullRequest): Promise<Pulled> {
    const { partition, limit, now, afterStart, afterMessage, timers, recover } = request;
    this.#hub.moveDue(partition, now, limit);
    const nextMessageAt = this.#hub.nextDue(partition, now);
    const pending = this.#hub.pending().filter((instance) => instance.partition === partition);
    const starts = pending.map(({ record }) => record).toSorted(byDue);
    const nextStartAt = starts.find((record) => dueAt(record) > now)?.scheduledAt;
    return {
      starts: starts
        .filter((record) => dueAt(record) <= now)
        .map((record) => ({
          instanceId: record.instanceId,
          run: record.run,
          dueAt: record.scheduledAt ?? record.createdAt,
        }))
        .filter((start) => afterStart === undefined || byDueAndRun(afterStart, start) < 0)
        .slice(0, limit),
      ...(nextStartAt === undefined ? {} : { nextStartAt }),
      messages: this.#hub.messagesAfter(partition, afterMessage, limit),
      ...(nextMessageAt === undefined ? {} : { nextMessageAt }),
      timers: timers ? this.#timers(partition, timers, limit) : [],
      recover: recover ? this.#recover(partition, recover.afterInstanceId, limit) : [],
    };
  }

  async load(instanceId: string): Promise<LoadedInstance | undefined> {
    const instance = this.#hub.get(instanceId);
    return instance && { record: instance.record, chunks: chunksOf(instance) };
  }

  async commit(episodes: readonly Episode[]): Promise<readonly CommitOutcome[]> {
    const outcomes = commitEpisodes(this.#hub, this.#identity.workerId, episodes);
    if (outcomes.some((outcome) => outcome.type === "applied")) this.#hub.listeners.notify(this);
    return outcomes;
  }

  async discard(
    { partition, epoch }: OwnedPartition,
    messageIds: readonly number[],
    timers: readonly TimerKey[],
  ): Promise<void> {
    if (!this.#hub.leases.holds(this.#identity.workerId, partition, epoch)) return;
    for (const id of messageIds) this.#hub.deleteMessage(id);
    for (const timer of timers) this.#hub.deleteTimer(timer);
  }

  async countAttempts(instanceIds: readonly string[]): Promise<readonly number[]> {
    return instanceIds.map((instanceId) => {
      const instance = this.#hub.get(instanceId);
      if (instance === undefined) return 0;
      const attempts = instance.record.attempts + 1;
      this.#hub.put({ ...instance, record: { ...instance.record, attempts } });
      return attempts;
    });
  }

  async takeBackAttempts(instanceIds: readonly string[]): Promise<void> {
    for (const instanceId of instanceIds) {
      const instance = this.#hub.get(instanceId);
      if (instance === undefined) continue;
      const attempts = Math.max(instance.record.attempts - 1, 0);
      this.#hub.put({ ...instance, record: { ...instance.record, attempts } });
    }
  }

  async quarantine(instanceId: string, reason: string): Promise<void> {
    const instance = this.#hub.get(instanceId);
    if (instance === undefined) return;
    this.#hub.put({ ...instance, record: { ...instance.record, quarantined: reason } });
    this.#hub.listeners.notify(this);
  }

  onWake(listener: () => void): () => void {
    return this.#hub.listeners.add(listener, this);
  }

  #timers(
    partition: number,
    { after, until }: NonNullable<PullRequest["timers"]>,
    limit: number,
  ): readonly Timer[] {
    return this.#hub
      .timers()
      .filter((timer) => timer.dueAt <= until && (after === undefined || byDueRunAndId(after, timer) < 0))
      .filter((timer) => this.#hub.partitionOf(timer.instanceId) === partition && this.#isRunnable(timer))
      .toSorted(byDueRunAndId)
      .slice(0, limit);
  }

  #isRunnable(timer: Timer): boolean {
    const record = this.#hub.get(timer.instanceId)?.record;
    return record !== undefined && record.run === timer.run && record.quarantined === undefined;
  }

  #recover(partition: number, afterInstanceId: string, limit: number): readonly string[] {
    return this.#hub
      .recovering()
      .filter((instance) => instance.partition === partition)
      .map(({ record }) => record.instanceId)
      .filter((instanceId) => instanceId > afterInstanceId)
      .toSorted()
      .slice(0, limit);
  }
}

/** An instance without a schedule is due from its creation, and never later than now. */
function dueAt(record: InstanceRecord): number {
  return record.scheduledAt ?? Number.NEGATIVE_INFINITY;
}

function byDue(left: InstanceRecord, right: InstanceRecord): number {
  const dueFirst = (left.scheduledAt ?? left.createdAt) - (right.scheduledAt ?? right.createdAt);
  return dueFirst || left.run - right.run;
}

function byDueAndRun(left: Pick<DueStart, "dueAt" | "run">, right: DueStart): number {
  return left.dueAt - right.dueAt || left.run - right.run;
}

function byDueRunAndId(left: Timer, right: Timer): number {
  return left.dueAt - right.dueAt || left.run - right.run || left.id - right.id;
}
