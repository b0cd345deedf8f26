import { randomUUID } from "node:crypto";
import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import type { RemoteTurnResult } from "../core/remote-execution.ts";
import type { Clock } from "../engine/clock.ts";
import type { ActivityCall, ActivityOutcome, FunctionKind, RunningActivity } from "../engine/executor.ts";
import {
  NoWorker,
  type RemoteWorkers,
  type TurnToRun,
  Withdrawn,
  type WorkGivenBack,
} from "../engine/remote-workers.ts";
import type { WorkElsewhere } from "../engine/work-elsewhere.ts";
import { failedActivity, failedBatch, failedTurn } from "./failed-work.ts";
import { firstOperations } from "./first-operations.ts";
import { GivenBack } from "./given-back.ts";
import { type Settling, settling } from "./settling.ts";
import { TooLargeWork } from "./too-large-work.ts";
import type { Work } from "./work.ts";
import type { WorkDescription } from "./work-filters.ts";
import { activityItem, entityItem, turnItem } from "./work-items.ts";
import { WorkQueue } from "./work-queue.ts";
import type { WorkerStream } from "./worker-stream.ts";

/** How long work rests that a worker has given back, so that the two do not play ball. */
const REST_MS = 500;

export interface TurnWork extends Work {
  readonly kind: "orchestrator";
  readonly turn: TurnToRun;
  readonly settling: Settling<RemoteTurnResult>;
}

export interface ActivityWork extends Work {
  readonly kind: "activity";
  readonly call: ActivityCall;
  readonly settling: Settling<ActivityOutcome>;
}

export interface EntityWork extends Work {
  readonly kind: "entity";
  readonly batch: EntityBatch;
  readonly settling: Settling<EntityBatchResult>;
}

export type AnyWork = TurnWork | ActivityWork | EntityWork;

export interface WorkerPoolOptions {
  /** After so long an activity without an answer is for another worker. Absent: it stays with its worker. */
  readonly activityTimeoutMs?: number | undefined;
}

/**
 * The workers of one task hub that are connected, and the work they have or wait for.
 *
 * 1. The stream is the lease: when it ends, what its worker has goes to another, at once.
 * 2. Each time it is sent, a piece of work gets a new token. Only the last one counts, and none from another life.
 * 3. Work goes to the worker that takes it and has the least to do; what nobody has room for waits in its order.
 *    What a worker has given back goes to the others first.
 * 4. A turn that nobody takes is not kept here: its instance waits in the store. Activities and entities wait here.
 */
export class WorkerPool implements RemoteWorkers {
  readonly #clock: Clock;
  readonly #activityTimeoutMs: number | undefined;
  readonly #streams = new Set<WorkerStream>();
  readonly #waiting = new WorkQueue<AnyWork>();
  readonly #sent = new Map<string, AnyWork>();
  readonly #byKey = new Map<string, AnyWork>();
  readonly #tooLarge = new TooLargeWork();
  readonly #givenBack = new GivenBack();
  /** Streams that have got room. */
  readonly #toFill = new Set<WorkerStream>();
  readonly #listeners: (() => void)[] = [];
  /** Tokens of another life of this process do not look like those of this one. */
  readonly #life = randomUUID();
  #sequence = 0;

  constructor(clock: Clock, { activityTimeoutMs }: WorkerPoolOptions = {}) {
    this.#clock = clock;
    this.#activityTimeoutMs = activityTimeoutMs;
  }

  get streamCount(): number {
    return this.#streams.size;
  }

  accepts(kind: FunctionKind, name: string, version: string | undefined): boolean {
    return this.#isAccepted({ kind, name, version });
  }

  onChanged(listener: () => void): void {
    this.#listeners.push(listener);
  }

  // --- workers come and go ---

