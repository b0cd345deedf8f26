import { fromJsonText } from "./data-converter.ts";
import { projectEntityEvent } from "./entity-projection.ts";
import { failureView } from "./failure-details.ts";
import { given } from "./given.ts";
import type { HistoryEvent, JsonText } from "./history-event.ts";
import { historyTime } from "./history-time.ts";

export interface ProjectionOptions {
  /** Shows `Input`. Default true (Y-12). */
  readonly showInput?: boolean;
  /** Shows `Result`. Default false (Y-16). */
  readonly showHistoryOutput?: boolean;
}

/** One entry of `historyEvents`, with the property names of the HTTP API. */
export type ProjectedEvent = Readonly<Record<string, unknown>> & { readonly EventType: string };

/** The history as the HTTP API shows it: scheduling events merged into their results, in order of completion (2.3). */
export function projectHistory(
  history: readonly HistoryEvent[],
  options: ProjectionOptions = {},
): readonly ProjectedEvent[] {
  const results = resultsOf(history);
  const scheduled = new Map<number, HistoryEvent>();
  const projected: ProjectedEvent[] = [];
  for (const event of history) {
    if (isScheduled(event)) scheduled.set(event.eventId, event);
    const entry = project(event, scheduled, results, options);
    if (entry) projected.push(entry);
  }
  return projected;
}

function project(
  event: HistoryEvent,
  scheduled: ReadonlyMap<number, HistoryEvent>,
  results: ReadonlySet<number>,
  options: ProjectionOptions,
): ProjectedEvent | undefined {
  const base = { EventType: event.type, Timestamp: historyTime(event.timestamp) };
  const input = (text: JsonText | undefined): object =>
    options.showInput === false ? {} : { Input: text ?? null };
  const result = (text: JsonText | undefined): object =>
    options.showHistoryOutput ? { Result: fromJsonText(text) ?? null } : {};
  switch (event.type) {
    case "OrchestratorStarted":
    case "OrchestratorCompleted":
    case "PatchMarked":
      return undefined;
    case "ExecutionStarted":
      return {
        ...input(event.input),
        ...given({
          ScheduledStartTime:
            event.scheduledStartTime === undefined ? undefined : historyTime(event.scheduledStartTime),
          Generation: event.generation,
        }),
        ...base,
        FunctionName: event.name,
      };
    case "ExecutionCompleted":
      return {
        OrchestrationStatus: event.status,
        ...result(event.result),
        ...(event.failure ? { FailureDetails: failureView(event.failure) } : {}),
        ...base,
      };
    case "ExecutionTerminated":
      return { ...input(event.reason), ...base };
    case "ExecutionSuspended":
    case "ExecutionResumed":
      return { Reason: event.reason ?? null, ...base };
    case "ExecutionRewound":
      return {
        Reason: event.reason ?? null,
        ...given({ ParentExecutionId: event.parent?.executionId }),
        ...base,
      };
    case "TaskScheduled":
      if (results.has(event.eventId)) return undefined;
      return { Name: event.name, ...input(event.input), ...base };
    case "SubOrchestrationInstanceCreated":
      if (results.has(event.eventId)) return undefined;
      return { Name: event.name, InstanceId: event.instanceId, ...input(event.input), ...base };
    case "TaskCompleted":
    case "SubOrchestrationInstanceCompleted":
      return { ...result(event.result), ...base, ...origin(scheduled.get(event.taskScheduledId), input) };
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return {
        Reason: event.reason,
        Details: null,
        FailureDetails: failureView(event.failure),
        ...base,
        ...origin(scheduled.get(event.taskScheduledId), input),
      };
    case "TimerCreated":
    case "TimerFired":
      return { FireAt: historyTime(event.fireAt), ...base };
    case "EventSent":
      return { InstanceId: event.instanceId, Name: event.name, ...input(event.input), ...base };
    case "EventRaised":
      return { Name: event.name, ...input(event.input), ...base };
    default:
      return projectEntityEvent(event, { input, result });
  }
}

function origin(
  event: HistoryEvent | undefined,
  input: (text: JsonText | undefined) => object,
): Readonly<Record<string, unknown>> {
  if (event?.type !== "TaskScheduled" && event?.type !== "SubOrchestrationInstanceCreated") return {};
  return { ScheduledTime: historyTime(event.timestamp), FunctionName: event.name, ...input(event.input) };
}

function resultsOf(history: readonly HistoryEvent[]): ReadonlySet<number> {
  const results = new Set<number>();
  for (const event of history) if ("taskScheduledId" in event) results.add(event.taskScheduledId);
  return results;
}

function isScheduled(event: HistoryEvent): event is HistoryEvent & { readonly eventId: number } {
  return event.type === "TaskScheduled" || event.type === "SubOrchestrationInstanceCreated";
}
