import { ActionLog, type SchedulingHistoryEvent } from "./action-log.ts";
import { toJsonText } from "./data-converter.ts";
import { DurableError, type ErrorCode, TaskFailedError } from "./errors.ts";
import { ExternalEvents } from "./external-events.ts";
import { describeFailure, type FailureDetails, rebuildError } from "./failure-details.ts";
import type {
  CompletionStatus,
  EventRaised,
  ExecutionStarted,
  HistoryEvent,
  JsonText,
  MessageEvent,
  SubOrchestrationInstanceCompleted,
  SubOrchestrationInstanceFailed,
} from "./history-event.ts";
import type { OpenSubOrchestration, OpenTask } from "./open-tasks.ts";
import {
  type ContextPort,
  type ContinueAsNewOptions,
  OrchestrationContext,
} from "./orchestration-context.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";
import type { OrchestratorDefinition } from "./orchestrator-definition.ts";
import { isTask, kindOf, type Task } from "./task.ts";

export interface SessionOptions {
  /** Waits until every microtask that is due has run. Only async orchestrators need it. */
  readonly settle: () => Promise<void>;
  /** Code that is not durable went on outside an episode: one more (empty) episode will report it. */
  readonly onStray: () => void;
  readonly maxActions: number;
  /** Sequence numbers of past scheduling events count for nothing; `renumbered` tells the new ones (rewind). */
  readonly renumbered?: (event: SchedulingHistoryEvent, id: number) => void;
}

export interface Completion {
  readonly status: CompletionStatus;
  readonly eventId: number;
  readonly result: JsonText | undefined;
  readonly failure: FailureDetails | undefined;
}

export interface ContinuedAsNew {
  readonly input: JsonText | undefined;
  readonly version: string | undefined;
  readonly carriedOver: readonly EventRaised[];
}

/** What an episode came to. The engine turns it into one commit. */
export interface EpisodeResult {
  /** The messages that took effect; duplicates and results nobody asked for are left out (S-33). */
  readonly accepted: readonly HistoryEvent[];
  readonly actions: readonly OrchestratorAction[];
  readonly completion: Completion | undefined;
  readonly continuedAsNew: ContinuedAsNew | undefined;
  /** Present when the code set it in this episode. */
  readonly customStatus: { readonly text: JsonText | undefined } | undefined;
  readonly canceledTimers: readonly { readonly id: number; readonly fireAt: number }[];
  /** Tasks the orchestration ended without waiting for. */
  readonly abandoned: readonly OpenTask[];
}

type Ending =
  | ({ readonly type: "complete"; readonly immediate: boolean } & Completion)
  | { readonly type: "continueAsNew" };

const NONE: readonly never[] = [];

const VERDICTS: ReadonlySet<unknown> = new Set<ErrorCode>([
  "NON_DETERMINISM",
  "NON_DURABLE_AWAIT",
  "NOT_A_TASK",
  "ORCHESTRATOR_NOT_FOUND",
]);

/**
 * One execution of an orchestrator, kept alive between its episodes.
 *
 * It owns the generator (or the promise of an async function), the open tasks and the buffered events. It does not know
 * where history is stored or when an episode is due: the engine feeds it events and takes what they lead to.
 *
 * 1. Events are applied one at a time; after each the code runs until it blocks (S-32).
 * 2. `replay` then `execute` lead to the same state as the episodes themselves did (S-31, S-59).
 * 3. While suspended, every event but resume and terminate waits in arrival order and no action leaves (S-51, S-53).
 * 4. After a completion is out nothing changes it (S-44).
 * 5. A generator never makes `execute` asynchronous.
 */
export class OrchestratorSession implements ContextPort {
  readonly #definition: OrchestratorDefinition;
  readonly #options: SessionOptions;
  readonly actions: ActionLog;
  started: ExecutionStarted;
  currentTime = 0;
  isReplaying = false;

  #generator: Iterator<unknown, unknown, unknown> | undefined;
  #awaited: Task<unknown> | undefined;
  #isAsync = false;
  #awaitedPromises = 0;
  #needsDrain = false;
  #active = false;
  #stray = false;
  #lastCall: Error | undefined;

