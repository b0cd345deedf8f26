import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { encodeMessage } from "../core/history-chunk.ts";
import type { InstanceMessage } from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import { type NewInstance, type TaskHubStore, type WorkerStore } from "../storage/index.ts";
import { Acquittals } from "./acquittals.ts";
import type { Delivery } from "./active-instance.ts";
import { ActivityDispatcher } from "./activity-dispatcher.ts";
import { type Clock, systemClock } from "./clock.ts";
import { CommitPump } from "./commit-pump.ts";
import type { Executor } from "./executor.ts";
import { hostStopping } from "./host-stopping.ts";
import { HubChanges } from "./hub-changes.ts";
import type { StartOutcome } from "./instance-starts.ts";
import { type Logger, silentLogger } from "./logger.ts";
import { OwnedPartitions } from "./owned-partitions.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { RunNumbers } from "./run-numbers.ts";
import type { EngineSettings } from "./settings.ts";
import { StatusWatchers } from "./status-watchers.ts";
import { untilAnswered } from "./store-retry.ts";

export interface TaskHubWorkerOptions {
  readonly store: TaskHubStore;
  readonly executor: Executor;
  readonly settings: EngineSettings;
  readonly clock?: Clock;
  readonly logger?: Logger;
  /** Default: a random one. Each start of a process needs another. */
  readonly workerId?: string;
  readonly newExecutionId?: () => string;
}

/** How long `stop` lets running activities finish, unless told otherwise. */
const DEFAULT_DRAIN_MS = 10_000;

/**
 * Runs the instances of a task hub in this process.
 *
 * It takes the partitions nobody owns, keeps its lease, and stands by for those that others own.
 */
export class TaskHubWorker {
  readonly watchers = new StatusWatchers();
  readonly changes = new HubChanges();
  readonly #store: TaskHubStore;
  readonly #worker: WorkerStore;
  readonly #executor: Executor;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #pump: CommitPump;
  readonly #activities: ActivityDispatcher;
  readonly #runs: RunNumbers;
  readonly #ports: PartitionPorts;
  readonly #partitions: OwnedPartitions;
  #state: "new" | "started" | "stopping" | "stopped" = "new";

