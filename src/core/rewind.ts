import type { SchedulingHistoryEvent } from "./action-log.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { OrchestratorDefinition } from "./orchestrator-definition.ts";
import { OrchestratorSession, type SessionOptions } from "./orchestrator-session.ts";

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
}

/** A failed call with all its attempts and the waits between them. */
interface FailedCall {
  readonly ids: ReadonlySet<number>;
  /** The last attempt, when it is a child that can be rewound: it stays, without its failure. */
  readonly kept: { readonly id: number; readonly instanceId: string } | undefined;
}

/**
 * The history of a failed orchestration without its failures (S-130 to S-137).
 *
 * Every failed call goes, with its retries and their timers, also when the code handled the failure; unless what
 * came later in the history rests on that failure: then the earliest such failures stay. What stays is renumbered by
 * replaying the code, so that a call that needed three attempts and now needs one does not shift what follows.
 */
export async function rewindHistory(request: RewindRequest): Promise<Rewound> {
  const calls = failedCalls(request.history, request.rewindableChildren);
  for (let keep = 0; keep < calls.length; keep++) {
    const dropped = calls.slice(keep);
    const history = await renumber(request, withoutFailures(request, dropped));
    if (history) return { history, children: dropped.flatMap((call) => call.kept?.instanceId ?? []) };
  }
  return { history: withoutFailures(request, []), children: [] };
}

function failedCalls(
  history: readonly HistoryEvent[],
  rewindable: ReadonlySet<string>,
): readonly FailedCall[] {
  const attempts = new Map<number, number[]>();
  const childOf = new Map<number, string>();
  const outcome = new Map<number, "failed" | "completed">();
  const timersOf = new Map<number, number[]>();
  const idOfChild = new Map<string, number>();
  for (const event of history) {
    switch (event.type) {
      case "TaskScheduled":
      case "SubOrchestrationInstanceCreated": {
        const first = event.retryOf ?? event.eventId;
        attempts.set(first, [...(attempts.get(first) ?? []), event.eventId]);
        if (event.type === "SubOrchestrationInstanceCreated") {
          childOf.set(event.eventId, event.instanceId);
          idOfChild.set(event.instanceId, event.eventId);
        }
        break;
      }
      case "TimerCreated":
        if (event.retryOf !== undefined) {
          timersOf.set(event.retryOf, [...(timersOf.get(event.retryOf) ?? []), event.eventId]);
        }
        break;
      case "TaskCompleted":
        outcome.set(event.taskScheduledId, "completed");
        break;
      case "TaskFailed":
        outcome.set(event.taskScheduledId, "failed");
        break;
      case "SubOrchestrationInstanceCompleted":
        outcome.set(idOfChild.get(event.instanceId) ?? event.taskScheduledId, "completed");
        break;
      case "SubOrchestrationInstanceFailed":
        outcome.set(idOfChild.get(event.instanceId) ?? event.taskScheduledId, "failed");
        break;
      default:
        break;
    }
  }
  const calls: FailedCall[] = [];
  for (const [first, ids] of attempts) {
    const last = ids.at(-1) ?? first;
    const failed = outcome.get(last) === "failed" || (ids.length > 1 && !outcome.has(last));
    if (!failed) continue;
    const child = childOf.get(last);
    calls.push({
      ids: new Set([...ids, ...(timersOf.get(first) ?? [])]),
      kept: child !== undefined && rewindable.has(child) ? { id: last, instanceId: child } : undefined,
    });
  }
  return calls;
}

function withoutFailures(request: RewindRequest, calls: readonly FailedCall[]): readonly HistoryEvent[] {
  const gone = new Set(calls.flatMap((call) => [...call.ids]));
  const kept = new Set(calls.flatMap((call) => call.kept?.id ?? []));
  const goneChildren = new Set<string>();
  const history: HistoryEvent[] = [];
  for (const event of request.history) {
    switch (event.type) {
      case "ExecutionCompleted":
        break;
      case "ExecutionStarted":
        history.push({ ...event, executionId: request.newExecutionId });
        break;
      case "TaskScheduled":
      case "TimerCreated":
        if (!gone.has(event.eventId)) history.push(event);
        break;
      case "SubOrchestrationInstanceCreated":
        if (!gone.has(event.eventId)) history.push(event);
        else {
          goneChildren.add(event.instanceId);
          if (kept.has(event.eventId)) history.push(asFirstAttempt(event));
        }
        break;
      case "TaskCompleted":
      case "TaskFailed":
        if (!gone.has(event.taskScheduledId)) history.push(event);
        break;
      case "TimerFired":
        if (!gone.has(event.timerId)) history.push(event);
        break;
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        if (!goneChildren.has(event.instanceId)) history.push(event);
        break;
      default:
        history.push(event);
    }
  }
  return history;
}

function asFirstAttempt<T extends { readonly retryOf?: number }>(event: T): Omit<T, "retryOf"> {
  const { retryOf: _, ...rest } = event;
  return rest;
}

/** The same history with the numbers the code gives its actions now, or `undefined` when the code does not follow it. */
async function renumber(
  request: RewindRequest,
  history: readonly HistoryEvent[],
): Promise<readonly HistoryEvent[] | undefined> {
  const started = history.find((event) => event.type === "ExecutionStarted");
  if (started?.type !== "ExecutionStarted") return undefined;
  const ids = new Map<number, number>();
  const session = new OrchestratorSession(request.definition, started, {
    ...request.sessionOptions,
    onStray: () => undefined,
    renumbered: (event, id) => ids.set(event.eventId, id),
  });
  const renumbered: HistoryEvent[] = [];
  for (const event of history) {
    const answer = withNewTarget(event, ids);
    await session.replay([answer]);
    if (session.isAtOddsWithHistory) return undefined;
    renumbered.push(withNewNumber(answer, ids));
  }
  return renumbered;
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
    event.type === "EventSent"
  );
}