  #events: ExternalEvents | undefined;
  #begun = false;
  #suspension: { readonly reason: string | undefined } | undefined;
  #held: HistoryEvent[] | undefined;
  #ending: Ending | undefined;
  #ended = false;
  #continue: (Omit<ContinuedAsNew, "carriedOver"> & { readonly preservesEvents: boolean }) | undefined;
  #carriedOver: EventRaised[] | undefined;
  #customStatus: { readonly text: JsonText | undefined } | undefined;
  /** Messages that came after the end in its very episode: they did nothing. */
  #ignored: Set<HistoryEvent> | undefined;
  #messageIds: Set<string> | undefined;

  constructor(definition: OrchestratorDefinition, started: ExecutionStarted, options: SessionOptions) {
    this.#definition = definition;
    this.#options = options;
    this.started = started;
    this.actions = new ActionLog(this, options.maxActions);
    this.actions.executionId = started.executionId;
  }

  get events(): ExternalEvents {
    this.#events ??= new ExternalEvents();
    return this.#events;
  }

  get suspension(): { readonly reason: string | undefined } | undefined {
    return this.#suspension;
  }

  /** Replay has met something the code does not ask for (S-39). */
  get isAtOddsWithHistory(): boolean {
    return this.#ending?.type === "complete" && this.#ending.immediate && this.#ending.status === "Failed";
  }

  /** The function has returned or thrown; only open tasks hold up the end (S-19). */
  get hasReturned(): boolean {
    return this.#ending !== undefined;
  }

