import type { FailureDetails } from "../core/failure-details.ts";
import { decodeMessage } from "../core/history-chunk.ts";
import { isTerminal, type RuntimeStatus } from "../core/orchestration-status.ts";
import type { EpisodeResult } from "../core/orchestrator-session.ts";
import type { CommitOutcome, NewInstance, OwnedPartition, StoredMessage, Timer } from "../storage/index.ts";
import {
  ActiveInstance,
  type Delivery,
  endedRecord,
  type PendingMessage,
  startedEvent,
} from "./active-instance.ts";
import type { PumpOutcome } from "./commit-pump.ts";
import { type BuiltEpisode, buildEpisode, type Effects, type NextExecution } from "./episode-builder.ts";
import { HeldMessages } from "./held-messages.ts";
import { type Loading, loadInstance } from "./instance-loader.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { type PlannedRewind, planRewind } from "./rewinder.ts";
import { SessionCache } from "./session-cache.ts";
import { untilAnswered } from "./store-retry.ts";
import { TimerQueue } from "./timer-queue.ts";

/** How long episodes may run before what they came to is committed. */
const WAVE_MS = 4;
const MAX_EPISODES_IN_A_WAVE = 256;
const MAX_MESSAGES_IN_AN_EPISODE = 2_000;

export type StartOutcome =
  | { readonly type: "started" }
  | { readonly type: "exists"; readonly status: RuntimeStatus };

/**
 * The instances of one partition this process owns.
 *
 * It owns: which instance is in memory, whose turn it is, and what follows a commit. It does not own: what code does
 * (executor), how episodes reach the store (pump), where activities run (dispatcher), the lease (worker).
 *
 * 1. An instance has at most one episode under way, from its first message to the outcome of the commit.
 * 2. Nothing an episode leads to happens before its commit was applied.
 * 3. A message is settled once: after the commit that contains it, or when it is clear that there will be none.
 * 4. After `abandon` nothing more is written and nothing in memory counts.
 */
export class Partition {
  readonly owned: OwnedPartition;
  readonly timers: TimerQueue;
  readonly #ports: PartitionPorts;
  readonly #instances = new Map<string, ActiveInstance>();
  readonly held = new HeldMessages();
  /** Grows each time this partition may lack messages that are in the store; see `fallBehind`. */
  #behind = 1;
  #caughtUp = 0;
  readonly #progress = new Map<string, (() => void)[]>();
  readonly #cache: SessionCache;
  #ready: ActiveInstance[] = [];
  #waveDue = false;
  #asyncEpisodes = 0;
  /** Why this partition is no longer ours. */
  #abandoned: Error | undefined;
  /** Until the worker has seen all that a former owner left, every instance that is read may have work to restart. */
  #takingOver = true;

