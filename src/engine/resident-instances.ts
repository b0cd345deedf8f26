import { parseEntityId } from "../core/entity-id.ts";
import type { Disagreement } from "../core/errors.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord, NewInstance, OwnedPartition } from "../storage/index.ts";
import { ActiveInstance, type Delivery, type PendingMessage } from "./active-instance.ts";
import { HeldMessages } from "./held-messages.ts";
import { isNew, isTerminating, settleAll } from "./inbox.ts";
import { type Loading, loadInstance } from "./instance-loader.ts";
import { LoadGate } from "./load-gate.ts";
import type { PartitionPorts } from "./partition-ports.ts";
import { SessionCache } from "./session-cache.ts";
import type { Tenure } from "./tenure.ts";

/** About what an idle instance takes beside its history. */
const BASE_BYTES = 3_000;

/** What follows from an instance's being in memory; the partition knows. */
export interface Residence {
  readonly tenure: Readonly<Tenure>;
  /** The instance has something to do. */
  ready(instance: ActiveInstance): void;
  /** It was read, and its history says that work is under way that nobody does. */
  restartWork(instance: ActiveInstance): Promise<void>;
  /** It was read, and has ended: only a rewind means something to it. */
  afterTheEnd(instance: ActiveInstance, status: RuntimeStatus): Promise<void>;
}

/**
 * Which instances of a partition are in memory, and what is waiting for each.
 *
 * 1. An instance that is not here is read and replayed before it is told anything.
 * 2. A message ends in one of three ways: an episode takes it, the instance turns it away, or it waits in the store.
 */
export class ResidentInstances {
  readonly held = new HeldMessages();
  readonly #owned: OwnedPartition;
  readonly #ports: PartitionPorts;
  readonly #residence: Residence;
  readonly #instances = new Map<string, ActiveInstance>();
  readonly #cache: SessionCache;
  readonly #gate: LoadGate;
  readonly #progress = new Map<string, (() => void)[]>();
  /** Starts, by run, that wait for a worker with their version. */
  readonly #heldStarts = new Map<number, Pick<InstanceRecord, "name" | "version">>();
  /** Instances, by id, that wait for a worker elsewhere. */
  readonly #awaitingWorker = new Map<string, Pick<InstanceRecord, "run" | "name" | "version">>();
  /** Instances that were found to be blocked: each is told of once. */
  readonly #blocked = new Set<string>();
  /** Instances that had to be left alone: the next to read one looks for what was left with it. */
  readonly #rested = new Set<string>();
  /** Instances that are left alone for now, for they may have killed the process. */
  readonly #onHold = new Set<string>();
  /** Starts, by id and run, that came while something older with their id was in memory. */
  readonly #startsBehind = new Map<string, number>();
  /** Until the worker has seen all that a former owner left, every instance that is read may have work to restart. */
  #takingOver = true;

  constructor(owned: OwnedPartition, ports: PartitionPorts, residence: Residence) {
    this.#owned = owned;
    this.#ports = ports;
    this.#residence = residence;
    this.#gate = new LoadGate(ports.clock);
    this.#cache = new SessionCache(ports.settings.sessionMemoryBytes, (instance) => this.#evict(instance));
  }

  get count(): number {
    return this.#instances.size;
  }

  get busyCount(): number {
    let busy = 0;
    for (const instance of this.#instances.values()) if (instance.phase !== "idle") busy += 1;
    return busy;
  }

  /** Whether anything is under way that comes to an end, here or also elsewhere. What no worker takes does not. */
  isAnyUnderWay(where: "here" | "anywhere"): boolean {
    for (const instance of this.#instances.values()) {
      if (instance.phase === "idle") continue;
      const place = this.#placeOf(instance);
      if (place === "here" || (place === "elsewhere" && where === "anywhere")) return true;
    }
    return false;
  }

  #placeOf({ instanceId, phase, session, entity }: ActiveInstance): "here" | "elsewhere" | "nowhere" {
    if (phase !== "running") return "here";
    if (entity === undefined) return session?.runsElsewhere ? "elsewhere" : "here";
    const { executor } = this.#ports;
    const name = parseEntityId(instanceId)?.name ?? "";
    if (executor.runsHere("entity", name)) return "here";
    return executor.runsElsewhere?.("entity", name) ? "elsewhere" : "nowhere";
  }