  /** There is something to do without any new event: an action the history lacks, or an end that may come now. */
  get isDue(): boolean {
    if (this.#ending) return this.#isEnding();
    return this.#suspension === undefined && this.actions.pending.length > 0;
  }

  /** Rebuilds the state that this history led to. Asynchronous only for async orchestrators. */
  replay(history: readonly HistoryEvent[]): void | Promise<void> {
    for (const event of history) {
      if (event.type === "EventRaised") this.#isNewMessage(event.messageId);
    }
    const running = this.#applyAll(history, true);
    return running ? running.then(() => this.#forgetReported()) : this.#forgetReported();
  }

  /** Runs one episode at the given time. */
  execute(messages: readonly HistoryEvent[], now: number): EpisodeResult | Promise<EpisodeResult> {
    const accepted = this.#accept(messages);
    if (accepted.length > 0) this.#moveClock(now);
    if (this.#stray) this.#failWith(strayAwait(this.started.name, this.#lastCall), true);
    const running = this.#applyAll(accepted, false);
    return running ? running.then(() => this.#finish(accepted)) : this.#finish(accepted);
  }

  // --- what the context asks of us ---

  enter(): void {
    if (!this.#active) {
      if (this.#isAsync) this.#noteStray();
      throw outsideEpisode(this.started.name);
    }
    if (this.#generator === undefined) this.#lastCall = new Error("durable call");
  }

  awaited(): void {
    this.#awaitedPromises += 1;
  }

  promiseSettled(): void {
    this.#awaitedPromises -= 1;
    this.#needsDrain = true;
  }

  continueAsNew(input: JsonText | undefined, options: ContinueAsNewOptions): void {
    const preservesEvents = options.preserveUnprocessedEvents === true;
    this.#continue = { input, version: options.version, preservesEvents };
  }

  setCustomStatus(text: JsonText | undefined): void {
    this.#customStatus = { text };
  }

  // --- applying events ---

  #applyAll(events: readonly HistoryEvent[], replaying: boolean): Promise<void> | undefined {
    this.#active = true;
    this.isReplaying = replaying;
    this.#refuseToStartTerminated(events);
    for (let index = 0; index < events.length; index++) {
      this.#apply(events[index] as HistoryEvent);
      if (this.#needsDrain) return this.#applyRest(events, index + 1);
    }
    this.#active = false;
    return undefined;
  }

  async #applyRest(events: readonly HistoryEvent[], from: number): Promise<void> {
    await this.#drain();
    for (let index = from; index < events.length; index++) {
      this.#apply(events[index] as HistoryEvent);
      if (this.#needsDrain) await this.#drain();
    }
    this.#active = false;
  }

  async #drain(): Promise<void> {
    while (this.#needsDrain) {
      this.#needsDrain = false;
      await this.#options.settle();
    }
    const blockedOnNothing = this.#isAsync && this.#ending === undefined && this.#awaitedPromises <= 0;
    if (blockedOnNothing) this.#failWith(strayAwait(this.started.name, this.#lastCall), true);
  }

  #apply(event: HistoryEvent): void {
    if (this.#ending?.type === "complete" && this.#ending.immediate) return;
    if (this.#suspension && isHeldWhileSuspended(event)) this.#hold(event);
    else this.#applyNow(event);
  }

  #hold(event: MessageEvent): void {
    this.actions.open.claim(event);
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
        return this.#begin();
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated":
      case "EventSent":
        return this.#match(event);
      case "TaskCompleted":
        this.actions.open.remove(event.taskScheduledId)?.task.completeWithText(event.result);
        return this.#resume();
      case "TaskFailed":
        this.#failTask(event.taskScheduledId, event.reason, event.failure);
        return this.#resume();
      case "SubOrchestrationInstanceCompleted":
        this.#removeChild(event)?.task.completeWithText(event.result);
        return this.#resume();
      case "SubOrchestrationInstanceFailed": {
        const child = this.#removeChild(event);
        child?.task.fail(
          taskFailed(`Sub-orchestrator function '${child.name}' failed: ${event.reason}`, event.failure),
        );
        return this.#resume();
      }
      case "TimerFired":
        this.actions.open.remove(event.timerId)?.task.complete(undefined);
        return this.#resume();
      case "EventRaised":
        if (this.#continue) (this.#carriedOver ??= []).push(event);
        else this.events.raise(event);
        return this.#resume();
      case "ExecutionSuspended":
        if (this.#isComplete()) (this.#ignored ??= new Set()).add(event);
        else this.#suspension = { reason: event.reason };
        return;
      case "ExecutionResumed":
        return this.#resumeExecution();
      case "ExecutionTerminated":
        return this.#terminate(event.reason);
      case "ExecutionRewound":
      case "OrchestratorCompleted":
      case "ExecutionCompleted":
        return;
    }
  }

  #begin(): void {
    if (this.#begun) return;
    this.#begun = true;
    try {
      const returned = this.#definition.handler(new OrchestrationContext(this));
      if (isAsyncIterator(returned)) throw asyncGenerator(this.started.name);
      if (isIterator(returned)) {
        this.#generator = returned;
        this.#step(() => returned.next());
      } else if (isPromise(returned)) this.#follow(returned);
      else this.#return(returned);
    } catch (error) {
      this.#failWith(error, false);
    }
  }

  #match(event: SchedulingHistoryEvent): void {
    try {
      if (this.#options.renumbered) this.#options.renumbered(event, this.actions.matchAnyNumber(event));
      else this.actions.match(event);
    } catch (error) {
      this.#failWith(error, true);
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
    const held = this.#held ?? NONE;
    this.#held = undefined;
    for (const event of held) this.#applyNow(event);
  }

  #terminate(reason: string | undefined): void {
    if (this.#isComplete()) return;
    this.#suspension = undefined;
    this.#continue = undefined;
    this.#end({
      status: "Terminated",
      result: reason === undefined ? undefined : toJsonText(reason, "The reason"),
      failure: undefined,
      immediate: true,
    });
  }

  // --- running the code ---

  #resume(): void {
    const task = this.#awaited;
    const generator = this.#generator;
    if (task === undefined || generator === undefined || !task.isCompleted) return;
    this.#awaited = undefined;
    this.#step(() => proceed(generator, task));
  }

  #step(advance: () => IteratorResult<unknown, unknown>): void {
    const generator = this.#generator;
    if (generator === undefined) return;
    try {
      let next = advance();
      while (!next.done) {
        const yielded = next.value;
        if (!isTask(yielded)) throw notATask(this.started.name, dropped(yielded));
        if (!yielded.isCompleted) {
          this.#awaited = yielded;
          return;
        }
        next = proceed(generator, yielded);
      }
      this.#returnFromGenerator(next.value);
    } catch (error) {
      this.#failWith(error, false);
    }
  }

  /** A task that is returned is waited for; any other promise cannot be. */
  #returnFromGenerator(value: unknown): void {
    if (isTask(value)) {
      this.#generator = returning();
      this.#generator.next();
      if (value.isCompleted) this.#step(() => proceed(this.#generator as Iterator<unknown, unknown>, value));
      else this.#awaited = value;
      return;
    }
    if (isPromise(dropped(value))) throw returnedPromise(this.started.name);
    this.#return(value);
  }

  #follow(promise: PromiseLike<unknown>): void {
    this.#isAsync = true;
    this.#needsDrain = true;
    promise.then(
      (value) => this.#whenActive(() => this.#return(value)),
      (error: unknown) => this.#whenActive(() => this.#failWith(error, false)),
    );
  }

  #whenActive(act: () => void): void {
    if (this.#active) return act();
    this.#noteStray();
  }

  /** An async function that goes on outside an episode has awaited something that is not durable. */
  #noteStray(): void {
    if (this.#ended || this.#ending || this.#stray) return;
    this.#stray = true;
    this.#options.onStray();
  }

  #return(value: unknown): void {
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
    if (this.#suspension) return false;
    return this.actions.open.size === 0 || this.#definition.completeOnReturn === true;
  }

  #finish(accepted: readonly HistoryEvent[]): EpisodeResult {
    const ending = this.#ending;
    const ends = ending !== undefined && this.#mayEnd(ending);
    if (ends) this.#ended = true;
    const customStatus = this.#customStatus;
    this.#customStatus = undefined;
    const canceledTimers = this.actions.canceledTimers;
    if (canceledTimers.length > 0) this.actions.canceledTimers = [];
    return {
      accepted: this.#ignored ? accepted.filter((event) => !this.#ignored?.has(event)) : accepted,
      actions: ends ? this.#lastActions(ending) : this.#suspension ? [] : this.actions.take(),
      completion: ends && ending.type === "complete" ? ending : undefined,
      continuedAsNew: ends && ending.type === "continueAsNew" ? this.#nextExecution() : undefined,
      customStatus,
      canceledTimers,
      abandoned: ends && this.actions.open.size > 0 ? [...this.actions.open.values()] : NONE,
    };
  }

