import { ActionLog, type SchedulingHistoryEvent } from "./action-log.ts";
import { type CodeOwner, CodeRunner, type CodeRunnerOptions } from "./code-runner.ts";
import { toJsonText } from "./data-converter.ts";
import { EntityRequests } from "./entity-requests.ts";
import type { Completion, ContinuedAsNew, EpisodeResult } from "./episode-result.ts";
import { type Disagreement, type ErrorCode, NonDeterminismError } from "./errors.ts";
import { ExternalEvents } from "./external-events.ts";
import { describeFailure, type FailureDetails, taskFailed } from "./failure-details.ts";
import type {
  EventRaised,
  ExecutionStarted,
  ExecutionTerminated,
  HistoryEvent,
  JsonText,
  MessageEvent,
} from "./history-event.ts";
import { isEntityAnswer, MessageAcceptance } from "./message-acceptance.ts";
import type { OpenSubOrchestration } from "./open-tasks.ts";
import {
  type ContextPort,
  type ContinueAsNewOptions,
  OrchestrationContext,
} from "./orchestration-context.ts";
import { isUnlock, type OrchestratorAction } from "./orchestrator-action.ts";
import type { OrchestratorDefinition } from "./orchestrator-definition.ts";
import { Patches } from "./patches.ts";

export interface SessionOptions extends CodeRunnerOptions {
  readonly maxActions: number;
  /** Default 30,000 (S-182). */
  readonly httpPollMs?: number;
  /** The version that a sub-orchestration gets which names this one, or none (S-115). Default: what it names. */
  readonly versionOfStart?: (name: string, version: string | undefined) => string | undefined;
  /** Sequence numbers of past scheduling events count for nothing; `renumbered` tells the new ones (rewind). */
  readonly renumbered?: (event: SchedulingHistoryEvent, id: number) => void;
}

/** What the code has done that no orchestrator may do, or that this one did not do before. */
export interface Verdict {
  readonly text: string;
  /** Present when it is at odds with its history. */
  readonly disagreement: Disagreement | undefined;
}

type Ending =
  | ({ readonly type: "complete"; readonly immediate: boolean } & Completion)
  | { readonly type: "continueAsNew" };

const NONE: readonly never[] = [];

/** What is sent and needs no answer for the end to come. */
const ONE_WAY: ReadonlySet<string> = new Set<OrchestratorAction["type"]>([
  "SendEvent",
  "CallEntity",
  "SignalEntity",
  "RequestEntityLock",
  "SendEntityUnlock",
]);

const DEFAULT_HTTP_POLL_MS = 30_000;

const VERDICTS: ReadonlySet<unknown> = new Set<ErrorCode>([
  "NON_DETERMINISM",
  "NON_DURABLE_AWAIT",
  "NOT_A_TASK",
  "ORCHESTRATOR_NOT_FOUND",
]);

/**
 * One execution of an orchestrator, kept alive between its episodes.
 *
 * It owns the open tasks, the buffered events and the end. It does not know how code runs (CodeRunner), which messages
 * count (MessageAcceptance), where history is stored or when an episode is due: the engine feeds it events and takes what
 * they lead to.
 *
 * 1. Events are applied one at a time; after each the code runs until it blocks (S-32).
 * 2. `replay` then `execute` lead to the same state as the episodes themselves did (S-31, S-59).
 * 3. While suspended, every event but resume and terminate waits in arrival order and no action leaves (S-51, S-53).
 * 4. After a completion is out nothing changes it (S-44).
 * 5. A generator never makes `execute` asynchronous.
 */
export class OrchestratorSession implements ContextPort, CodeOwner {
  readonly #definition: OrchestratorDefinition;
  readonly #options: SessionOptions;
  readonly actions: ActionLog;
  started: ExecutionStarted;
  currentTime = 0;
  isReplaying = false;

  readonly #code: CodeRunner;
  readonly #acceptance: MessageAcceptance;