  get(instanceId: string): ActiveInstance | undefined {
    return this.#instances.get(instanceId);
  }

  /** The start was read and has to wait; what its orchestrator is registered with may have changed since. */
  isHeld(run: number): boolean {
    const held = this.#heldStarts.get(run);
    if (held === undefined) return false;
    if (this.#isWithoutWorker(held)) return true;
    this.#heldStarts.delete(run);
    return false;
  }

  /** Those that have waited for a worker look again whether there is one. */
  workersChanged(): void {
    for (const [instanceId, record] of this.#awaitingWorker) {
      if (!this.#isWithoutWorker(record)) this.load(instanceId, { recovering: true });
    }
  }

  /** A start that was just committed, of which nothing else can be known: true when it has to wait for a worker elsewhere. */
  awaitWorker(start: NewInstance): boolean {
    const { executor } = this.#ports;
    const { type } = executor.match(start.name, executor.pinnedVersion(start.name, start.version));
    if (type !== "waits") return false;
    this.#awaitWorker(start.instanceId, start);
    this.#rested.add(start.instanceId);
    return true;
  }

  #awaitWorker(instanceId: string, record: HeldRecord): void {
    const kept = withoutPayloads(record);
    this.#heldStarts.set(kept.run, kept);
    this.#awaitingWorker.set(instanceId, kept);
  }

  #stopAwaiting(instanceId: string): void {
    const record = this.#awaitingWorker.get(instanceId);
    if (record === undefined) return;
    this.#awaitingWorker.delete(instanceId);
    this.#heldStarts.delete(record.run);
  }