  /** Events nobody has waited for come before those that arrived after the call (S-77, S-78). */
  #nextExecution(): ContinuedAsNew | undefined {
    if (this.#continue === undefined) return undefined;
    const { input, version, preservesEvents } = this.#continue;
    const unprocessed = preservesEvents ? this.events.unprocessed : NONE;
    return { input, version, carriedOver: [...unprocessed, ...(this.#carriedOver ?? NONE)] };
  }

  /** What still goes out with the end: events and starts nobody waits for, unless the end came from outside. */
  #lastActions(ending: Ending): readonly OrchestratorAction[] {
    const actions = this.actions.take();
    if (ending.type === "complete" && ending.immediate) return [];
    return actions.filter(
      (action) =>
        action.type === "SendEvent" ||
        (action.type === "CreateSubOrchestration" && action.fireAndForget) ||
        !this.actions.open.get(action.id),
    );
  }

  // --- which messages count ---

  #accept(messages: readonly HistoryEvent[]): readonly HistoryEvent[] {
    const accepted: HistoryEvent[] = [];
    let suspended = this.#suspension !== undefined;
    for (const message of messages) {
      const event = this.#effectOf(message, suspended);
      if (event === undefined) continue;
      if (event.type === "ExecutionSuspended") suspended = true;
      if (event.type === "ExecutionResumed") suspended = false;
      accepted.push(event);
    }
    return accepted;
  }

  /** The event this message adds to the history, if it does. */
  #effectOf(message: HistoryEvent, suspended: boolean): HistoryEvent | undefined {
    switch (message.type) {
      case "TaskCompleted":
      case "TaskFailed":
      case "TimerFired":
        return this.actions.open.claim(message) && message;
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        return this.#outcomeOfChild(message);
      case "EventRaised":
        return this.#isNewMessage(message.messageId) ? message : undefined;
      case "ExecutionStarted":
        return this.#begun ? undefined : message;
      case "ExecutionSuspended":
        return suspended ? undefined : message;
      case "ExecutionResumed":
      case "ExecutionTerminated":
      case "ExecutionRewound":
        return message;
      default:
        return undefined;
    }
  }

