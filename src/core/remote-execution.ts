import { CriticalSections } from "./critical-sections.ts";
import { toJsonText } from "./data-converter.ts";
import { eventOf, eventsOf } from "./episode-events.ts";
import type { Completion, ContinuedAsNew, EpisodeResult, Termination } from "./episode-result.ts";
import { describeFailure, type FailureDetails } from "./failure-details.ts";
import { given } from "./given.ts";
import type {
  CompletionStatus,
  ExecutionStarted,
  ExecutionTerminated,
  HistoryEvent,
  JsonText,
} from "./history-event.ts";
import { MessageAcceptance } from "./message-acceptance.ts";
import { OpenTasks, type TrackedTask } from "./open-tasks.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";
import { whyIdTaken } from "./taken-ids.ts";

/** One run of code that lives elsewhere: all that has happened, and what is new. */
export interface RemoteTurn {
  readonly past: readonly HistoryEvent[];
  /** Begins with OrchestratorStarted, which tells the time of the turn. */
  readonly events: readonly HistoryEvent[];
  /** What the worker of the turn before wanted to be kept for this one, as it was. */
  readonly memo?: string | undefined;
}

/** What the code came to. */
export interface RemoteTurnResult {
  readonly actions: readonly OrchestratorAction[];
  readonly completion: RemoteCompletion | undefined;
  readonly continuedAsNew: ContinuedAsNew | undefined;
  readonly terminations?: readonly Termination[];
  /** Replaces what was there; absent clears it. */
  readonly memo?: string | undefined;
  /** Replaces what was there; `undefined` clears it. */
  readonly customStatus: JsonText | undefined;
}

export interface RemoteCompletion {
  readonly status: CompletionStatus;
  readonly eventId: number;
  readonly result: JsonText | undefined;
  readonly failure: FailureDetails | undefined;
}

/** What messages lead to: a turn of the code, or something that needs none. */
export type RemoteStep =
  | { readonly type: "result"; readonly result: EpisodeResult }
  | {
      readonly type: "turn";
      readonly turn: RemoteTurn;
      readonly finish: (came: RemoteTurnResult) => EpisodeResult;
    };

const NONE: readonly never[] = [];

const NOTHING: EpisodeResult = {
  accepted: NONE,
  actions: NONE,
  patches: NONE,
  completion: undefined,
  continuedAsNew: undefined,
  customStatus: undefined,
  canceledTimers: NONE,
  abandoned: NONE,
  toUnlock: NONE,
};

/**
 * One execution of an orchestrator whose code runs elsewhere.
 *
 * It knows what the history says and decides which messages count, as OrchestratorSession does for code in this process;
 * what the code does with them it is told.
 *
 * 1. Suspension and termination need no code: while suspended, events wait in the history; terminate ends at once.
 * 2. The end does not wait for open tasks: activities and timers are abandoned, children go on (unlike S-17).
 * 3. Turns of one execution are at least a millisecond apart, and later than the timers that fire in them.
 * 4. No two open tasks have one id: a turn that gives them one fails the execution.
 */
export class RemoteExecution {
  readonly openTasks = new OpenTasks<TrackedTask>();
  started: ExecutionStarted;
  readonly #past: HistoryEvent[] = [];
  readonly #acceptance: MessageAcceptance;
  /** Request ids of calls of entities without an answer; true: it has arrived. */
  readonly #calls = new Map<string, boolean>();
  readonly #sections = new CriticalSections();
  #suspension: { readonly reason: string | undefined } | undefined;
  #hasBegun = false;
  #isRewound = false;
  #lastTurnAt = Number.NEGATIVE_INFINITY;
  #lastId = -1;
  #memo: string | undefined;
  #customStatus: { readonly text: JsonText | undefined } | undefined;

