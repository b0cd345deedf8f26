import type { ActionLog, SchedulingHistoryEvent } from "./action-log.ts";
import type { HistoryEvent, SubOrchestrationInstanceCreated, TaskScheduled } from "./history-event.ts";
import type { OrchestratorDefinition } from "./orchestrator-definition.ts";
import { OrchestratorSession, type SessionOptions } from "./orchestrator-session.ts";
import { foldHistory, type PendingTimer } from "./runtime-state.ts";

export interface RewindRequest {
  readonly definition: OrchestratorDefinition;
  /** Of a Failed instance, whole. */
  readonly history: readonly HistoryEvent[];
  readonly newExecutionId: string;
  /** Failed children that will be rewound themselves; others that failed are started anew. */
  readonly rewindableChildren: ReadonlySet<string>;
  readonly sessionOptions: Omit<SessionOptions, "renumbered" | "onStray">;
}

export interface Rewound {
  /** What is left of the history; replaying it brings the orchestrator to where its failures began. */
  readonly history: readonly HistoryEvent[];
  /** Children that have to be rewound for this one to go on. */
  readonly children: readonly string[];
  /** Timers that are still to fire; those the code has canceled are not among them. */
  readonly timers: readonly PendingTimer[];
}

/** A failed call with all its attempts and the waits between them. */
interface FailedCall {
  readonly first: number;
  readonly ids: ReadonlySet<number>;
  /** The last attempt, when it is a child that can be rewound: it stays, without its failure. */
  readonly kept: SubOrchestrationInstanceCreated | undefined;
}

/** A history without some failed calls, which the code follows. */
interface Draft extends Omit<Rewound, "children"> {
  readonly dropped: readonly FailedCall[];
}

/** An event that stays, or the first attempt of a call that the code will make again. */
type Step =
  | { readonly isMadeAgain: false; readonly event: HistoryEvent }
  | { readonly isMadeAgain: true; readonly event: SchedulingHistoryEvent };

/**
 * The history of a failed orchestration without its failures (S-130 to S-137).
 *
 * Every failed call goes, with its retries and their timers, also when the code handled the failure; unless what
 * came later in the history rests on that failure: then it stays. What stays is renumbered by replaying the code, so
 * that a call that needed three attempts and now needs one does not shift what follows.
 */
export async function rewindHistory(request: RewindRequest): Promise<Rewound> {
  const calls = failedCalls(request.history, request.rewindableChildren);
  const draft =
    (await drop(request, calls, undefined)) ?? (await draftWithout(request, [])) ?? asItIs(request);
  const { dropped, history, timers } = draft;
  return { history, timers, children: dropped.flatMap((call) => call.kept?.instanceId ?? []) };
}

/** Drops as many of the calls as the code can do without, later ones first: what rests on a failure comes after it. */
async function drop(
  request: RewindRequest,
  calls: readonly FailedCall[],
  base: Draft | undefined,
): Promise<Draft | undefined> {
  if (calls.length === 0) return base;
  const draft = await draftWithout(request, [...calls, ...(base?.dropped ?? [])]);
  if (draft || calls.length === 1) return draft ?? base;
  const middle = calls.length >> 1;
  return drop(request, calls.slice(0, middle), await drop(request, calls.slice(middle), base));
}

function failedCalls(
  history: readonly HistoryEvent[],
  rewindable: ReadonlySet<string>,
): readonly FailedCall[] {
  const attempts = new Map<number, (TaskScheduled | SubOrchestrationInstanceCreated)[]>();
  const waits = new Map<number, number[]>();
  const failed = new Set<number>();
  const answered = new Set<number>();
  for (const event of history) {
    switch (event.type) {
      case "TaskScheduled":
      case "SubOrchestrationInstanceCreated":
        append(attempts, event.retryOf ?? event.eventId, event);
        break;
      case "TimerCreated":
        if (event.retryOf !== undefined) append(waits, event.retryOf, event.eventId);
        break;
      case "TaskFailed":
      case "SubOrchestrationInstanceFailed":
        failed.add(event.taskScheduledId);
        answered.add(event.taskScheduledId);
        break;
      case "TaskCompleted":
      case "SubOrchestrationInstanceCompleted":
        answered.add(event.taskScheduledId);
        break;
      default:
        break;
    }
  }
  const calls: FailedCall[] = [];
  for (const [first, made] of attempts) {
    const last = made.at(-1);
    if (last === undefined) continue;
    const isUnderWayAgain = made.length > 1 && !answered.has(last.eventId);
    if (!failed.has(last.eventId) && !isUnderWayAgain) continue;
    const isKept = last.type === "SubOrchestrationInstanceCreated" && rewindable.has(last.instanceId);
    calls.push({
      first,
      ids: new Set([...made.map((attempt) => attempt.eventId), ...(waits.get(first) ?? [])]),
      kept: isKept ? last : undefined,
    });
  }
  return calls;
}

function append<V>(lists: Map<number, V[]>, key: number, value: V): void {
  const list = lists.get(key);
  if (list) list.push(value);
  else lists.set(key, [value]);
}

