import { decodeMessage } from "../core/history-chunk.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type {
  DueStart,
  InstanceRecord,
  NewInstance,
  OwnedPartition,
  StoredMessage,
  Timer,
} from "../storage/index.ts";
import { ActiveInstance, endedRecord, type PendingMessage, startedEvent } from "./active-instance.ts";
import { Backlog } from "./backlog.ts";
import type { PumpOutcome } from "./commit-pump.ts";
import { CommittedEffects, type Written } from "./committed-effects.ts";
import type { BuiltEpisode, Effects, NextExecution } from "./episode-builder.ts";
import { EpisodeRunner } from "./episode-runner.ts";
import { haltOf } from "./halt.ts";
import type { HeldMessages } from "./held-messages.ts";
import { changesStatus } from "./hub-changes.ts";
import { isTerminating, putFirst, settleAll } from "./inbox.ts";
import { AlreadyExists, InstanceStarts, type StartOutcome } from "./instance-starts.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { ResidentInstances } from "./resident-instances.ts";
import { type PlannedRewind, planRewind } from "./rewinder.ts";
import { untilAnswered } from "./store-retry.ts";
import type { Tenure } from "./tenure.ts";
import { TimerQueue } from "./timer-queue.ts";

/**
 * The instances of one partition this process owns: what they are told, and what follows a commit.
 *
 * It does not own: which instance is in memory (ResidentInstances), whose turn it is (EpisodeRunner), what code does
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
  readonly backlog = new Backlog();
  readonly #ports: PartitionPorts;
  readonly #residents: ResidentInstances;
  readonly #runner: EpisodeRunner;
  readonly #effects: CommittedEffects;
  readonly #starts: InstanceStarts;
  readonly #tenure: Tenure = { over: undefined };

  constructor(owned: OwnedPartition, ports: PartitionPorts) {
    this.owned = owned;
    this.#ports = ports;
    this.timers = new TimerQueue(ports.clock, (timer) => this.#timerDue(timer));
    const tenure = this.#tenure;
    this.#effects = new CommittedEffects(ports, {
      tenure,
      timers: this.timers,
      deliver: (instanceId, message) => this.deliver(instanceId, message),
    });
    this.#residents = new ResidentInstances(owned, ports, {
      tenure,
      ready: (instance) => this.#runner.add(instance),
      restartWork: (instance) => this.#effects.restartWork(instance),
      afterTheEnd: (instance, status) => this.#rewindOrTurnAway(instance, status),
    });
    this.#starts = new InstanceStarts(this.#residents, ports.clock, tenure);
    this.#runner = new EpisodeRunner(owned, ports, {
      tenure,
      rest: (instance) => this.#residents.rest(instance),
      reload: (instance, messages) => this.#reload(instance, messages),
      committed: (instance, messages, built, outcome) => this.#committed(instance, messages, built, outcome),
      unwritable: (instance, messages, error) =>
        this.#rejected(instance, messages, { what: "Its episode cannot be made", error }),
    });
  }

  /** Instances in memory. */
  get activeCount(): number {
    return this.#residents.count;
  }

  /** Instances that have something to do right now. */
  get busyCount(): number {
    return this.#residents.busyCount;
  }

  /** Whether anything is under way that comes to an end, here or also elsewhere. */
  isAnyUnderWay(where: "here" | "anywhere"): boolean {
    return this.#residents.isAnyUnderWay(where);
  }

  get held(): HeldMessages {
    return this.#residents.held;
  }

  /** The status of an instance that is in memory, as last committed. */
  liveStatus(instanceId: string): RuntimeStatus | undefined {
    return this.#residents.liveStatus(instanceId);
  }

  // --- what instances are told ---

  /** Brings an instance into being with its first episode. */
  start(instance: NewInstance, replaces: readonly RuntimeStatus[]): Promise<StartOutcome> {
    return this.#starts.start(instance, replaces);
  }

  /** Hands a message to its instance, which is read from the store first when it is not in memory. */
  deliver(instanceId: string, message: PendingMessage): void {
    if (this.#tenure.over) message.settled?.(this.#tenure.over);
    else this.#residents.deliver(instanceId, message);
  }

  /** A message of an instance of this worker, committed. While this partition is behind, its way is through the store. */
  sent(instanceId: string, message: PendingMessage): void {
    if (this.backlog.isBehind) this.backlog.fallBehind();
    else this.deliver(instanceId, message);
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
  begin({ instanceId, run }: Pick<DueStart, "instanceId" | "run">): void {
    if (this.#tenure.over) return;
    const other = this.#residents.get(instanceId);
    if (other) return this.#residents.beginBehind(other, run);
    if (this.#residents.isHeld(run)) return this.#residents.noteProgress(instanceId);
    this.#residents.load(instanceId);
  }

  /** Whether its code would run here, as far as its record says. */
  mayRun(record: InstanceRecord): boolean {
    return haltOf(record, this.#ports) === undefined;
  }

  /** A child this partition's parent has started, or one that a parent elsewhere has. */
  beginChild(start: NewInstance): void {
    if (this.#tenure.over) return;
    const other = this.#residents.get(start.instanceId);
    if (other) return this.#residents.beginBehind(other, start.run);
    if (this.#isHalted(start)) {
      if (!this.#residents.awaitWorker(start)) this.#residents.load(start.instanceId);
      return;
    }
    const child = new ActiveInstance(start.instanceId);
    child.run = start.run;
    child.started = startedEvent(start);
    child.inbox.push({ event: child.started });
    this.#residents.add(child);
  }

  /** It may have to wait for a worker that has its version: whoever reads it finds out. */
  #isHalted({ name, version }: Pick<NewInstance, "name" | "version">): boolean {
    const { type } = this.#ports.executor.match(name, version);
    return type === "version-missing" || type === "waits";
  }

  /** Workers elsewhere have come or gone. */
  workersChanged(): void {
    if (!this.#tenure.over) this.#residents.workersChanged();
  }

  /** What is sent to it goes into the store first: its code, which is elsewhere, may take long. */
  mayRunElsewhere(instanceId: string): boolean {
    const instance = this.#residents.get(instanceId);
    return instance?.session === undefined || instance.session.runsElsewhere === true;
  }

  /** A batch of it that is elsewhere can change nothing any more; its operations wait in the store for what comes after it. */
  purged(instanceId: string): void {
    this.#residents.get(instanceId)?.entity?.withdraw?.();
  }

  #timerDue(timer: Timer): void {
    const { run, id, dueAt } = timer;
    this.deliver(timer.instanceId, {
      run,
      timer: { run, id, dueAt },
      event: { type: "TimerFired", timestamp: this.#ports.clock.now(), timerId: id, fireAt: dueAt },
    });
  }

  // --- a change of owner ---

  /** An instance a former owner left with work under way. */
  recover(instanceId: string): void {
    if (this.#tenure.over || this.#residents.get(instanceId)) return;
    this.#residents.load(instanceId, { recovering: true });
  }

  /** It is left alone, whatever comes for it but its end, until it is released. */
  hold(instanceId: string): void {
    this.#residents.hold(instanceId);
  }

  /** What has come for it meanwhile is in the store. */
  release(instanceId: string): void {
    if (this.#residents.release(instanceId)) void this.#takeWaiting(instanceId);
  }

  /** Resolves when the instance has come to a commit, or to rest without one. */
  progressOf(instanceId: string): Promise<void> {
    return this.#residents.progressOf(instanceId);
  }

  /** All that a former owner left has been seen. */
  takenOver(): void {
    this.#residents.takenOver();
  }

  /** The partition is lost, or the worker stops: forget everything. */
  abandon(reason: Error): void {
    this.#tenure.over = reason;
    this.timers.stop();
    this.#effects.abortAll(reason.message);
    this.#residents.clear(reason);
    this.#runner.stop();
  }

  // --- after a commit ---

  #committed(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    built: BuiltEpisode,
    outcome: PumpOutcome,
  ): void {
    if (this.#tenure.over) return this.#afterTheTenure(messages, built.effects.messages, outcome);
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
      case "withdrawn":
        return this.#withdrawn(instance, messages, outcome.error);
      case "rejected":
        return this.#rejected(instance, messages, {
          what: "The store refuses its episode",
          error: outcome.error,
        });
    }
  }

  #applied(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    { episode, effects }: BuiltEpisode,
    outcome: Written,
  ): void {
    this.#residents.noteProgress(instance.instanceId);
    instance.creation = undefined;
    instance.suspicion = undefined;
    instance.row = effects.row;
    instance.nextSeq = episode.chunk.seq + 1;
    instance.bytes = bytesAfter(instance, episode.chunk.events.length * 2);
    for (const message of messages) if (message.storedId !== undefined) this.held.consume(message.storedId);
    this.#effects.release(instance, effects, outcome);
    if (changesStatus(episode)) this.#ports.changed(instance.instanceId);
    if (effects.completion) this.#ended(instance, effects, episode.chunk.at);
    else if (episode.removes) this.#removed(instance);
    else if (effects.nextExecution) this.#beginNextExecution(instance, effects.nextExecution);
    else this.#residents.rest(instance);
    settleAll(messages, "delivered");
  }

  #ended(instance: ActiveInstance, effects: Effects, at: number): void {
    this.#residents.forget(instance);
    this.#ports.activities.abortRun(instance.run, "its orchestration has ended");
    this.#ports.ended(instance.instanceId, () => endedRecord(instance, effects, at));
    this.#residents.passOn(instance);
  }

  /** An entity that has nothing to keep; the next message brings it back. */
  #removed(instance: ActiveInstance): void {
    this.#residents.forget(instance);
    this.#residents.passOn(instance);
  }

  #beginNextExecution(instance: ActiveInstance, { nextRun, at, begins }: NextExecution): void {
    this.#ports.activities.abortRun(instance.run, "its orchestration has continued as new");
    instance.run = nextRun.run;
    instance.nextSeq = 1;
    instance.bytes = 0;
    instance.started = begins[0];
    if (this.#isHalted(begins[0]) || isTerminating(instance)) {
      this.#residents.forget(instance);
      this.#residents.passOn(instance);
      return this.recover(instance.instanceId);
    }
    putFirst(
      instance.inbox,
      begins.map((event) => ({ event, recordedAt: at })),
    );
    this.#residents.open(instance);
    this.#residents.wake(instance);
  }

  /** What it has sent may be for instances that are still here. */
  #afterTheTenure(
    messages: readonly PendingMessage[],
    sent: Effects["messages"],
    outcome: PumpOutcome,
  ): void {
    if (!isWritten(outcome)) return settleAll(messages, this.#tenure.over ?? "delivered");
    for (const { instanceId } of sent) this.#ports.left(instanceId);
    settleAll(messages, "delivered");
  }

  // --- a commit that was not applied ---

  /** Another owner has the partition: what this episode was to do is for that one to do. */
  #fenced(messages: readonly PendingMessage[]): void {
    this.#ports.lost(this);
    settleAll(messages, this.#tenure.over ?? new Error("The partition was lost."));
  }

  #refused(instance: ActiveInstance, messages: readonly PendingMessage[], status: RuntimeStatus): void {
    this.#residents.forget(instance);
    const [start, ...others] = messages;
    start?.settled?.(new AlreadyExists(status));
    putFirst(instance.inbox, others);
    this.#residents.passOn(instance);
  }

  /** Someone else wrote: what is in memory is void, the store is right. */
  #reload(instance: ActiveInstance, messages: readonly PendingMessage[]): void {
    putFirst(instance.inbox, messages);
    if (instance.creation === undefined) return this.#residents.readAgain(instance);
    this.#residents.forget(instance);
    const error = new Error(`Instance '${instance.instanceId}' could not be created; try again.`);
    settleAll(instance.inbox.splice(0), error);
  }

  /** The store cannot take a start just now: it never was. */
  #withdrawn(instance: ActiveInstance, messages: readonly PendingMessage[], error: Error): void {
    this.#residents.forget(instance);
    settleAll([...messages, ...instance.inbox.splice(0)], error);
  }

  /** For good, whoever tries again: the instance is left alone, and who waits for an answer is told. */
  #rejected(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    { what, error }: { readonly what: string; readonly error: unknown },
  ): void {
    const { instanceId } = instance;
    const reason = error instanceof Error ? error : new Error(String(error));
    this.#residents.forget(instance);
    settleAll([...messages, ...instance.inbox.splice(0)], reason);
    this.#ports.logger.error({ instanceId, err: reason }, "An episode can never be written");
    if (instance.creation) return;
    void this.#ports.quarantine(instanceId, `${what}: ${reason.message}`);
  }

  // --- rewind ---

  /** Entities answer once: what they told an instance that has failed is for it when it is rewound. */
  async #rewindOrTurnAway(instance: ActiveInstance, status: RuntimeStatus): Promise<void> {
    const messages = instance.inbox.filter((message) => !isEntityAnswer(message));
    const rewind = await planRewind(instance.instanceId, messages, this.owned, this.#ports);
    if (this.#tenure.over) return;
    if (rewind === "held") return this.#residents.leaveInStore(instance);
    if (rewind === undefined) {
      const isKept = status === "Failed" ? isEntityAnswer : undefined;
      return this.#residents.turnAway(instance, "instance-ended", isKept);
    }
    const others = instance.inbox.filter((message) => !messages.includes(message));
    instance.inbox.splice(0, instance.inbox.length, ...others);
    instance.phase = "committing";
    this.#ports.pump.add(rewind.episode, (outcome) => this.#rewound(instance, messages, rewind, outcome));
    this.#runner.scheduleWave();
  }

  /** The history is as it was before the failure: the instance goes on like one that a former owner left. */
  #rewound(
    instance: ActiveInstance,
    messages: readonly PendingMessage[],
    rewind: PlannedRewind,
    outcome: PumpOutcome,
  ): void {
    if (this.#tenure.over) return this.#afterTheTenure(messages, rewind.messages, outcome);
    if (outcome.type === "fenced") return this.#fenced(messages);
    if (!isWritten(outcome)) return this.#reload(instance, messages);
    this.#residents.forget(instance);
    for (const message of messages) if (message.storedId !== undefined) this.held.consume(message.storedId);
    settleAll(messages, "delivered");
    this.#effects.send(rewind.messages, outcome);
    this.recover(instance.instanceId);
    this.#residents.passOn(instance);
    void this.#takeWaiting(instance.instanceId);
  }

  /** What has waited in the store for the instance to go on. */
  async #takeWaiting(instanceId: string): Promise<void> {
    await this.held.whileAsking(async () => {
      const waiting = await untilAnswered(() => this.#ports.query.messages(instanceId), this.#ports);
      for (const message of waiting) this.take(message);
    });
  }
}

function isEntityAnswer({ event, storedId }: PendingMessage): boolean {
  if (event === undefined || storedId === undefined) return false;
  return event.type === "EntityOperationCompleted" || event.type === "EntityOperationFailed";
}

/** About what the instance takes in memory: its history, or the state of an entity, which has none. */
function bytesAfter({ bytes, entity }: ActiveInstance, written: number): number {
  return entity ? written + (entity.state.state?.length ?? 0) * 2 : bytes + written;
}

function isWritten(outcome: PumpOutcome): outcome is Written {
  return outcome.type === "applied" || outcome.type === "already";
}