  #isWithoutWorker({ name, version }: Pick<InstanceRecord, "name" | "version">): boolean {
    const { executor } = this.#ports;
    const { type } = executor.match(name, executor.pinnedVersion(name, version));
    return type === "version-missing" || type === "waits";
  }

  /** The status of an instance that is in memory, as last committed. */
  liveStatus(instanceId: string): RuntimeStatus | undefined {
    const instance = this.#instances.get(instanceId);
    return instance === undefined || instance.creation || instance.phase === "loading"
      ? undefined
      : instance.row.status;
  }

  /** Hands a message to its instance, which is read from the store first when it is not in memory. */
  deliver(instanceId: string, message: PendingMessage): void {
    if (message.storedId !== undefined && !this.held.hold(message.storedId)) return;
    const instance = this.#instances.get(instanceId) ?? this.load(instanceId);
    instance.inbox.push(message);
    if (instance.phase === "idle") this.wake(instance);
    else if (instance.phase === "running" && message.event?.type === "ExecutionTerminated") {
      if (isTerminating(instance)) instance.session?.interrupt?.();
    }
  }

  /** An instance that comes into being here. */
  add(instance: ActiveInstance): void {
    this.#instances.set(instance.instanceId, instance);
    this.open(instance);
    this.wake(instance);
  }

  load(instanceId: string, { recovering = this.#takingOver } = {}): ActiveInstance {
    const instance = new ActiveInstance(instanceId);
    instance.hasRested = this.#rested.has(instanceId);
    instance.recovering = recovering || instance.hasRested;
    this.#instances.set(instanceId, instance);
    this.#stopAwaiting(instanceId);
    void this.#fill(instance);
    return instance;
  }

  hold(instanceId: string): void {
    this.#onHold.add(instanceId);
    this.#rested.add(instanceId);
  }

  /** False when it was not on hold. */
  release(instanceId: string): boolean {
    return this.#onHold.delete(instanceId);
  }

  /** A session from the beginning of the execution. */
  open(instance: ActiveInstance): void {
    if (instance.started === undefined) return;
    instance.session = this.#ports.executor.openSession(instance.started, () => {
      if (instance.phase === "idle") this.wake(instance);
    });
  }

  wake(instance: ActiveInstance): void {
    this.#cache.remove(instance);
    this.#residence.ready(instance);
  }

  rest(instance: ActiveInstance): void {
    const { session, entity } = instance;
    if (instance.inbox.length > 0 || session?.isDue || entity?.isDue) return this.wake(instance);
    instance.phase = "idle";
    this.#acquit(instance);
    if (entity && entity.queue.length > 0) return;
    if (instance.bytes < BASE_BYTES) instance.bytes += BASE_BYTES;
    this.#cache.add(instance);
  }

  /** None of its code has its turn: whoever killed the process, it will not do so now. */
  #acquit(instance: ActiveInstance): void {
    if (this.#ports.activities.isAnyRunning(instance.run)) return;
    this.noteProgress(instance.instanceId);
    if (instance.suspicion !== "counted") return;
    instance.suspicion = "acquitted";
    this.#ports.acquit(instance.instanceId);
  }

  forget(instance: ActiveInstance): void {
    this.noteProgress(instance.instanceId);
    this.#cache.remove(instance);
    if (this.#instances.get(instance.instanceId) === instance) this.#remove(instance);
  }

  /** A start whose id is in memory: unless it is that one, it is read when the other has gone. */
  beginBehind({ instanceId, run }: ActiveInstance, start: number): void {
    if (run !== start) this.#startsBehind.set(instanceId, start);
  }

  #remove({ instanceId, run }: ActiveInstance): void {
    this.#instances.delete(instanceId);
    const start = this.#startsBehind.get(instanceId);
    if (start === undefined) return;
    this.#startsBehind.delete(instanceId);
    if (start !== run && !this.#residence.tenure.over) this.load(instanceId);
  }

  /** All that a former owner left has been seen. */
  takenOver(): void {
    this.#takingOver = false;
  }

  /** Resolves when the instance has come to a commit, or to rest without one. */
  progressOf(instanceId: string): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#progress.get(instanceId);
      if (waiting) waiting.push(resolve);
      else this.#progress.set(instanceId, [resolve]);
    });
  }

  noteProgress(instanceId: string): void {
    const waiting = this.#progress.get(instanceId);
    if (waiting === undefined) return;
    this.#progress.delete(instanceId);
    for (const resolve of waiting) resolve();
  }

  clear(reason: Error): void {
    for (const instance of this.#instances.values()) {
      settleAll(instance.inbox.splice(0), reason);
      instance.session?.interrupt?.();
      instance.entity?.withdraw?.();
    }
    this.#instances.clear();
  }

  // --- where messages go that no episode takes ---

  /** Messages that came too late for this execution: whoever has the id now gets them, or nobody. */
  passOn(instance: ActiveInstance): void {
    for (const message of instance.inbox.splice(0)) {
      if (message.storedId !== undefined) this.held.release(message.storedId);
      // Whoever reads an instance gives it its start, and what its history has.
      if (message.event && message.event.type !== "ExecutionStarted" && isNew(message))
        this.deliver(instance.instanceId, message);
    }
  }

  /** What is in memory of it is void; it may have something to do all the same, without anything that came for it. */
  readAgain(instance: ActiveInstance): void {
    this.forget(instance);
    this.passOn(instance);
    if (!this.#instances.has(instance.instanceId)) this.load(instance.instanceId, { recovering: true });
  }

  /** What is to be kept waits in the store, for the instance may go on one day. */
  turnAway(
    instance: ActiveInstance,
    outcome: Delivery,
    isKept: (message: PendingMessage) => boolean = () => false,
  ): void {
    this.forget(instance);
    const all = instance.inbox.splice(0);
    const messages = all.filter((message) => !isKept(message));
    for (const { storedId } of all.filter(isKept)) if (storedId !== undefined) this.held.release(storedId);
    const stored = messages.flatMap((message) => message.storedId ?? []);
    const timers = messages.flatMap((message) => message.timer ?? []);
    settleAll(messages, outcome);
    if (stored.length === 0 && timers.length === 0) return;
    void this.#ports.discard(this.#owned, stored, timers).then(() => {
      for (const id of stored) this.held.consume(id);
    });
  }

  /** It may not run now: what is for it waits in the store until it may. A timer that is due stays among the timers. */
  leaveInStore(instance: ActiveInstance): void {
    this.forget(instance);
    this.#rested.add(instance.instanceId);
    for (const message of instance.inbox.splice(0)) {
      if (message.storedId !== undefined) this.held.release(message.storedId);
      else if (message.timer === undefined && message.event && message.event.type !== "ExecutionStarted") {
        void this.#ports.keep(instance.instanceId, message.event).then(
          () => message.settled?.("delivered"),
          (error: unknown) => message.settled?.(error instanceof Error ? error : new Error(String(error))),
        );
      }
    }
  }

  /** Its code would have done something else than its history says: nothing of it counts until the code is mended. */
  #block(instance: ActiveInstance, disagreement: Disagreement): void {
    const { instanceId } = instance;
    this.leaveInStore(instance);
    if (this.#blocked.has(instanceId)) return;
    this.#blocked.add(instanceId);
    this.#ports.logger.error(
      { instanceId, orchestrator: instance.started?.name, ...disagreement },
      "An instance is blocked: its code disagrees with its history. Mend the code and restart the host",
    );
  }

  /** It cannot be read or gone on with: what came for it learns why, and it waits in quarantine for someone to look. */
  #setAside(instance: ActiveInstance, error: Error): void {
    this.forget(instance);
    this.#ports.logger.error({ instanceId: instance.instanceId, err: error }, "An instance cannot be read");
    settleAll(instance.inbox.splice(0), error);
    void this.#ports.quarantine(instance.instanceId, error.message);
  }

  // --- in and out of memory ---

  /** Its session is void from here on: whoever needs the instance reads it again. */
  #evict(instance: ActiveInstance): void {
    instance.phase = "loading";
    this.#remove(instance);
  }

  async #fill(instance: ActiveInstance): Promise<void> {
    try {
      await this.#goOn(instance, await this.#read(instance));
    } catch (error) {
      if (this.#residence.tenure.over) return;
      this.#setAside(instance, error instanceof Error ? error : new Error(String(error)));
    }
  }

  async #read(instance: ActiveInstance): Promise<Loading> {
    // What is for it is put into its inbox in this turn.
    await this.#gate.pass();
    if (!this.#isWanted(instance)) return { type: "held" };
    const isHeld = (): boolean => this.#onHold.has(instance.instanceId) && !isTerminating(instance);
    if (isHeld()) return { type: "held" };
    const loaded = await loadInstance(instance, this.held, this.#ports);
    return isHeld() ? { type: "held" } : loaded;
  }

  /** Nothing has made what is read of it void meanwhile. */
  #isWanted(instance: ActiveInstance): boolean {
    return !this.#residence.tenure.over && this.#instances.get(instance.instanceId) === instance;
  }

  async #goOn(instance: ActiveInstance, loaded: Loading): Promise<void> {
    if (!this.#isWanted(instance)) return;
    switch (loaded.type) {
      case "ready":
        this.#rested.delete(instance.instanceId);
        if (this.#startsBehind.get(instance.instanceId) === instance.run) {
          this.#startsBehind.delete(instance.instanceId);
        }
        if (instance.entity && instance.run === 0) {
          instance.entity.isUnborn = instance.recovering && this.#owned.takenOver;
        }
        if (instance.recovering) await this.#residence.restartWork(instance);
        return this.#residence.tenure.over ? undefined : this.rest(instance);
      case "missing":
        this.#rested.delete(instance.instanceId);
        return this.turnAway(instance, "instance-not-found");
      case "ended":
        this.#rested.delete(instance.instanceId);
        return this.#residence.afterTheEnd(instance, loaded.status);
      case "held":
        if (isTerminating(instance)) return this.readAgain(instance);
        if (loaded.start) this.#heldStarts.set(loaded.start.run, withoutPayloads(loaded.start));
        return this.leaveInStore(instance);
      case "awaiting-worker":
        if (isTerminating(instance) || !this.#isWithoutWorker(loaded.record)) return this.readAgain(instance);
        this.#awaitWorker(instance.instanceId, loaded.record);
        return this.leaveInStore(instance);
      case "blocked":
        if (isTerminating(instance)) return this.readAgain(instance);
        this.#acquit(instance);
        return this.#block(instance, loaded.disagreement);
      case "unreadable":
        return this.#setAside(instance, loaded.error);
    }
  }
}

type HeldRecord = Pick<InstanceRecord, "run" | "name" | "version">;

/** What is kept of an instance that waits in the store: its payloads are there. */
const withoutPayloads = ({ run, name, version }: HeldRecord): HeldRecord => ({
  run,
  name,
  ...(version === undefined ? {} : { version }),
});