  /** A child that was started before a rewind knows its number from before the rewind. */
  #outcomeOfChild(
    message: SubOrchestrationInstanceCompleted | SubOrchestrationInstanceFailed,
  ): HistoryEvent | undefined {
    const child = this.actions.open.claim(message);
    if (child === undefined || child.id === message.taskScheduledId) return child && message;
    return { ...message, taskScheduledId: child.id };
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

  #isNewMessage(messageId: string | undefined): boolean {
    if (messageId === undefined) return true;
    this.#messageIds ??= new Set();
    if (this.#messageIds.has(messageId)) return false;
    this.#messageIds.add(messageId);
    return true;
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

/** What a promise comes to that nobody can wait for is of no use, and must not end the process. */
function dropped(value: unknown): unknown {
  if (isPromise(value)) value.then(undefined, () => undefined);
  return value;
}

/** Gives back what is sent to it. */
function* returning(): Generator<undefined, unknown, unknown> {
  return yield undefined;
}

function proceed(
  generator: Iterator<unknown, unknown, unknown>,
  task: Task<unknown>,
): IteratorResult<unknown, unknown> {
  if (!task.isFaulted) return generator.next(task.result);
  if (generator.throw === undefined) throw task.error;
  return generator.throw(task.error);
}

function isHeldWhileSuspended(event: HistoryEvent): event is MessageEvent {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
    case "TimerFired":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
    case "EventRaised":
      return true;
    default:
      return false;
  }
}

function isIterator(value: unknown): value is Iterator<unknown, unknown, unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

function isAsyncIterator(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}

function taskFailed(message: string, failure: FailureDetails): TaskFailedError {
  return new TaskFailedError(message, failure, rebuildError(failure));
}

/** Errors that speak of the orchestration as a whole and stand as its output word for word (S-39e, S-11). */
function isEngineVerdict(failure: FailureDetails): boolean {
  return VERDICTS.has(failure.properties?.["code"]);
}

function notATask(name: string, yielded: unknown): DurableError {
  const hint =
    yielded === undefined
      ? " Was a call forgotten to be returned, or is the yielded function not one of the context's?"
      : Array.isArray(yielded)
        ? " Wrap a list of tasks in Task.all."
        : "";
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' yielded ${kindOf(yielded)}. Only durable tasks of its context can be yielded.${hint}`,
  );
}

function returnedPromise(name: string): DurableError {
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' is a generator that returns a promise, which is not durable. Return a value or a task.`,
  );
}

function asyncGenerator(name: string): DurableError {
  return new DurableError(
    "NOT_A_TASK",
    `Orchestrator '${name}' is an async generator. Make it a generator that yields its tasks, or an async function that awaits them.`,
  );
}

function strayAwait(name: string, lastCall: Error | undefined): DurableError {
  const frame = lastCall?.stack?.split("\n").find((line) => isUserFrame(line));
  const place = frame ? ` after the durable call ${frame.trim()}` : " before its first durable call";
  return new DurableError(
    "NON_DURABLE_AWAIT",
    `Orchestrator '${name}' awaited something that is not a durable task,${place}. ` +
      "Multithreaded execution was detected: do such work in an activity.",
  );
}

function isUserFrame(line: string): boolean {
  return (
    line.includes("at ") &&
    !/orchestrat(or-session|ion-context)\.|df-context\.|orchestrator-context\./.test(line)
  );
}

function outsideEpisode(name: string): DurableError {
  return new DurableError(
    "CONTEXT_OUTSIDE_EPISODE",
    `The context of orchestrator '${name}' was used outside its episode: multithreaded execution was detected. ` +
      "Call it from the orchestrator only, never from a callback, and await nothing but durable tasks.",
  );
}
