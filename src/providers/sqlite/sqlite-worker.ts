import { given } from "../../core/given.ts";
import type {
  CommitOutcome,
  Episode,
  LoadedInstance,
  OwnedPartition,
  Pulled,
  PullRequest,
  TimerKey,
  WorkerIdentity,
  WorkerStore,
} from "../../storage/index.ts";
import { CommitWriter } from "./commit-writer.ts";
import { partAt } from "./hub-row.ts";
import { attemptsOf, recordOf } from "./instance-row.ts";
import { registerWorker, unregisterWorker } from "./local-processes.ts";
import { checkExists, type Hub } from "./store.ts";

const ALL_CHUNKS = -1;

export class SqliteWorkerStore implements WorkerStore {
  readonly #hub: Hub;
  readonly #identity: WorkerIdentity;
  readonly #commits: CommitWriter;

  constructor(hub: Hub, identity: WorkerIdentity) {
    this.#hub = hub;
    this.#identity = identity;
    this.#commits = new CommitWriter(hub, identity.workerId);
  }

  async join(): Promise<readonly OwnedPartition[]> {
    registerWorker(this.#identity.workerId);
    return this.#beat("join");
  }

  async beat(): Promise<readonly OwnedPartition[]> {
    return this.#beat("beat");
  }

  async leave(): Promise<void> {
    const { transactions, leases } = this.#hub.store;
    transactions.write("leave", () => leases.leave(this.#hub, this.#identity.workerId));
    unregisterWorker(this.#identity.workerId);
    this.#hub.listeners.notify(this);
  }

  async allocateRuns(count: number): Promise<number> {
    return this.#hub.store.runs.allocate(count);
  }

  async pull(request: PullRequest): Promise<Pulled> {
    const { transactions, tables, starts } = this.#hub.store;
    const part = partAt(this.#hub.hubId, request.partition);
    const { limit, afterMessage, timers, recover, now } = request;
    const { inbox } = tables;
    if (transactions.snapshot("pull", () => inbox.hasDue(part, now))) {
      transactions.write("pull", () => inbox.moveDue(part, now, limit));
    }
    return transactions.snapshot("pull", () => ({
      ...starts.due(part, request),
      messages: inbox.after(part, afterMessage, limit),
      ...given({ nextMessageAt: inbox.nextDue(part, now) }),
      timers: timers ? tables.timers.due(part, timers, limit) : [],
      recover: recover ? tables.instances.toRecover(part, recover.afterInstanceId, limit) : [],
    }));
  }

  async load(instanceId: string): Promise<LoadedInstance | undefined> {
    const { transactions, tables } = this.#hub.store;
    return transactions.snapshot("load", () => {
      const row = tables.instances.row(this.#hub, instanceId);
      return row && { record: recordOf(row), chunks: tables.history.read(row.run, 0, ALL_CHUNKS) };
    });
  }

  async commit(episodes: readonly Episode[]): Promise<readonly CommitOutcome[]> {
    const outcomes = this.#hub.store.writes.writeWith("commit", episodes, this.#commits);
    this.#hub.listeners.notify(this);
    return outcomes;
  }

  async discard(
    { partition, epoch }: OwnedPartition,
    messageIds: readonly number[],
    timers: readonly TimerKey[],
  ): Promise<void> {
    const { transactions, tables, leases } = this.#hub.store;
    const part = partAt(this.#hub.hubId, partition);
    transactions.write("discard", () => {
      if (!leases.holds(this.#hub, this.#identity.workerId, partition, epoch)) return;
      for (const id of messageIds) tables.inbox.delete(id);
      for (const timer of timers) tables.timers.delete(part, timer);
    });
  }

  async countAttempts(instanceIds: readonly string[]): Promise<readonly number[]> {
    const { transactions, tables } = this.#hub.store;
    return transactions.write("countAttempts", () =>
      instanceIds.map((instanceId) => {
        const row = tables.instances.row(this.#hub, instanceId);
        if (row === undefined) return 0;
        const attempts = attemptsOf(row) + 1;
        tables.instances.setAttempts(row, attempts);
        return attempts;
      }),
    );
  }

  async takeBackAttempts(instanceIds: readonly string[]): Promise<void> {
    const { transactions, tables } = this.#hub.store;
    transactions.write("takeBackAttempts", () => {
      for (const instanceId of instanceIds) {
        const row = tables.instances.row(this.#hub, instanceId);
        if (row) tables.instances.setAttempts(row, Math.max(attemptsOf(row) - 1, 0));
      }
    });
  }

  async quarantine(instanceId: string, reason: string): Promise<void> {
    const { transactions, tables } = this.#hub.store;
    transactions.write("quarantine", () => tables.instances.quarantine(this.#hub, instanceId, reason));
    this.#hub.listeners.notify(this);
  }

  onWake(listener: () => void): () => void {
    return this.#hub.listeners.add(listener, this);
  }

  #beat(operation: string): readonly OwnedPartition[] {
    const { transactions, leases, clock } = this.#hub.store;
    return transactions.write(operation, () => {
      checkExists(this.#hub);
      return leases.beat(this.#hub, this.#identity, clock.now());
    });
  }
}
