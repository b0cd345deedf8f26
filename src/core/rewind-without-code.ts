import type { HistoryEvent } from "./history-event.ts";
import type { Rewound } from "./rewind.ts";
import { foldHistory } from "./runtime-state.ts";

export type { Rewound } from "./rewind.ts";

export interface RewindWithoutCodeRequest {
  /** Of a Failed instance, whole. */
  readonly history: readonly HistoryEvent[];
  readonly newExecutionId: string;
  /** Failed children that will be rewound themselves; others that failed are started anew. */
  readonly rewindableChildren: ReadonlySet<string>;
}

/**
 * The history of a failed orchestration without its failures (S-130 to S-137), for code that is not at hand.
 *
 * Every failed call goes, and with it all that followed from failures alone: an episode that nothing but failures led to
 * is as if it had never been, with what it asked for and what came of that. Where something else led to an episode as well,
 * its timers go: they are what SDKs wait with before they try again, and one that the code wants all the same, it asks for
 * again. A child that can be rewound stays, without its failure.
 */
export function rewindWithoutCode(request: RewindWithoutCodeRequest): Rewound {
  const { history, newExecutionId } = request;
  const idOf = idsOf(history);
  const gone = goneIds(request, idOf);
  const children = new Set<string>();
  const kept: HistoryEvent[] = [];
  for (const event of history) {
    if (event.type === "ExecutionCompleted") continue;
    if (event.type === "ExecutionStarted") kept.push({ ...event, executionId: newExecutionId });
    else if (event.type === "SubOrchestrationInstanceFailed") {
      if (!gone.has(event.taskScheduledId)) children.add(event.instanceId);
    } else if (!gone.has(idOf(event))) kept.push(event);
  }
  return { history: kept, children: [...children], timers: foldHistory(kept).timers };
}

/** The numbers of the actions that go. */
function goneIds(
  { history, rewindableChildren: rewindable }: RewindWithoutCodeRequest,
  idOf: IdOf,
): ReadonlySet<number> {
  const gone = new Set<number>();
  for (const event of history) {
    if (event.type === "TaskFailed") gone.add(event.taskScheduledId);
    if (event.type === "SubOrchestrationInstanceFailed" && !rewindable.has(event.instanceId)) {
      gone.add(event.taskScheduledId);
    }
  }
  const isVoid = (event: HistoryEvent): boolean =>
    event.type === "SubOrchestrationInstanceFailed" || gone.has(idOf(event));
  for (const { events, causes } of episodesOf(history)) {
    if (!causes.some(isVoid)) continue;
    const isWhollyVoid = causes.every(isVoid);
    for (const event of events) {
      if (isAction(event) && (isWhollyVoid || event.type === "TimerCreated")) gone.add(event.eventId);
    }
  }
  return gone;
}

/** The number of an end may be that of an action too. */
function isAction(event: HistoryEvent): event is HistoryEvent & { readonly eventId: number } {
  return "eventId" in event && event.type !== "ExecutionCompleted";
}

interface PastEpisode {
  readonly events: HistoryEvent[];
  /** What the code was told in it. */
  readonly causes: HistoryEvent[];
}

/** What came while the execution was suspended, the code was told when it was resumed. */
function episodesOf(history: readonly HistoryEvent[]): readonly PastEpisode[] {
  const episodes: PastEpisode[] = [];
  let isSuspended = false;
  let heldBack: HistoryEvent[] = [];
  for (const event of history) {
    if (event.type === "OrchestratorStarted" || episodes.length === 0)
      episodes.push({ events: [], causes: [] });
    const { events, causes } = episodes.at(-1) as PastEpisode;
    events.push(event);
    if (event.type === "ExecutionSuspended") isSuspended = true;
    else if (event.type === "ExecutionResumed") {
      isSuspended = false;
      causes.push(event, ...heldBack);
      heldBack = [];
    } else if (isCause(event)) (isSuspended ? heldBack : causes).push(event);
  }
  return episodes;
}

/** What an episode can be a consequence of. */
function isCause({ type }: HistoryEvent): boolean {
  switch (type) {
    case "ExecutionStarted":
    case "TaskCompleted":
    case "TaskFailed":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
    case "TimerFired":
    case "EventRaised":
    case "EntityOperationCompleted":
    case "EntityOperationFailed":
    case "EntityLockGranted":
    case "ExecutionResumed":
    case "ExecutionRewound":
      return true;
    default:
      return false;
  }
}

/** The number of the action that an event is, or is the outcome of. */
type IdOf = (event: HistoryEvent) => number;

function idsOf(history: readonly HistoryEvent[]): IdOf {
  const requests = new Map<string, number>();
  for (const event of history) {
    if (event.type === "EntityOperationCalled") requests.set(event.requestId, event.eventId);
    if (event.type === "EntityLockRequested") requests.set(event.criticalSectionId, event.eventId);
  }
  return (event) => {
    switch (event.type) {
      case "TaskCompleted":
      case "TaskFailed":
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        return event.taskScheduledId;
      case "TimerFired":
        return event.timerId;
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
        return requests.get(event.requestId) ?? Number.NaN;
      case "EntityLockGranted":
        return requests.get(event.criticalSectionId) ?? Number.NaN;
      default:
        return isAction(event) ? event.eventId : Number.NaN;
    }
  };
}