function stepsWithout(request: RewindRequest, dropped: readonly FailedCall[]): readonly Step[] {
  const gone = new Map<number, FailedCall>();
  for (const call of dropped) for (const id of call.ids) gone.set(id, call);
  const steps: Step[] = [];
  const stay = (event: HistoryEvent): void => {
    steps.push({ event, isMadeAgain: false });
  };
  for (const event of request.history) {
    switch (event.type) {
      case "ExecutionCompleted":
        break;
      case "ExecutionStarted":
        stay({ ...event, executionId: request.newExecutionId });
        break;
      case "TaskScheduled":
      case "TimerCreated":
      case "SubOrchestrationInstanceCreated": {
        const call = gone.get(event.eventId);
        if (call === undefined) stay(event);
        else if (event.eventId !== call.first) break;
        else if (call.kept) stay(asFirstAttempt(call.kept, event));
        else steps.push({ event, isMadeAgain: true });
        break;
      }
      case "TaskCompleted":
      case "TaskFailed":
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        if (!gone.has(event.taskScheduledId)) stay(event);
        break;
      case "TimerFired":
        if (!gone.has(event.timerId)) stay(event);
        break;
      default:
        stay(event);
    }
  }
  return steps;
}

function asFirstAttempt(
  last: SubOrchestrationInstanceCreated,
  { eventId, timestamp }: SchedulingHistoryEvent,
): HistoryEvent {
  const { retryOf: _, ...rest } = last;
  return { ...rest, eventId, timestamp };
}

/** What is left, with the numbers the code gives its actions now; `undefined` when the code does not follow it. */
async function draftWithout(
  request: RewindRequest,
  dropped: readonly FailedCall[],
): Promise<Draft | undefined> {
  const started = request.history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted") return undefined;
  const ids = new Map<number, number>();
  const session = new OrchestratorSession(request.definition, started, {
    ...request.sessionOptions,
    onStray: () => undefined,
    renumbered: (event, id) => ids.set(event.eventId, id),
  });
  session.foresee(request.history);
  const history: HistoryEvent[] = [];
  const steps = stepsWithout(request, dropped);
  const late = lateSteps(steps);
  for (const step of steps) {
    late.delete(step);
    const reserved = reserve(session.actions, step, late);
    if (step.isMadeAgain) session.actions.setAside(step.event);
    else {
      const answer = withNewTarget(step.event, ids);
      await session.replay([answer]);
      if (session.isAtOddsWithHistory) return undefined;
      history.push(withNewNumber(answer, ids));
    }
    for (const id of reserved) session.actions.putBack(id);
  }
  const isOpen = (timer: PendingTimer): boolean => session.actions.open.get(timer.id) !== undefined;
  return { dropped, history, timers: foldHistory(history).timers.filter(isOpen) };
}

/** Calls that an earlier rewind has made again: they stand in the history after calls that the code made after them. */
function lateSteps(steps: readonly Step[]): Set<Step> {
  const late = new Set<Step>();
  let highest = -1;
  for (const step of steps) {
    if (!isScheduling(step.event)) continue;
    if (step.event.eventId < highest) late.add(step);
    else highest = step.event.eventId;
  }
  return late;
}

/** Keeps the actions of late calls for them while a later call is looked for. */
function reserve(actions: ActionLog, { event }: Step, late: ReadonlySet<Step>): readonly number[] {
  if (late.size === 0 || !isScheduling(event)) return [];
  const reserved: number[] = [];
  for (const { event: other } of late) {
    if (!isScheduling(other) || other.eventId > event.eventId) continue;
    const id = actions.setAside(other);
    if (id !== undefined) reserved.push(id);
  }
  return reserved;
}

/** For code that does not follow its own history: only the end goes. */
function asItIs(request: RewindRequest): Draft {
  const history = stepsWithout(request, []).map((step) => step.event);
  return { dropped: [], history, timers: foldHistory(history).timers };
}

function withNewTarget(event: HistoryEvent, ids: ReadonlyMap<number, number>): HistoryEvent {
  switch (event.type) {
    case "TaskCompleted":
    case "TaskFailed":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return { ...event, taskScheduledId: ids.get(event.taskScheduledId) ?? event.taskScheduledId };
    case "TimerFired":
      return { ...event, timerId: ids.get(event.timerId) ?? event.timerId };
    default:
      return event;
  }
}

function withNewNumber(event: HistoryEvent, ids: ReadonlyMap<number, number>): HistoryEvent {
  if (!isScheduling(event)) return event;
  const eventId = ids.get(event.eventId) ?? event.eventId;
  if (!("retryOf" in event) || event.retryOf === undefined) return { ...event, eventId };
  return { ...event, eventId, retryOf: ids.get(event.retryOf) ?? event.retryOf };
}

function isScheduling(event: HistoryEvent): event is SchedulingHistoryEvent {
  return (
    event.type === "TaskScheduled" ||
    event.type === "TimerCreated" ||
    event.type === "SubOrchestrationInstanceCreated" ||
    event.type === "EventSent" ||
    event.type === "EntityOperationCalled" ||
    event.type === "EntityOperationSignaled" ||
    event.type === "EntityLockRequested" ||
    event.type === "EntityUnlockSent"
  );
}