  constructor(options: TaskHubWorkerOptions) {
    this.#store = options.store;
    this.#executor = options.executor;
    this.#settings = options.settings;
    this.#clock = options.clock ?? systemClock;
    this.#logger = options.logger ?? silentLogger;
    this.#worker = options.store.worker({
      workerId: options.workerId ?? randomUUID(),
      processId: process.pid,
      hostName: hostname(),
      leaseMs: options.settings.leaseMs,
    });
    this.#pump = new CommitPump(this.#worker, this.#clock, this.#logger, () => this.#partitions.changes);
    this.#activities = new ActivityDispatcher(
      options.executor,
      options.settings.maxConcurrentActivityFunctions,
    );
    this.#runs = new RunNumbers(this.#worker);
    this.#ports = this.#makePorts(options.newExecutionId ?? randomExecutionId);
    this.#partitions = new OwnedPartitions({
      store: options.store,
      worker: this.#worker,
      ports: this.#ports,
      onLost: () => this.#lost(),
    });
  }

  get executor(): Executor {
    return this.#executor;
  }

  get nonDeterministicInstances(): EngineSettings["nonDeterministicInstances"] {
    return this.#settings.nonDeterministicInstances;
  }

  /** Whether this process owns all of the hub, part of it, or waits for another to let go. */
  get role(): "owner" | "part-owner" | "standby" | "stopped" {
    if (this.#state !== "started") return "stopped";
    if (this.#partitions.count === 0) return "standby";
    return this.#partitions.areAll ? "owner" : "part-owner";
  }

  /** Takes partitions and begins to work. Resolves when the first try to take them was made. */
  async start(): Promise<void> {
    if (this.#state !== "new") throw new Error("A worker starts once; make a new one.");
    this.#state = "started";
    await this.#runs.reserve();
    await this.#partitions.open();
    this.#executor.onWorkersChanged?.(() => this.#partitions.workersChanged());
  }

  /**
   * Hands everything back: no new work, running activities and code elsewhere may finish until the deadline, what they
   * came to is committed, the rest is left to the next owner.
   */
  async stop(options: { readonly drainMs?: number } = {}): Promise<void> {
    if (this.#state !== "started") return;
    this.#state = "stopping";
    this.#partitions.close();
    const drainMs = options.drainMs ?? DEFAULT_DRAIN_MS;
    const deadline = this.#clock.now() + drainMs;
    await this.#drainActivities(drainMs);
    await this.#quiesce(deadline);
    const abandoned = this.#partitions.abandon(hostStopping());
    this.#pump.stop();
    this.#lost();
    await abandoned;
    await this.#worker.leave();
    this.#state = "stopped";
  }

  /** Stops like a crash does: nothing is committed, nothing handed back. For tests of what comes after. */
  kill(): void {
    this.#state = "stopped";
    this.#partitions.close();
    void this.#partitions.abandon(hostStopping());
    this.#pump.stop();
  }

  /** Whether this process runs the instance, or would if it existed. */
  owns(instanceId: string): boolean {
    return this.#state === "started" && this.#partitions.of(instanceId) !== undefined;
  }

  /**
   * Whether `startInstance` is the way to a new instance. With a store in trouble, only the store can say; and the first
   * episode of code elsewhere is nothing a caller should wait for.
   */
  takesStarts({ instanceId, name }: Pick<NewInstance, "instanceId" | "name">): boolean {
    if (!this.#executor.runsHere("orchestrator", name)) return false;
    return this.owns(instanceId) && !this.#pump.isInTrouble;
  }

  /** The status of an instance this process has in memory. */
  liveStatus(instanceId: string): RuntimeStatus | undefined {
    return this.#partitions.of(instanceId)?.liveStatus(instanceId);
  }

  /** An instance that is in the store and has not begun. */
  begin(instance: NewInstance): void {
    this.#partitions.of(instance.instanceId)?.beginChild(instance);
  }

  /** Creates an instance together with its first episode. Only where `owns` says so. */
  startInstance(
    instance: Omit<NewInstance, "run">,
    replaces: readonly RuntimeStatus[],
  ): Promise<StartOutcome> {
    const partition = this.#partitions.of(instance.instanceId);
    if (partition === undefined) return Promise.reject(hostStopping());
    return partition.start({ ...instance, run: this.#runs.next() }, replaces);
  }

  /** Resolves when the message has taken effect, or cannot. Only where `owns` says so. */
  deliver(instanceId: string, event: InstanceMessage): Promise<Delivery> {
    const partition = this.#partitions.of(instanceId);
    if (partition === undefined) return Promise.reject(hostStopping());
    return new Promise((resolve, reject) => {
      partition.deliver(instanceId, {
        event,
        settled: (outcome) => (outcome instanceof Error ? reject(outcome) : resolve(outcome)),
      });
    });
  }

  /** Whether `deliver` is the way to the instance: what is sent there takes effect at once. */
  takesMessages(instanceId: string): boolean {
    if (!this.isUpToDate(instanceId)) return false;
    return (
      !this.#hasWorkersElsewhere || this.#partitions.of(instanceId)?.mayRunElsewhere(instanceId) === false
    );
  }

  get #hasWorkersElsewhere(): boolean {
    return this.#executor.onWorkersChanged !== undefined;
  }

  /** Whether this process runs the instance, and its messages in the store, if any, would not be overtaken. */
  isUpToDate(instanceId: string): boolean {
    if (this.#pump.isInTrouble) return false;
    return this.owns(instanceId) && this.#partitions.of(instanceId)?.backlog.isBehind === false;
  }

  /**
   * Puts a message for the instance into the store. Where this process runs the instance, and has all the while, the
   * instance is told of it at once.
   */
  async leave(
    instanceId: string,
    event: InstanceMessage,
    send: () => Promise<readonly number[]>,
  ): Promise<void> {
    const { changes } = this.#partitions;
    const [storedId] = await send();
    const isAsBefore = changes === this.#partitions.changes && this.isUpToDate(instanceId);
    if (storedId !== undefined && isAsBefore) this.#partitions.stored(instanceId, { event, storedId });
    else this.#partitions.left(instanceId);
  }

  /** It is gone from the store: what code elsewhere does for it is of no use. */
  purged(instanceId: string): void {
    this.#partitions.of(instanceId)?.purged(instanceId);
  }

  /** no-worker: none is connected that has it. `undefined`: this process does not know of it. */
  activityState(run: number, taskId: number): "running" | "queued" | "no-worker" | undefined {
    if (!this.#activities.isKnown(run, taskId)) return undefined;
    const waitsFor = this.#activities.waitsFor(run, taskId);
    if (waitsFor === undefined) return "running";
    return waitsFor === "slot" ? "queued" : "no-worker";
  }

  /** Looks into the store for work, now. */
  wake(): void {
    this.#partitions.pull();
  }

  // --- the end ---

  async #drainActivities(drainMs: number): Promise<void> {
    let cancel: () => void = () => undefined;
    const deadline = new Promise<void>((resolve) => {
      cancel = this.#clock.after(drainMs, resolve);
    });
    await this.#activities.drain(deadline);
    cancel();
  }

  /** Waits until no episode is under way: what the last activities came to is then in the store. It may be away. */
  async #quiesce(elsewhereUntil: number): Promise<void> {
    const until = this.#clock.now() + MAX_QUIET_MS;
    while (this.#isBusy(elsewhereUntil) && this.#clock.now() < until) {
      void this.#pump.flush();
      await new Promise<void>((resolve) => {
        this.#clock.after(QUIET_POLL_MS, resolve);
      });
    }
  }

  #isBusy(elsewhereUntil: number): boolean {
    if (this.#pump.pending > 0 || this.#pump.isBusy) return true;
    return this.#partitions.isAnyUnderWay(this.#clock.now() < elsewhereUntil ? "anywhere" : "here");
  }

  #makePorts(newExecutionId: () => string): PartitionPorts {
    const worker = this.#worker;
    const acquittals = new Acquittals(
      (instanceIds) => this.#inTheEnd("takeBackAttempts", () => worker.takeBackAttempts(instanceIds)),
      (callback) => this.#clock.soon(callback),
    );
    return {
      clock: this.#clock,
      logger: this.#logger,
      settings: this.#settings,
      executor: this.#executor,
      pump: this.#pump,
      activities: this.#activities,
      query: this.#store.query,
      load: (instanceId) => worker.load(instanceId),
      newRun: () => this.#runs.next(),
      newExecutionId,
      isStopped: () => this.#state === "stopped",
      lost: (partition) => this.#partitions.lose(partition),
      sent: (instanceId, message) => this.#partitions.sent(instanceId, message),
      left: (instanceId) => this.#partitions.left(instanceId),
      started: (instance) => this.#partitions.started(instance),
      changed: (instanceId) => {
        this.changes.changed(instanceId);
        this.watchers.changed(instanceId);
      },
      ended: (instanceId, record) => this.watchers.ended(instanceId, record),
      keep: async (instanceId, event) => {
        await this.#store.client.send([{ instanceId, at: this.#clock.now(), event: encodeMessage(event) }]);
        this.#partitions.pull();
      },
      discard: (owned, messageIds, timers) =>
        this.#inTheEnd("discard", () => worker.discard(owned, messageIds, timers)),
      acquit: (instanceId) => acquittals.add(instanceId),
      suspect: (instanceId) =>
        this.#inTheEnd("countAttempts", async () => void (await worker.countAttempts([instanceId]))),
      quarantine: (instanceId, reason) =>
        this.#inTheEnd("quarantine", () => worker.quarantine(instanceId, reason)),
    };
  }

  /** Whoever waits for instances that this process does not run any more has to look elsewhere. */
  #lost(): void {
    this.watchers.lost();
    this.changes.lost();
  }

  /** Housekeeping: when it fails for good, the next owner finds the same and does it again. */
  async #inTheEnd(operation: string, work: () => Promise<void>): Promise<void> {
    try {
      await untilAnswered(work, this.#ports);
    } catch (error) {
      this.#logger.warn(
        { operation, err: error },
        "The store did not do some housekeeping; it will be done later",
      );
    }
  }
}

const QUIET_POLL_MS = 1;
/** With a store that does not answer, a process that stops waits no longer than this. */
const MAX_QUIET_MS = 10_000;

const randomExecutionId = (): string => randomUUID().replaceAll("-", "");
