import type { Completion, EpisodeResult } from "./episode-result.ts";
import { given } from "./given.ts";
import type { HistoryEvent } from "./history-event.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";

/** The history of one episode: what arrived, what the code asked for, and the end, if it was one. */
export function eventsOf(result: EpisodeResult, at: number): HistoryEvent[] {
  const events: HistoryEvent[] = [...result.accepted];
  for (const patchId of result.patches) events.push({ type: "PatchMarked", timestamp: at, patchId });
  for (const action of result.actions) events.push(eventOf(action, at));
  if (result.completion) events.push(completedEvent(result.completion, at));
  return events;
}

/** What the history says of it. */
export function eventOf(action: OrchestratorAction, timestamp: number): HistoryEvent {
  const eventId = action.id;
  switch (action.type) {
    case "ScheduleTask": {
      const { name, version, tags, traceContext, input, retryOf } = action;
      const asked = given({ version, tags, traceContext, input, retryOf });
      return { type: "TaskScheduled", eventId, timestamp, name, ...asked };
    }
    case "CreateTimer": {
      const { fireAt, retryOf, timeoutOf } = action;
      return { type: "TimerCreated", eventId, timestamp, fireAt, ...given({ retryOf, timeoutOf }) };
    }
    case "CreateSubOrchestration": {
      const { instanceId, name, version, tags, traceContext, input, retryOf } = action;
      return {
        type: "SubOrchestrationInstanceCreated",
        eventId,
        timestamp,
        instanceId,
        name,
        ...given({ version, tags, traceContext, input, retryOf }),
        ...(action.fireAndForget ? { fireAndForget: true } : {}),
      };
    }
    case "SendEvent": {
      const { instanceId, name, input } = action;
      return { type: "EventSent", eventId, timestamp, instanceId, name, ...given({ input }) };
    }
    case "CallEntity": {
      const { requestId, instanceId, operation, input, viaEvents, sentAs } = action;
      const asked = { requestId, instanceId, operation, ...given({ input, viaEvents, sentAs }) };
      return { type: "EntityOperationCalled", eventId, timestamp, ...asked };
    }
    case "SignalEntity": {
      const { requestId, instanceId, operation, input, scheduledTime, scheduledNanos, viaEvents, sentAs } =
        action;
      const more = given({ input, scheduledTime, scheduledNanos, viaEvents, sentAs });
      const asked = { requestId, instanceId, operation, ...more };
      return { type: "EntityOperationSignaled", eventId, timestamp, ...asked };
    }
    case "RequestEntityLock": {
      const { criticalSectionId, lockSet, viaEvents, sentAs } = action;
      const asked = { criticalSectionId, lockSet, ...given({ viaEvents, sentAs }) };
      return { type: "EntityLockRequested", eventId, timestamp, ...asked };
    }
    case "SendEntityUnlock": {
      const { criticalSectionId, instanceId, viaEvents, sentAs } = action;
      const asked = { criticalSectionId, instanceId, ...given({ viaEvents, sentAs }) };
      return { type: "EntityUnlockSent", eventId, timestamp, ...asked };
    }
  }
}

function completedEvent(completion: Completion, timestamp: number): HistoryEvent {
  const { eventId, status, result, failure } = completion;
  return { type: "ExecutionCompleted", eventId, timestamp, status, ...given({ result, failure }) };
}