  connect(stream: WorkerStream): void {
    this.#streams.add(stream);
    stream.onRead(() => this.#fillAgain(stream));
    this.#fill(stream);
    this.#changed();
  }

  disconnect(stream: WorkerStream): void {
    if (!this.#streams.delete(stream)) return;
    const orphans = [...this.#sent.values()].filter((work) => work.sent?.stream === stream);
    for (const work of orphans.reverse()) {
      const failure = this.#tooLarge.streamEnded(work, this.#clock.now());
      this.#forget(work);
      if (failure === undefined) {
        this.#waiting.putBack(work);
        continue;
      }
      this.#givenBack.forget(work);
      work.fail(failure);
    }
    this.#spread();
    const abandoned = this.#waiting.takeAll(
      (work) => work.abandoned !== undefined && !this.#isAccepted(work),
    );
    for (const work of abandoned) this.#abandon(work);
    this.#changed();
  }

  /** The hub is gone: its workers are to connect again, to what takes its place. */
  sendAway(): void {
    for (const stream of this.#streams) stream.hangUp("The task hub was removed.");
  }

  // --- what the engine wants done ---

  runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult> {
    const { instanceId, name, version } = turn.started;
    const { promise: outcome, ...settles } = settling<RemoteTurnResult>();
    const work: TurnWork = {
      kind: "orchestrator",
      name,
      version,
      instanceId,
      key: turnKey(instanceId),
      encode: ({ reader, canStreamHistory }, token) =>
        turnItem(turn, { reader, canStreamHistory: canStreamHistory && !work.isWhole }, token),
      abandoned: () => settles.reject(new NoWorker(`the orchestrator '${name}'`)),
      fail: (failure) => settles.resolve(failedTurn(failure)),
      sent: undefined,
      isOver: false,
      parts: undefined,
      refusedBy: undefined,
      isWhole: false,
      turn,
      settling: settles,
    };
    if (this.#isAccepted(work)) this.#dispatch(work);
    else this.#abandon(work);
    const withdraw = (): void => {
      this.#remove(work);
      settles.reject(new Withdrawn(`The turn of instance '${instanceId}' was taken back.`));
    };
    return { outcome, withdraw };
  }

  startActivity(call: ActivityCall): RunningActivity {
    const { promise: outcome, ...settles } = settling<ActivityOutcome>();
    const { name, version, instanceId, taskId } = call;
    const work: ActivityWork = {
      kind: "activity",
      name,
      version,
      instanceId,
      key: `activity ${taskId} ${instanceId}`,
      encode: (_reader, token) => activityItem(call, token),
      fail: (failure) => settles.resolve(failedActivity(name, failure)),
      sent: undefined,
      isOver: false,
      parts: undefined,
      refusedBy: undefined,
      isWhole: false,
      call,
      settling: settles,
    };
    this.#dispatch(work);
    const waitsFor = (): RunningActivity["waitsFor"] => {
      if (work.sent) return undefined;
      return this.#isAccepted(work) ? "slot" : "worker";
    };
    return {
      outcome,
      abort: () => this.#remove(work),
      get waitsFor() {
        return waitsFor();
      },
    };
  }

  runEntity(asked: EntityBatch): WorkElsewhere<EntityBatchResult> {
    const batch = firstOperations(asked);
    const { promise: outcome, ...settles } = settling<EntityBatchResult>();
    const work: EntityWork = {
      kind: "entity",
      name: batch.entity.name,
      version: undefined,
      instanceId: batch.instanceId,
      key: `entity ${batch.instanceId}`,
      encode: (_reader, token) => entityItem(batch, token),
      fail: (failure) => settles.resolve(failedBatch(batch, failure)),
      sent: undefined,
      isOver: false,
      parts: undefined,
      refusedBy: undefined,
      isWhole: false,
      batch,
      settling: settles,
    };
    this.#dispatch(work);
    const withdraw = (): void => {
      this.#remove(work);
      settles.reject(new Withdrawn(`The batch of entity '${batch.instanceId}' was taken back.`));
    };
    return { outcome, withdraw };
  }

  // --- what workers answer ---

  /**
   * The work with this token; for workers that send none the work with this key, if it was sent over the connection that
   * the answer comes from. `undefined` when it is of another life.
   */
  find(
    { token, key }: { readonly token: string; readonly key: string },
    call: { readonly peer: string },
  ): AnyWork | undefined {
    if (token !== "") return this.#sent.get(token);
    const work = this.#byKey.get(key);
    return work?.sent?.stream.peer === call.peer ? work : undefined;
  }

  /** The turn of an execution that a worker has. */
  turnOf(instanceId: string, executionId: string): TurnWork | undefined {
    const work = this.#byKey.get(turnKey(instanceId));
    if (work?.kind !== "orchestrator" || work.turn.started.executionId !== executionId) return undefined;
    return work;
  }

  /** It is done: its worker has room again. */
  finish(work: AnyWork): void {
    this.#givenBack.forget(work);
    this.#letGo(work);
  }

  #letGo(work: AnyWork): void {
    const stream = work.sent?.stream;
    this.#tooLarge.answered(work);
    this.#forget(work);
    this.#fillAgain(stream);
  }

  /** The worker wants it whole: at once, unless it was. */
  sendWhole(work: AnyWork): void {
    if (work.isWhole) return this.#rest(work);
    const stream = work.sent?.stream;
    work.isWhole = true;
    this.#forget(work);
    this.#dispatch(work);
    this.#fillAgain(stream);
  }

  /** The worker will not do it: after a moment it is for whoever takes it then. `why` goes on from "because". */
  giveBack(work: AnyWork, why: string): void {
    this.#givenBack.note(work, why);
    this.#refuse(work);
    this.#rest(work);
  }

  givenBack(instanceId: string): readonly WorkGivenBack[] {
    return this.#givenBack.of(instanceId);
  }

  #rest(work: AnyWork): void {
    this.#letGo(work);
    this.#clock.after(REST_MS, () => {
      if (work.isOver) return;
      if (work.abandoned && !this.#isAccepted(work)) this.#abandon(work);
      else this.#dispatch(work);
    });
  }

  // --- who does what ---

  #dispatch(work: AnyWork): void {
    let best: WorkerStream | undefined;
    for (const stream of this.#streams) {
      if (!this.#mayHave(stream, work)) continue;
      if (best === undefined || stream.load < best.load) best = stream;
    }
    if (best === undefined) this.#waiting.add(work);
    else this.#send(work, best);
  }

  /** What waits goes to whoever has the least to do, one after the other. */
  #spread(): void {
    const isWanted = (work: AnyWork): boolean => {
      for (const stream of this.#streams) if (this.#mayHave(stream, work)) return true;
      return false;
    };
    while (!this.#waiting.isEmpty) {
      const work = this.#waiting.take(isWanted);
      if (work === undefined) return;
      this.#dispatch(work);
    }
  }

  #fill(stream: WorkerStream): void {
    while (!this.#waiting.isEmpty) {
      const work = this.#waiting.take((each) => this.#mayHave(stream, each));
      if (work === undefined) return;
      this.#send(work, stream);
    }
  }