  #events: ExternalEvents | undefined;
  #entities: EntityRequests | undefined;
  #begun = false;
  #suspension: { readonly reason: string | undefined } | undefined;
  #held: HistoryEvent[] | undefined;
  #ending: Ending | undefined;
  #continue: (Omit<ContinuedAsNew, "carriedOver"> & { readonly preservesEvents: boolean }) | undefined;
  #carriedOver: EventRaised[] | undefined;
  #patches: Patches | undefined;
  #verdict: Verdict | undefined;
  #customStatus: { readonly text: JsonText | undefined } | undefined;
  /** Messages that came after the end in its very episode: they did nothing. */
  #ignored: Set<HistoryEvent> | undefined;

  constructor(definition: OrchestratorDefinition, started: ExecutionStarted, options: SessionOptions) {
    this.#definition = definition;
    this.#options = options;
    this.started = started;
    this.actions = new ActionLog(this, options.maxActions);
    this.actions.executionId = started.executionId;
    this.#code = new CodeRunner(this, options);
    this.#acceptance = new MessageAcceptance(
      started.executionId,
      this.actions.open,
      (answer) => this.#entities?.claim(answer) ?? false,
    );
  }

  get httpPollMs(): number {
    return this.#options.httpPollMs ?? DEFAULT_HTTP_POLL_MS;
  }

  get events(): ExternalEvents {
    this.#events ??= new ExternalEvents();
    return this.#events;
  }

  get entities(): EntityRequests {
    this.#entities ??= new EntityRequests(this, this.actions);
    return this.#entities;
  }

  get suspension(): { readonly reason: string | undefined } | undefined {
    return this.#suspension;
  }

  /** Replay has met something the code does not ask for (S-39). */
  get isAtOddsWithHistory(): boolean {
    return this.#ending?.type === "complete" && this.#ending.immediate && this.#ending.status === "Failed";
  }

  /** Why the instance must fail at once, if it must. */
  get verdict(): Verdict | undefined {
    return this.#verdict;
  }

  /** The function has returned or thrown; only open tasks hold up the end (S-19). */
  get hasReturned(): boolean {
    return this.#ending !== undefined;
  }

  /** There is something to do without any new event: an action the history lacks, or an end that may come now. */
  get isDue(): boolean {
    if (this.#ending) return this.#isEnding();
    return !this.#waits && this.actions.pending.length > 0;
  }

  goesOnFor(executionId: string | undefined): boolean {
    return this.#acceptance.lineage.has(executionId);
  }

  /** Rebuilds the state that this history led to. Asynchronous only for async orchestrators. */
  replay(history: readonly HistoryEvent[]): void | Promise<void> {
    this.foresee(history);
    const running = this.#applyAll(history, true);
    return running ? running.then(() => this.#forgetReported()) : this.#forgetReported();
  }

  /** What lies in a history for the code to find, when the history is replayed piece by piece (rewind). */
  foresee(history: readonly HistoryEvent[]): void {
    for (const event of history) {
      if (event.type === "EventRaised") this.#acceptance.isNew(event.messageId);
      if (event.type === "PatchMarked") this.#patchesOnce().foresee(event.patchId);
    }
  }

  /** Runs one episode at the given time. */
  execute(messages: readonly HistoryEvent[], now: number): EpisodeResult | Promise<EpisodeResult> {
    const accepted = this.#acceptance.accept(messages, {
      hasBegun: this.#begun,
      isSuspended: this.#suspension !== undefined,
    });
    if (accepted.length > 0) this.#moveClock(now);
    this.#code.reportStray();
    const running = this.#applyAll(accepted, false);
    return running ? running.then(() => this.#finish(accepted)) : this.#finish(accepted);
  }

  /** Ends at once as failed; nothing of what the code has asked for since the last episode but one goes out. */
  giveUp(error: Error): EpisodeResult {
    this.#failWith(error, true);
    return this.#finish(NONE);
  }

  // --- what the context asks of us ---

  enter(): void {
    this.#code.enter();
  }

  awaited(): void {
    this.#code.awaited();
  }

  promiseSettled(): void {
    this.#code.promiseSettled();
  }

  continueAsNew(input: JsonText | undefined, options: ContinueAsNewOptions): void {
    const preservesEvents = options.preserveUnprocessedEvents === true;
    this.#continue = { input, version: options.version || undefined, preservesEvents };
  }

  isPatched(id: string): boolean {
    return this.#patchesOnce().counts(id, this.isReplaying);
  }

  versionOfStart(name: string, version: string | undefined): string | undefined {
    const { versionOfStart } = this.#options;
    return versionOfStart ? versionOfStart(name, version) : version;
  }

  setCustomStatus(text: JsonText | undefined): void {
    this.#customStatus = { text };
  }

  // --- applying events ---

  #applyAll(events: readonly HistoryEvent[], replaying: boolean): Promise<void> | undefined {
    const code = this.#code;
    code.activate();
    this.isReplaying = replaying;
    this.#refuseToStartTerminated(events);
    for (let index = 0; index < events.length; index++) {
      this.#apply(events[index] as HistoryEvent);
      if (code.needsDrain) return this.#applyRest(events, index + 1);
    }
    code.leave();
    return undefined;
  }

  async #applyRest(events: readonly HistoryEvent[], from: number): Promise<void> {
    const code = this.#code;
    await code.drain();
    for (let index = from; index < events.length; index++) {
      this.#apply(events[index] as HistoryEvent);
      if (code.needsDrain) await code.drain();
    }
    code.leave();
  }

  #apply(event: HistoryEvent): void {
    if (this.#ending?.type === "complete" && this.#ending.immediate) return;
    if (this.#waits && isHeldWhileSuspended(event) && !this.#regainsLock(event)) this.#hold(event);
    else this.#applyNow(event);
  }

  /** Suspended, or rewound into a critical section whose entities are to be locked again first. */
  get #waits(): boolean {
    return this.#suspension !== undefined || this.#entities?.section?.isLost === true;
  }

  /** What ends the wait for entities that are to be locked again; the code does not see it. */
  #regainsLock(event: HistoryEvent): boolean {
    const section = this.#entities?.section;
    return (
      section?.isLost === true && event.type === "EntityLockGranted" && event.criticalSectionId === section.id
    );
  }

  #hold(event: MessageEvent): void {
    if (isEntityAnswer(event)) this.#entities?.claim(event);
    else this.actions.open.claim(event);
    if (this.#held) this.#held.push(event);
    else this.#held = [event];
  }

  #applyNow(event: HistoryEvent): void {
    switch (event.type) {
      case "OrchestratorStarted":
        return this.#moveClock(event.timestamp);
      case "ExecutionStarted":
        this.started = event;
        this.actions.executionId = event.executionId;
        this.#acceptance.lineage.begins(event.executionId);
        return this.#begin();
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated":
      case "EventSent":
      case "EntityOperationCalled":
      case "EntityOperationSignaled":
      case "EntityLockRequested":
      case "EntityUnlockSent":
        return this.#match(event);
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
      case "EntityLockGranted":
        this.#entities?.settle(event);
        this.#code.resume();
        return this.#releaseHeld();
      case "TaskCompleted":
        this.actions.open.remove(event.taskScheduledId)?.task.completeWithText(event.result);
        return this.#code.resume();
      case "TaskFailed":
        this.#failTask(event.taskScheduledId, event.reason, event.failure);
        return this.#code.resume();
      case "SubOrchestrationInstanceCompleted":
        this.#removeChild(event)?.task.completeWithText(event.result);
        return this.#code.resume();
      case "SubOrchestrationInstanceFailed": {
        const child = this.#removeChild(event);
        child?.task.fail(
          taskFailed(`Sub-orchestrator function '${child.name}' failed: ${event.reason}`, event.failure),
        );
        return this.#code.resume();
      }
      case "TimerFired":
        this.actions.open.remove(event.timerId)?.task.complete(undefined);
        return this.#code.resume();
      case "EventRaised":
        if (this.#continue) (this.#carriedOver ??= []).push(event);
        else this.events.raise(event);
        return this.#code.resume();
      case "ExecutionSuspended":
        if (this.#isComplete()) (this.#ignored ??= new Set()).add(event);
        else this.#suspension = { reason: event.reason };
        return;
      case "ExecutionResumed":
        return this.#resumeExecution();
      case "ExecutionTerminated":
        return this.#terminate(event);
      case "ExecutionRewound":
        this.#acceptance.lineage.rewound(event);
        return this.#entities?.section?.lose();
      case "OrchestratorCompleted":
      case "ExecutionCompleted":
      case "PatchMarked":
        return;
    }
  }

  #patchesOnce(): Patches {
    this.#patches ??= new Patches();
    return this.#patches;
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    this.#code.begin(() => this.#definition.handler(new OrchestrationContext(this)));
  }

  #match(event: SchedulingHistoryEvent): void {
    try {
      const { renumbered } = this.#options;
      const action = renumbered ? this.actions.matchAnyNumber(event) : this.actions.match(event);
      renumbered?.(event, action.id);
      this.#entities?.confirm(action, event);
    } catch (error) {
      this.misbehaved(error);
    }
  }

  #failTask(id: number, reason: string, failure: FailureDetails): void {
    this.actions.open.remove(id)?.task.fail(taskFailed(reason, failure));
  }

  #removeChild(event: {
    readonly instanceId: string;
    readonly taskScheduledId: number;
  }): OpenSubOrchestration | undefined {
    const child = this.actions.open.childOf(event.instanceId, event.taskScheduledId);
    if (child) this.actions.open.remove(child.id);
    return child;
  }

  #resumeExecution(): void {
    if (this.#suspension === undefined) return;
    this.#suspension = undefined;
    this.#releaseHeld();
  }

  /** Applies what has waited, as far as it does not have to wait again. */
  #releaseHeld(): void {
    if (this.#waits || this.#held === undefined) return;
    const held = this.#held;
    this.#held = undefined;
    for (const event of held) this.#applyNow(event);
  }

  #terminate({ reason, output }: ExecutionTerminated): void {
    if (this.#isComplete()) return;
    this.#suspension = undefined;
    this.#continue = undefined;
    this.#end({
      status: "Terminated",
      result: output ?? (reason === undefined ? undefined : toJsonText(reason, "The reason")),
      failure: undefined,
      immediate: true,
    });
  }

  // --- what the code comes to ---

  get name(): string {
    return this.started.name;
  }

  get isOver(): boolean {
    return this.#ending !== undefined;
  }

  returned(value: unknown): void {
    if (this.#continue) {
      this.#ending ??= { type: "continueAsNew" };
      this.actions.takeId();
      return;
    }
    try {
      const result = toJsonText(value, `The result of orchestrator '${this.started.name}'`);
      this.#end({ status: "Completed", result, failure: undefined, immediate: false });
    } catch (error) {
      this.#failWith(error, false);
    }
  }

  threw(error: unknown): void {
    this.#failWith(error, false);
  }

  misbehaved(error: unknown): void {
    const disagreement = error instanceof NonDeterminismError ? error.disagreement : undefined;
    this.#verdict ??= { text: describeFailure(error).errorMessage, disagreement };
    this.#failWith(error, true);
  }

  #failWith(error: unknown, immediate: boolean): void {
    const failure = describeFailure(error);
    const text = isEngineVerdict(failure)
      ? failure.errorMessage
      : `Orchestrator function '${this.started.name}' failed: ${failure.errorMessage}`;
    this.#continue = undefined;
    this.#end({ status: "Failed", result: toJsonText(text, "The failure"), failure, immediate });
  }

  #end(ending: Omit<Completion, "eventId"> & { readonly immediate: boolean }): void {
    if (this.#ending?.type === "complete" && !ending.immediate) return;
    this.#ending = { type: "complete", eventId: this.actions.takeId(), ...ending };
  }

  // --- the outcome ---

  #isEnding(): boolean {
    return this.#ending !== undefined && this.#mayEnd(this.#ending);
  }

  /** A completion is out, and nothing changes it; a continue-as-new can still be held up. */
  #isComplete(): boolean {
    return this.#ending?.type === "complete" && this.#isEnding();
  }

  /** The completion gate (S-17): not before every task that was asked for has an outcome. */
  #mayEnd(ending: Ending): boolean {
    if (ending.type === "complete" && ending.immediate) return true;
    if (this.#waits) return false;
    return this.actions.open.size === 0 || this.#definition.completeOnReturn === true;
  }

  #finish(accepted: readonly HistoryEvent[]): EpisodeResult {
    const ending = this.#ending;
    const ends = ending !== undefined && this.#mayEnd(ending);
    const isCutOff = ends && ending.type === "complete" && ending.immediate;
    const customStatus = this.#customStatus;
    this.#customStatus = undefined;
    const canceledTimers = this.actions.canceledTimers;
    if (canceledTimers.length > 0) this.actions.canceledTimers = [];
    const asked = this.#waits && !ends ? NONE : this.actions.take();
    const result: EpisodeResult = {
      accepted: this.#ignored ? accepted.filter((event) => !this.#ignored?.has(event)) : accepted,
      patches: this.#patches?.takeMarked() ?? NONE,
      actions: isCutOff ? NONE : ends ? this.#lastOf(asked) : asked,
      completion: ends && ending.type === "complete" ? ending : undefined,
      continuedAsNew: ends && ending.type === "continueAsNew" ? this.#nextExecution() : undefined,
      customStatus,
      canceledTimers,
      abandoned: ends && this.actions.open.size > 0 ? [...this.actions.open.values()] : NONE,
      toUnlock: ends && this.#entities?.section ? [this.#entities.section] : NONE,
    };
    const lastUnlocks = isCutOff ? asked.filter(isUnlock) : NONE;
    return lastUnlocks.length > 0 ? { ...result, lastUnlocks } : result;
  }

  /** Events nobody has waited for come before those that arrived after the call (S-77, S-78). */
  #nextExecution(): ContinuedAsNew | undefined {
    if (this.#continue === undefined) return undefined;
    const { input, version, preservesEvents } = this.#continue;
    const unprocessed = preservesEvents ? this.events.unprocessed : NONE;
    return { input, version, carriedOver: [...unprocessed, ...(this.#carriedOver ?? NONE)] };
  }

  /** What still goes out with an end that came from the code: events and starts nobody waits for. */
  #lastOf(actions: readonly OrchestratorAction[]): readonly OrchestratorAction[] {
    return actions.filter(
      (action) =>
        ONE_WAY.has(action.type) ||
        (action.type === "CreateSubOrchestration" && action.fireAndForget) ||
        !this.actions.open.get(action.id),
    );
  }

  /** Clocks of different hosts differ; that of an orchestration never goes back. */
  #moveClock(time: number): void {
    if (time > this.currentTime) this.currentTime = time;
  }

  /** What replay did again, its episodes have reported already. */
  #forgetReported(): void {
    this.actions.canceledTimers = [];
    this.#customStatus = undefined;
  }

  /** Terminated before its first episode has run: the code never runs (S-43). */
  #refuseToStartTerminated(events: readonly HistoryEvent[]): void {
    if (this.#begun) return;
    const from = Math.max(
      events.findIndex((event) => event.type === "ExecutionStarted"),
      0,
    );
    const end = events.findIndex((event, index) => index > from && event.type === "OrchestratorCompleted");
    const first = events.slice(from, end < 0 ? undefined : end);
    if (first.some((event) => event.type === "ExecutionTerminated")) this.#begun = true;
  }
}

function isHeldWhileSuspended(event: HistoryEvent): event is MessageEvent {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
    case "TimerFired":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
    case "EventRaised":
    case "EntityOperationCompleted":
    case "EntityOperationFailed":
    case "EntityLockGranted":
      return true;
    default:
      return false;
  }
}

/** Errors that speak of the orchestration as a whole and stand as its output word for word (S-39e, S-11). */
function isEngineVerdict(failure: FailureDetails): boolean {
  return VERDICTS.has(failure.properties?.["code"]);
}