  constructor(started: ExecutionStarted) {
    this.started = started;
    this.#acceptance = new MessageAcceptance(started.executionId, this.openTasks, (answer) => {
      if (answer.type === "EntityLockGranted") return this.#sections.claim(answer.criticalSectionId);
      const claimed = this.#calls.get(answer.requestId);
      if (claimed === undefined) return this.#sections.claim(answer.requestId);
      this.#calls.set(answer.requestId, true);
      return !claimed;
    });
  }

  get suspension(): { readonly reason: string | undefined } | undefined {
    return this.#suspension;
  }

  /** A turn without new events would achieve something: its history was rewound. */
  get isDue(): boolean {
    return this.#isRewound && !this.#waits;
  }

  goesOnFor(executionId: string | undefined): boolean {
    return this.#acceptance.lineage.has(executionId);
  }

  replay(history: readonly HistoryEvent[]): void {
    for (const event of history) {
      if (event.type === "EventRaised") this.#acceptance.isNew(event.messageId);
      if (!this.#regainsLock(event)) this.#past.push(event);
      this.#apply(event);
    }
  }

  /** What the history says the worker of the last turn wanted to be kept. */
  recall(memo: string | undefined): void {
    this.#memo = memo;
  }

  /** The time of a turn with these messages. */
  timeOf(messages: readonly HistoryEvent[], now: number): number {
    let time = Math.max(now, this.#lastTurnAt + 1);
    for (const message of messages) {
      if (message.type === "TimerFired") time = Math.max(time, Math.floor(message.fireAt) + 1);
    }
    return time;
  }

  take(messages: readonly HistoryEvent[], now: number): RemoteStep {
    const accepted = this.#acceptance.accept(messages, {
      hasBegun: this.#hasBegun,
      isSuspended: this.#suspension !== undefined,
    });
    if (accepted.length === 0 && !this.isDue) return { type: "result", result: NOTHING };
    const seen = accepted.filter((event) => !this.#regainsLock(event));
    for (const event of accepted) this.#apply(event);
    const terminated = accepted.find((event) => event.type === "ExecutionTerminated");
    if (terminated) return { type: "result", result: this.#terminated(accepted, terminated) };
    if (this.#waits) {
      const result = { ...NOTHING, accepted, toUnlock: this.#toUnlock(false) };
      this.#remember(seen, result, now);
      return { type: "result", result };
    }
    const started: HistoryEvent = { type: "OrchestratorStarted", timestamp: now };
    return {
      type: "turn",
      turn: { past: this.#past, events: [started, ...seen], memo: this.#memo },
      finish: (came) => this.#finish(accepted, seen, came, now),
    };
  }

  /** The end of an execution that cannot go on: nothing of what the last turn has asked for goes out. */
  giveUp(error: Error): EpisodeResult {
    const failure = describeFailure(error);
    const eventId = this.#lastId + 1;
    return {
      ...NOTHING,
      completion: this.#outcome({ status: "Failed", eventId, result: undefined, failure }),
      abandoned: this.#abandoned(false),
      toUnlock: this.#toUnlock(true),
    };
  }

  // --- what it comes to ---

  #finish(
    accepted: readonly HistoryEvent[],
    seen: readonly HistoryEvent[],
    came: RemoteTurnResult,
    now: number,
  ): EpisodeResult {
    this.#isRewound = false;
    const { continuedAsNew } = came;
    const completion = came.completion && this.#outcome(came.completion);
    const ends = completion !== undefined || continuedAsNew !== undefined;
    const failure = ends ? undefined : whyIdTaken(came.actions, this.openTasks);
    if (failure) return this.#finish(accepted, seen, this.#failed(came, failure), now);
    const asked = ends ? came.actions.flatMap(lastAction) : came.actions;
    const actions = asked.map((action) => this.#ask(action, now));
    const result: EpisodeResult = {
      ...NOTHING,
      accepted,
      actions,
      completion,
      continuedAsNew,
      customStatus: this.#changedStatus(came.customStatus),
      abandoned: ends ? this.#abandoned(false) : NONE,
      toUnlock: this.#toUnlock(ends),
      ...given({ terminations: came.terminations, memo: this.#changedMemo(came.memo) }),
    };
    this.#remember(seen, result, now);
    return result;
  }

  #ask(action: OrchestratorAction, now: number): OrchestratorAction {
    const asked = this.#sections.around(action);
    this.#apply(eventOf(asked, now));
    return asked;
  }

  /** An orchestration that failed shows why where its output would be, whatever its language. */
  #outcome({ result, failure, ...rest }: RemoteCompletion): Completion {
    if (failure === undefined || result !== undefined) return { ...rest, result, failure };
    const text = `Orchestrator function '${this.started.name}' failed: ${failure.errorMessage}`;
    return { ...rest, result: toJsonText(text, "The failure"), failure };
  }

  /** In place of a turn that cannot be. */
  #failed({ customStatus }: RemoteTurnResult, failure: FailureDetails): RemoteTurnResult {
    const completion = { status: "Failed", eventId: this.#lastId + 1, result: undefined, failure } as const;
    return { actions: NONE, completion, continuedAsNew: undefined, customStatus };
  }

  #terminated(
    accepted: readonly HistoryEvent[],
    { reason, output, recurse }: ExecutionTerminated,
  ): EpisodeResult {
    const text = output ?? (reason === undefined ? undefined : toJsonText(reason, "The reason"));
    return {
      ...NOTHING,
      accepted,
      completion: { status: "Terminated", eventId: this.#lastId + 1, result: text, failure: undefined },
      abandoned: this.#abandoned(recurse === true),
      toUnlock: this.#toUnlock(true),
    };
  }

  #toUnlock(ends: boolean): EpisodeResult["toUnlock"] {
    const sections = this.#sections.toUnlock(ends);
    this.#sections.forgetRefused();
    return sections;
  }

  #abandoned(withChildren: boolean): readonly TrackedTask[] {
    const tasks = [...this.openTasks.values()];
    return withChildren ? tasks : tasks.filter(({ kind }) => kind !== "subOrchestration");
  }

  /** What stays the same is not written again. */
  #changedStatus(text: JsonText | undefined): EpisodeResult["customStatus"] {
    if (this.#customStatus && this.#customStatus.text === text) return undefined;
    this.#customStatus = { text };
    return this.#customStatus;
  }

  #changedMemo(text: string | undefined): EpisodeResult["memo"] {
    if (this.#memo === text) return undefined;
    this.#memo = text;
    return { text };
  }

  #remember(seen: readonly HistoryEvent[], result: EpisodeResult, now: number): void {
    this.#lastTurnAt = Math.max(this.#lastTurnAt, now);
    const events = eventsOf({ ...result, accepted: seen }, now);
    this.#past.push({ type: "OrchestratorStarted", timestamp: now });
    for (const event of events) this.#past.push(event);
  }

  // --- what the history says ---

  /** Suspended, or rewound into a critical section whose entities are to be locked again first. */
  get #waits(): boolean {
    return this.#suspension !== undefined || this.#sections.isAnyLost;
  }

  /** The entities of a critical section are locked again after a rewind; the code does not see it. */
  #regainsLock(event: HistoryEvent): boolean {
    return event.type === "EntityLockGranted" && this.#sections.isLost(event.criticalSectionId);
  }

  #apply(event: HistoryEvent): void {
    if ("eventId" in event) this.#lastId = Math.max(this.#lastId, event.eventId);
    switch (event.type) {
      case "OrchestratorStarted":
        this.#lastTurnAt = Math.max(this.#lastTurnAt, event.timestamp);
        this.#isRewound = false;
        return;
      case "ExecutionStarted":
        this.started = event;
        this.#acceptance.lineage.begins(event.executionId);
        this.#hasBegun = true;
        return;
      case "TaskScheduled": {
        const { eventId: id, name, input, version, tags, traceContext } = event;
        const more = given({ version, tags, traceContext });
        return this.openTasks.add({ kind: "activity", id, claimed: false, name, input, ...more });
      }
      case "TimerCreated": {
        const { eventId: id, fireAt } = event;
        return this.openTasks.add({ kind: "timer", id, claimed: false, fireAt });
      }
      case "SubOrchestrationInstanceCreated": {
        if (event.fireAndForget) return;
        const { eventId: id, name, instanceId } = event;
        return this.openTasks.add({ kind: "subOrchestration", id, claimed: false, name, instanceId });
      }
      case "TaskCompleted":
      case "TaskFailed":
        this.openTasks.remove(event.taskScheduledId);
        return;
      case "TimerFired":
        this.openTasks.remove(event.timerId);
        return;
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed": {
        const child = this.openTasks.childOf(event.instanceId, event.taskScheduledId);
        if (child) this.openTasks.remove(child.id);
        return;
      }
      case "EntityOperationCalled":
        this.#calls.set(event.requestId, false);
        return;
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
        this.#calls.delete(event.requestId);
        this.#sections.refused(event.requestId);
        return;
      case "EntityLockRequested":
        this.#sections.requested(event);
        return;
      case "EntityLockGranted":
        this.#sections.granted(event.criticalSectionId);
        return;
      case "EntityUnlockSent":
        this.#sections.unlocked(event);
        return;
      case "ExecutionSuspended":
        this.#suspension = { reason: event.reason };
        return;
      case "ExecutionResumed":
        this.#suspension = undefined;
        return;
      case "ExecutionRewound":
        this.#isRewound = true;
        this.#acceptance.lineage.rewound(event);
        this.#sections.lose();
        return;
      case "ExecutionTerminated":
      case "ExecutionCompleted":
      case "EventSent":
      case "EventRaised":
      case "EntityOperationSignaled":
      case "PatchMarked":
        return;
      case "OrchestratorCompleted":
        this.#sections.forgetRefused();
        return;
    }
  }
}

/** With the end only what needs no answer goes out; new children are nobody's. */
function lastAction(action: OrchestratorAction): readonly OrchestratorAction[] {
  if (action.type === "ScheduleTask" || action.type === "CreateTimer") return NONE;
  return [action.type === "CreateSubOrchestration" ? { ...action, fireAndForget: true } : action];
}