  /** When much is taken back at once, the room of some is not for others that are about to be. */
  #fillSoon(stream: WorkerStream): void {
    this.#toFill.add(stream);
    if (this.#toFill.size > 1) return;
    this.#clock.soon(() => {
      for (const each of this.#toFill) this.#fillAgain(each);
      this.#toFill.clear();
    });
  }

  #fillAgain(stream: WorkerStream | undefined): void {
    if (stream && this.#streams.has(stream)) this.#fill(stream);
  }

  #send(work: AnyWork, stream: WorkerStream): void {
    this.#sequence += 1;
    const token = `${this.#life}-${this.#sequence}`;
    const item = work.encode(stream, token);
    const stopWaiting = this.#awaitAnswer(work, token);
    work.sent = { stream, token, bytes: item.length, at: this.#clock.now(), stopWaiting };
    work.parts = undefined;
    this.#sent.set(token, work);
    this.#byKey.set(work.key, work);
    stream.send(work.kind, item);
  }

  /** A worker may go on and never answer: .NET's refuses activities of other versions in silence. */
  #awaitAnswer(work: AnyWork, token: string): (() => void) | undefined {
    if (work.kind !== "activity" || this.#activityTimeoutMs === undefined) return undefined;
    return this.#clock.after(this.#activityTimeoutMs, () => {
      if (work.sent?.token === token) this.giveBack(work, "no answer came in time");
    });
  }

  #remove(work: AnyWork): void {
    const stream = work.sent?.stream;
    work.isOver = true;
    this.#tooLarge.answered(work);
    this.#givenBack.forget(work);
    if (stream === undefined) return this.#waiting.remove(work);
    this.#forget(work);
    this.#fillSoon(stream);
  }

  /** Nobody is left who takes it: it waits in the store. */
  #abandon(work: AnyWork): void {
    this.#givenBack.forget(work);
    work.abandoned?.();
  }

  #forget(work: AnyWork): void {
    const { sent } = work;
    if (sent === undefined) return;
    work.sent = undefined;
    sent.stopWaiting?.();
    this.#sent.delete(sent.token);
    if (this.#byKey.get(work.key) === work) this.#byKey.delete(work.key);
    sent.stream.release(work.kind);
  }

  /** When all who take it have given it back, it is for all of them again. */
  #refuse(work: AnyWork): void {
    if (work.sent === undefined) return;
    work.refusedBy ??= new WeakSet();
    work.refusedBy.add(work.sent.stream);
    if (this.#isRefusedByAll(work)) work.refusedBy = undefined;
  }

  #mayHave(stream: WorkerStream, work: AnyWork): boolean {
    if (!stream.hasRoomFor(work.kind) || !stream.accepts(work)) return false;
    return !work.refusedBy?.has(stream) || this.#isRefusedByAll(work);
  }

  #isRefusedByAll(work: AnyWork): boolean {
    for (const stream of this.#streams) {
      if (stream.accepts(work) && !work.refusedBy?.has(stream)) return false;
    }
    return true;
  }

  #isAccepted(work: WorkDescription): boolean {
    for (const stream of this.#streams) if (stream.accepts(work)) return true;
    return false;
  }

  #changed(): void {
    for (const listener of this.#listeners) listener();
  }
}

/** By which a worker names a turn that sends no token. */
export const turnKey = (instanceId: string): string => `orchestrator ${instanceId}`;