  constructor(owned: OwnedPartition, ports: PartitionPorts) {
    this.owned = owned;
    this.#ports = ports;
    this.timers = new TimerQueue(ports.clock, (timer) => this.#timerDue(timer));
    this.#cache = new SessionCache(ports.settings.sessionMemoryBytes, (instance) => this.#evict(instance));
  }

  /** Instances in memory. */
  get activeCount(): number {
    return this.#instances.size;
  }

  /** Instances that have something to do right now. */
  get busyCount(): number {
    let busy = 0;
    for (const instance of this.#instances.values()) if (instance.phase !== "idle") busy += 1;
    return busy;
  }

  /** The status of an instance that is in memory, as last committed. */
  liveStatus(instanceId: string): RuntimeStatus | undefined {
    const instance = this.#instances.get(instanceId);
    return instance === undefined || instance.creation || instance.phase === "loading"
      ? undefined
      : instance.row.status;
  }

  /** Brings an instance into being with its first episode. */
  start(instance: NewInstance, replaces: readonly RuntimeStatus[]): Promise<StartOutcome> {
    if (this.#abandoned) return Promise.reject(this.#abandoned);
    return new Promise((resolve, reject) => {
      const known = this.#instances.get(instance.instanceId);
      if (known) return this.#startAgain(known, instance, replaces, resolve, reject);
      const active = new ActiveInstance(instance.instanceId);
      active.run = instance.run;
      active.creation = { instance, replaces };
      active.started = startedEvent(instance);
      this.#instances.set(instance.instanceId, active);
      active.inbox.push({
        event: active.started,
        settled: (outcome) => {
          if (outcome === "delivered") resolve({ type: "started" });
          else if (outcome instanceof AlreadyExists) resolve({ type: "exists", status: outcome.status });
          else
            reject(
              outcome instanceof Error
                ? outcome
                : new Error(`The start of '${active.instanceId}' was dropped.`),
            );
        },
      });
      this.#open(active);
      this.#makeReady(active);
    });
  }

  /** Hands a message to its instance, which is read from the store first when it is not in memory. */
  deliver(instanceId: string, message: PendingMessage): void {
    if (this.#abandoned) return message.settled?.(this.#abandoned);
    if (message.storedId !== undefined) {
      if (!this.held.hold(message.storedId)) return;
    }
    const instance = this.#instances.get(instanceId) ?? this.#load(instanceId);
    instance.inbox.push(message);
    if (instance.phase === "idle") this.#makeReady(instance);
  }

  /** A message of an instance of this worker, committed. While this partition is behind, its way is through the store. */
  sent(instanceId: string, message: PendingMessage): void {
    if (this.isBehind) this.#behind += 1;
    else this.deliver(instanceId, message);
  }

  /** There may be messages in the store that are to take effect before what comes from now on. */
  fallBehind(): void {
    this.#behind += 1;
  }

  get isBehind(): boolean {
    return this.#caughtUp !== this.#behind;
  }

  /** How far behind this partition is; `catchUp` takes the answer once all that was in the store then is in memory. */
  get behind(): number {
    return this.#behind;
  }

  catchUp(behind: number): void {
    this.#caughtUp = behind;
  }

  /** A message the store has for us. */
  take(message: StoredMessage): void {
    if (this.held.has(message.id)) return;
    try {
      this.deliver(message.instanceId, { event: decodeMessage(message.event), storedId: message.id });
    } catch (error) {
      this.#ports.logger.error(
        { instanceId: message.instanceId, err: error },
        "A message that cannot be read was dropped",
      );
      void this.#ports.discard(this.owned, [message.id], []);
    }
  }

  /** A pending instance whose time has come. */
  begin(instanceId: string): void {
    if (!this.#abandoned && !this.#instances.has(instanceId)) this.#load(instanceId);
  }

  /** An instance a former owner left with work under way. */
  recover(instanceId: string): void {
    if (this.#abandoned) return;
    if (!this.#instances.has(instanceId)) this.#load(instanceId).recovering = true;
  }

  /** Resolves when the instance has come to a commit, or to rest without one. */
  progressOf(instanceId: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#progress.get(instanceId);
      if (waiting) waiting.push(resolve);
      else this.#progress.set(instanceId, [resolve]);
    });
  }

  /** All that a former owner left has been seen. */
  takenOver(): void {
    this.#takingOver = false;
  }

  /** The partition is lost, or the worker stops: forget everything. */
  abandon(reason: Error): void {
    this.#abandoned = reason;
    this.timers.stop();
    this.#ports.activities.abortAll(this, reason.message);
    for (const instance of this.#instances.values()) {
      for (const message of instance.inbox.splice(0)) message.settled?.(reason);
    }
    this.#instances.clear();
    this.#ready = [];
  }

  // --- waves ---

  #makeReady(instance: ActiveInstance): void {
    this.#cache.remove(instance);
    instance.phase = "ready";
    this.#ready.push(instance);
    this.#scheduleWave();
  }

  #scheduleWave(): void {
    if (this.#waveDue || this.#abandoned) return;
    this.#waveDue = true;
    this.#ports.clock.soon(() => this.#wave());
  }

  /** Runs what is ready, then commits it together. While a commit is under way the next wave gathers. */
  #wave(): void {
    this.#waveDue = false;
    if (this.#abandoned) return;
    const { clock, pump, settings } = this.#ports;
    const began = clock.now();
    let next = 0;
    while (
      next < this.#ready.length &&
      pump.pending < MAX_EPISODES_IN_A_WAVE &&
      this.#asyncEpisodes < settings.maxConcurrentOrchestratorFunctions &&
      clock.now() - began <= WAVE_MS
    ) {
      this.#runEpisode(this.#ready[next++] as ActiveInstance);
    }
    this.#ready = next === this.#ready.length ? [] : this.#ready.slice(next);
    void pump.flush().then(() => {
      if (this.#ready.length > 0 && this.#asyncEpisodes === 0) this.#scheduleWave();
    });
  }

  #runEpisode(instance: ActiveInstance): void {
    const messages = takeMessages(instance);
    if (messages.length === 0 && !instance.session?.isDue) return this.#rest(instance);
    instance.phase = "running";
    const at = messages[0]?.recordedAt ?? this.#ports.clock.now();
    const events = messages.flatMap((message) => message.event ?? []);
    const result = instance.session?.execute(events, at);
    if (result === undefined) return this.#rest(instance);
    if (!(result instanceof Promise)) return this.#finishEpisode(instance, messages, result, at);
    this.#asyncEpisodes += 1;
    void result.then(
      (value) => {
        this.#asyncEpisodes -= 1;
        if (this.#abandoned) return settleAll(messages, this.#abandoned);
        this.#finishEpisode(instance, messages, value, at);
        this.#scheduleWave();
      },
      (error: unknown) => {
        this.#asyncEpisodes -= 1;
        this.#abortEpisode(instance, messages, error);
      },
    );
  }

  #finishEpisode(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    came: EpisodeResult,
    at: number,
  ): void {
    const result = messages[0]?.recordedAt === undefined ? came : { ...came, accepted: [] };
    const nothingToWrite =
      result.accepted.length === 0 &&
      result.actions.length === 0 &&
      result.completion === undefined &&
      result.continuedAsNew === undefined &&
      messages.every(changesNothing);
    if (nothingToWrite) {
      for (const message of messages) message.settled?.("delivered");
      return this.#rest(instance);
    }
    const built = buildEpisode({
      owned: this.owned,
      instance,
      messages,
      result,
      at,
      newRun: this.#ports.newRun,
      newExecutionId: this.#ports.newExecutionId,
    });
    instance.phase = "committing";
    this.#ports.pump.add(built.episode, (outcome) => this.#committed(instance, messages, built, outcome));
  }

  /** The code could not be run at all (a lost worker, not a failure of the code): nothing happened, try again (S-38). */
  #abortEpisode(instance: ActiveInstance, messages: readonly PendingMessage[], error: unknown): void {
    if (this.#abandoned) return settleAll(messages, this.#abandoned);
    this.#ports.logger.warn(
      { instanceId: instance.instanceId, err: error },
      "An episode was aborted and will be run again",
    );
    this.#reload(instance, messages);
  }

  // --- after the commit ---

  #committed(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    built: BuiltEpisode,
    outcome: PumpOutcome,
  ): void {
    if (this.#abandoned) return settleAll(messages, isWritten(outcome) ? "delivered" : this.#abandoned);
    switch (outcome.type) {
      case "applied":
      case "already":
        return this.#applied(instance, messages, built, outcome);
      case "exists":
        return this.#refused(instance, messages, outcome.status);
      case "fenced":
        return this.#fenced(messages);
      case "gone":
      case "conflict":
        return this.#reload(instance, messages);
      case "rejected":
        return this.#rejected(instance, messages, outcome.error);
    }
  }

  #applied(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    built: BuiltEpisode,
    outcome: Extract<CommitOutcome, { type: "applied" | "already" }>,
  ): void {
    const { episode, effects } = built;
    this.#noteProgress(instance.instanceId);
    instance.creation = undefined;
    instance.row = effects.row;
    instance.nextSeq = episode.chunk.seq + 1;
    instance.bytes += episode.chunk.events.length * 2;
    for (const message of messages) if (message.storedId !== undefined) this.held.consume(message.storedId);
    this.#release(instance, effects, outcome);
    if (effects.completion) this.#ended(instance, effects, episode.chunk.at);
    else if (effects.nextExecution) this.#beginNextExecution(instance, effects.nextExecution);
    else this.#rest(instance);
    for (const message of messages) message.settled?.("delivered");
  }

  #noteProgress(instanceId: string): void {
    const waiting = this.#progress.get(instanceId);
    if (waiting === undefined) return;
    this.#progress.delete(instanceId);
    for (const resolve of waiting) resolve();
  }

  #release(
    instance: ActiveInstance,
    effects: Effects,
    outcome: Extract<CommitOutcome, { type: "applied" | "already" }>,
  ): void {
    for (const action of effects.activities)
      this.startActivity(instance, action.id, action.name, action.input);
    for (const timer of effects.timersNew) this.timers.add(timer);
    for (const timer of effects.timersDone) this.timers.cancel(timer.run, timer.id);
    const refused = outcome.refusedStarts;
    for (const start of effects.starts) {
      const refusal = refused?.find((each) => each.instanceId === start.instanceId);
      if (refusal === undefined) this.#ports.started(start);
      else if (start.parent) this.#childRefused(instance, start.instanceId, idIsTaken(refusal.status));
    }
    effects.messages.forEach((message, index) => {
      this.#ports.sent(message.instanceId, {
        event: message.event,
        storedId: outcome.messageIds[index] as number,
      });
    });
  }

  /** A child this partition's parent has started, or one that a parent elsewhere has. */
  beginChild(start: NewInstance): void {
    if (this.#abandoned || this.#instances.has(start.instanceId)) return;
    const child = new ActiveInstance(start.instanceId);
    child.run = start.run;
    child.started = startedEvent(start);
    this.#instances.set(start.instanceId, child);
    child.inbox.push({ event: child.started });
    this.#open(child);
    this.#makeReady(child);
  }

  startActivity(instance: ActiveInstance, taskId: number, name: string, input: string | undefined): void {
    const { instanceId, run } = instance;
    const executionId = instance.started?.executionId ?? "";
    const call = { instanceId, executionId, run, taskId, name, input, owner: this };
    this.#ports.activities.start(call, (outcome) => {
      const timestamp = this.#ports.clock.now();
      this.deliver(instanceId, {
        run,
        event:
          outcome.type === "completed"
            ? {
                type: "TaskCompleted",
                timestamp,
                taskScheduledId: taskId,
                ...(outcome.result === undefined ? {} : { result: outcome.result }),
              }
            : {
                type: "TaskFailed",
                timestamp,
                taskScheduledId: taskId,
                reason: outcome.reason,
                failure: outcome.failure,
              },
      });
    });
  }

  #childRefused(instance: ActiveInstance, childId: string, failure: FailureDetails): void {
    this.deliver(instance.instanceId, {
      run: instance.run,
      event: {
        type: "SubOrchestrationInstanceFailed",
        timestamp: this.#ports.clock.now(),
        taskScheduledId: instance.session?.openTasks.childOf(childId)?.id ?? -1,
        instanceId: childId,
        reason: failure.errorMessage,
        failure,
      },
    });
  }

  #ended(instance: ActiveInstance, effects: Effects, at: number): void {
    this.#forget(instance);
    this.#ports.activities.abortRun(instance.run, "its orchestration has ended");
    this.#ports.ended(instance.instanceId, () => endedRecord(instance, effects, at));
    this.#passOn(instance);
  }

  /** Messages that came too late for this execution: whoever has the id now gets them, or nobody. */
  #passOn(instance: ActiveInstance): void {
    for (const message of instance.inbox.splice(0)) {
      if (message.storedId !== undefined) this.held.release(message.storedId);
      // Whoever reads an instance gives it its start, and what its history has.
      if (message.event && message.event.type !== "ExecutionStarted" && isNew(message))
        this.deliver(instance.instanceId, message);
    }
  }

  #beginNextExecution(instance: ActiveInstance, { nextRun, at, begins }: NextExecution): void {
    this.#ports.activities.abortRun(instance.run, "its orchestration has continued as new");
    instance.run = nextRun.run;
    instance.nextSeq = 1;
    instance.bytes = 0;
    instance.started = begins[0];
    instance.inbox.unshift(...begins.map((event) => ({ event, recordedAt: at })));
    this.#open(instance);
    this.#makeReady(instance);
  }

  /** Another owner has the partition: what this episode was to do is for that one to do. */
  #fenced(messages: readonly PendingMessage[]): void {
    this.#ports.lost(this);
    settleAll(messages, this.#abandoned ?? new Error("The partition was lost."));
  }

  #refused(instance: ActiveInstance, messages: readonly PendingMessage[], status: RuntimeStatus): void {
    this.#forget(instance);
    const [start, ...others] = messages;
    start?.settled?.(new AlreadyExists(status));
    instance.inbox.unshift(...others);
    this.#passOn(instance);
  }

  /** Someone else wrote: what is in memory is void, the store is right. */
  #reload(instance: ActiveInstance, messages: readonly PendingMessage[]): void {
    this.#forget(instance);
    instance.inbox.unshift(...messages);
    if (instance.creation) return this.#startOver(instance);
    this.#passOn(instance);
  }

  #startOver(instance: ActiveInstance): void {
    for (const message of instance.inbox.splice(0)) {
      message.settled?.(new Error(`Instance '${instance.instanceId}' could not be created; try again.`));
    }
  }

  #rejected(instance: ActiveInstance, messages: readonly PendingMessage[], error: unknown): void {
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#forget(instance);
    for (const message of [...messages, ...instance.inbox.splice(0)]) message.settled?.(reason);
    this.#ports.logger.error(
      { instanceId: instance.instanceId, err: reason },
      "The store refuses an episode for good",
    );
    if (!instance.creation)
      void this.#ports.quarantine(instance.instanceId, `The store refuses its episode: ${reason.message}`);
  }

  // --- in and out of memory ---

  #rest(instance: ActiveInstance): void {
    if (instance.inbox.length > 0 || instance.session?.isDue) return this.#makeReady(instance);
    instance.phase = "idle";
    if (instance.bytes < BASE_BYTES) instance.bytes += BASE_BYTES;
    this.#cache.add(instance);
  }

  /** Its session is void from here on: whoever needs the instance reads it again. */
  #evict(instance: ActiveInstance): void {
    instance.phase = "loading";
    this.#instances.delete(instance.instanceId);
  }

  #forget(instance: ActiveInstance): void {
    this.#noteProgress(instance.instanceId);
    this.#cache.remove(instance);
    if (this.#instances.get(instance.instanceId) === instance) this.#instances.delete(instance.instanceId);
  }

  #open(instance: ActiveInstance): void {
    if (instance.started === undefined) return;
    instance.session = this.#ports.executor.openSession(instance.started, () => {
      if (instance.phase === "idle") this.#makeReady(instance);
    });
  }

  #load(instanceId: string): ActiveInstance {
    const instance = new ActiveInstance(instanceId);
    instance.recovering = this.#takingOver;
    this.#instances.set(instanceId, instance);
    void this.#fill(instance);
    return instance;
  }

  async #fill(instance: ActiveInstance): Promise<void> {
    try {
      await this.#goOn(instance, await loadInstance(instance, this.held, this.#ports));
    } catch (error) {
      if (!this.#abandoned)
        this.#setAside(instance, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #goOn(instance: ActiveInstance, loaded: Loading): Promise<void> {
    if (this.#abandoned || this.#instances.get(instance.instanceId) !== instance) return;
    switch (loaded.type) {
      case "ready":
        if (instance.recovering) await this.#restartWork(instance);
        return this.#abandoned ? undefined : this.#rest(instance);
      case "missing":
        this.#forget(instance);
        return this.#turnAway(instance, "instance-not-found");
      case "ended":
        return this.#rewindOrTurnAway(instance);
      case "held":
        this.#forget(instance);
        return this.#leaveInStore(instance);
      case "unreadable":
        return this.#setAside(instance, loaded.error);
    }
  }

  /** Activities that only the history knows about run again; children nobody made are reported as failed (S-112). */
  async #restartWork(instance: ActiveInstance): Promise<void> {
    instance.recovering = false;
    for (const task of Array.from(instance.session?.openTasks.values() ?? [])) {
      if (this.#abandoned) return;
      if (task.claimed || instance.session?.isPending(task.id)) continue;
      if (task.kind === "activity") this.startActivity(instance, task.id, task.name, task.input);
      if (task.kind === "subOrchestration") await this.#lookAfterChild(instance, task.instanceId);
    }
  }

  /** A child that is gone has left its outcome; one that is not ours was refused. */
  async #lookAfterChild(instance: ActiveInstance, childId: string): Promise<void> {
    const { query } = this.#ports;
    const child = await untilAnswered(() => query.get(childId), this.#ports);
    if (child?.parent?.instanceId === instance.instanceId) return;
    const messages = await untilAnswered(() => query.messages(instance.instanceId), this.#ports);
    if (!messages.some((message) => isOutcomeOf(childId, message))) {
      this.#childRefused(instance, childId, child ? idIsTaken(child.status) : gone(childId));
    }
  }

  /** Only a rewind means something to an instance that has ended. */
  async #rewindOrTurnAway(instance: ActiveInstance): Promise<void> {
    const messages = [...instance.inbox];
    const rewind = await planRewind(instance.instanceId, messages, this.owned, this.#ports);
    if (this.#abandoned) return;
    if (rewind === undefined) {
      this.#forget(instance);
      return this.#turnAway(instance, "instance-ended");
    }
    instance.inbox.splice(0, messages.length);
    instance.phase = "committing";
    this.#ports.pump.add(rewind.episode, (outcome) => this.#rewound(instance, messages, rewind, outcome));
    this.#scheduleWave();
  }

  /** The history is as it was before the failure: the instance goes on like one that a former owner left. */
  #rewound(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    rewind: PlannedRewind,
    outcome: PumpOutcome,
  ): void {
    if (this.#abandoned) return settleAll(messages, isWritten(outcome) ? "delivered" : this.#abandoned);
    if (outcome.type === "fenced") return this.#fenced(messages);
    if (!isWritten(outcome)) return this.#reload(instance, messages);
    this.#forget(instance);
    for (const message of messages) {
      if (message.storedId !== undefined) this.held.consume(message.storedId);
      message.settled?.("delivered");
    }
    rewind.messages.forEach((message, index) => {
      this.#ports.sent(message.instanceId, {
        event: message.event,
        storedId: outcome.messageIds[index] as number,
      });
    });
    this.recover(instance.instanceId);
    this.#passOn(instance);
  }

  #turnAway(instance: ActiveInstance, outcome: Delivery): void {
    const messages = instance.inbox.splice(0);
    const stored = messages.flatMap((message) => message.storedId ?? []);
    const timers = messages.flatMap((message) => message.timer ?? []);
    for (const message of messages) message.settled?.(outcome);
    if (stored.length === 0 && timers.length === 0) return;
    void this.#ports.discard(this.owned, stored, timers).then(() => {
      for (const id of stored) this.held.consume(id);
    });
  }

  /** It may not run now (not due yet, or in quarantine): its messages wait in the store until it may. */
  #leaveInStore(instance: ActiveInstance): void {
    for (const message of instance.inbox.splice(0)) {
      if (message.storedId !== undefined) this.held.release(message.storedId);
      else if (message.event && message.event.type !== "ExecutionStarted") {
        void this.#ports.keep(instance.instanceId, message.event).then(
          () => message.settled?.("delivered"),
          (error: unknown) => message.settled?.(error instanceof Error ? error : new Error(String(error))),
        );
      }
    }
  }

  /** It cannot be read or gone on with: what came for it learns why, and it waits in quarantine for someone to look. */
  #setAside(instance: ActiveInstance, error: Error): void {
    this.#forget(instance);
    this.#ports.logger.error({ instanceId: instance.instanceId, err: error }, "An instance cannot be read");
    for (const message of instance.inbox.splice(0)) message.settled?.(error);
    void this.#ports.quarantine(instance.instanceId, error.message);
  }

  #startAgain(
    known: ActiveInstance,
    instance: NewInstance,
    replaces: readonly RuntimeStatus[],
    resolve: (outcome: StartOutcome) => void,
    reject: (error: Error) => void,
  ): void {
    const retry = (): void => {
      this.start(instance, replaces).then(resolve, reject);
    };
    if (known.phase === "loading" || known.creation) this.#ports.clock.soon(retry);
    else if (isTerminal(known.row.status)) this.#ports.clock.soon(retry);
    else resolve({ type: "exists", status: known.row.status });
  }

  #timerDue(timer: Timer): void {
    const { run, id, dueAt } = timer;
    this.deliver(timer.instanceId, {
      run,
      timer: { run, id, dueAt },
      event: { type: "TimerFired", timestamp: this.#ports.clock.now(), timerId: id, fireAt: dueAt },
    });
  }
}

const BASE_BYTES = 3_000;

/** S-112 */
const idIsTaken = (status: RuntimeStatus): FailureDetails => ({
  errorType: "InstanceAlreadyExists",
  errorMessage: `An Orchestration instance with the status ${status} already exists.`,
});

const gone = (childId: string): FailureDetails => ({
  errorType: "InstanceNotFound",
  errorMessage: `Sub-orchestration '${childId}' was purged before its outcome was known.`,
});

class AlreadyExists extends Error {
  readonly status: RuntimeStatus;

  constructor(status: RuntimeStatus) {
    super(`An instance with the status ${status} already exists.`);
    this.status = status;
  }
}

/**
 * The messages of the next episode; those of an earlier run are void and dropped here. What the history has already
 * runs alone, at the time the history says. An instance that is being created does not know yet whether its id is
 * another's: what is for that one waits.
 */
function takeMessages(instance: ActiveInstance): readonly PendingMessage[] {
  const { inbox, run } = instance;
  const isOurs = (message: PendingMessage): boolean => message.run === undefined || message.run === run;
  const recorded = inbox[0]?.recordedAt === undefined ? 0 : inbox.findIndex(isNew);
  const limit = recorded === 0 ? MAX_MESSAGES_IN_AN_EPISODE : recorded;
  const taken = limit < 0 || inbox.length <= limit ? inbox.splice(0) : inbox.splice(0, limit);
  if (taken.every(isOurs)) return taken;
  if (instance.creation === undefined) return taken.map((each) => (isOurs(each) ? each : withoutEvent(each)));
  inbox.unshift(...taken.filter((each) => !isOurs(each)));
  return taken.filter(isOurs);
}

const isNew = (message: PendingMessage): boolean => message.recordedAt === undefined;

/** It leaves no trace in the store unless it takes effect; what begins an execution does: its row says `recover`. */
const changesNothing = ({ storedId, timer, recordedAt }: PendingMessage): boolean =>
  storedId === undefined && timer === undefined && recordedAt === undefined;

function withoutEvent(message: PendingMessage): PendingMessage {
  const { event: _, ...rest } = message;
  return rest;
}

function settleAll(messages: readonly PendingMessage[], outcome: Delivery | Error): void {
  for (const message of messages) message.settled?.(outcome);
}

function isWritten(outcome: PumpOutcome): outcome is Extract<PumpOutcome, { type: "applied" | "already" }> {
  return outcome.type === "applied" || outcome.type === "already";
}

function isOutcomeOf(childId: string, message: StoredMessage): boolean {
  const event = decodeMessage(message.event);
  return (
    (event.type === "SubOrchestrationInstanceCompleted" || event.type === "SubOrchestrationInstanceFailed") &&
    event.instanceId === childId
  );
}
