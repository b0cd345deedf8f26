import { create, type MessageInitShape } from "@bufbuild/protobuf";
import type {
  ExecutionStarted,
  ExecutionTerminated,
  HistoryEvent,
  JsonText,
  ParentInstance,
} from "../core/history-event.ts";
import { type EntityEvent, encodeEntityEvent, isEntityEvent } from "./entity-event-codec.ts";
import { type EventType, NO_EVENT_ID } from "./event-type.ts";
import { encodeFailure } from "./failure-codec.ts";
import {
  HistoryEventSchema,
  type ParentInstanceInfoSchema,
  type HistoryEvent as WireEvent,
} from "./generated/orchestrator_service_pb.ts";
import { encodeStatus } from "./status-codec.ts";
import { encodeTags } from "./tags-codec.ts";
import { encodeOptionalTimestamp, encodeTimestamp } from "./timestamp-codec.ts";
import { encodeTraceContext } from "./trace-context-codec.ts";

/** A kind that the protocol does not have becomes an event without a kind; `encodeHistory` leaves those out. */
export function encodeEvent(event: HistoryEvent, isViaEvents = false): WireEvent {
  return create(HistoryEventSchema, {
    eventId: "eventId" in event ? event.eventId : NO_EVENT_ID,
    timestamp: encodeTimestamp(event.timestamp),
    eventType: isEntityEvent(event) ? encodeEntityEvent(event, isViaEvents) : encodeEventType(event),
  });
}

function encodeEventType(event: Exclude<HistoryEvent, EntityEvent>): EventType {
  switch (event.type) {
    case "OrchestratorStarted":
      return { case: "orchestratorStarted", value: {} };
    case "OrchestratorCompleted":
      return { case: "orchestratorCompleted", value: {} };
    case "ExecutionStarted":
      return encodeStarted(event);
    case "ExecutionCompleted":
      return {
        case: "executionCompleted",
        value: {
          orchestrationStatus: encodeStatus(event.status),
          result: event.result,
          failureDetails: event.failure && encodeFailure(event.failure),
        },
      };
    case "ExecutionTerminated":
      return {
        case: "executionTerminated",
        value: { input: outputOf(event), recurse: event.recurse ?? false },
      };
    case "ExecutionSuspended":
      return { case: "executionSuspended", value: { input: event.reason } };
    case "ExecutionResumed":
      return { case: "executionResumed", value: { input: event.reason } };
    case "ExecutionRewound":
      return {
        case: "executionRewound",
        value: {
          reason: event.reason,
          parentExecutionId: event.parent?.executionId,
          parentInstance: encodeParent(event.parent),
        },
      };
    case "TaskScheduled":
    case "TaskCompleted":
    case "TaskFailed":
      return encodeTaskEvent(event);
    case "SubOrchestrationInstanceCreated":
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return encodeChildEvent(event);
    case "TimerCreated":
      return { case: "timerCreated", value: { fireAt: encodeTimestamp(event.fireAt) } };
    case "TimerFired":
      return {
        case: "timerFired",
        value: { fireAt: encodeTimestamp(event.fireAt), timerId: event.timerId },
      };
    case "EventSent":
      return {
        case: "eventSent",
        value: { instanceId: event.instanceId, name: event.name, input: event.input },
      };
    case "EventRaised":
      return { case: "eventRaised", value: { name: event.name, input: event.input } };
    case "PatchMarked":
      return { case: undefined };
  }
}

type Kinds<T extends HistoryEvent["type"]> = Extract<HistoryEvent, { readonly type: T }>;

/** The worker makes it the result, and a result is JSON. */
function outputOf({ output, reason }: ExecutionTerminated): JsonText | undefined {
  return output ?? (reason === undefined ? undefined : JSON.stringify(reason));
}

function encodeStarted(event: ExecutionStarted): EventType {
  return {
    case: "executionStarted",
    value: {
      name: event.name,
      version: event.version,
      input: event.input,
      orchestrationInstance: { instanceId: event.instanceId, executionId: event.executionId },
      parentInstance: encodeParent(event.parent),
      scheduledStartTimestamp: encodeOptionalTimestamp(event.scheduledStartTime),
      parentTraceContext: encodeTraceContext(event.traceContext),
      tags: encodeTags(event.tags),
    },
  };
}

function encodeParent(
  parent: ParentInstance | undefined,
): MessageInitShape<typeof ParentInstanceInfoSchema> | undefined {
  if (parent === undefined) return undefined;
  return {
    taskScheduledId: parent.taskScheduledId,
    name: parent.name,
    version: parent.version,
    orchestrationInstance: { instanceId: parent.instanceId, executionId: parent.executionId },
  };
}

function encodeTaskEvent(event: Kinds<"TaskScheduled" | "TaskCompleted" | "TaskFailed">): EventType {
  switch (event.type) {
    case "TaskScheduled":
      return {
        case: "taskScheduled",
        value: {
          name: event.name,
          version: event.version,
          input: event.input,
          parentTraceContext: encodeTraceContext(event.traceContext),
          tags: encodeTags(event.tags),
        },
      };
    case "TaskCompleted":
      return {
        case: "taskCompleted",
        value: { taskScheduledId: event.taskScheduledId, result: event.result },
      };
    case "TaskFailed":
      return {
        case: "taskFailed",
        value: { taskScheduledId: event.taskScheduledId, failureDetails: encodeFailure(event.failure) },
      };
  }
}

function encodeChildEvent(
  event: Kinds<
    "SubOrchestrationInstanceCreated" | "SubOrchestrationInstanceCompleted" | "SubOrchestrationInstanceFailed"
  >,
): EventType {
  switch (event.type) {
    case "SubOrchestrationInstanceCreated":
      return {
        case: "subOrchestrationInstanceCreated",
        value: {
          instanceId: event.instanceId,
          name: event.name,
          version: event.version,
          input: event.input,
          parentTraceContext: encodeTraceContext(event.traceContext),
          tags: encodeTags(event.tags),
        },
      };
    case "SubOrchestrationInstanceCompleted":
      return {
        case: "subOrchestrationInstanceCompleted",
        value: { taskScheduledId: event.taskScheduledId, result: event.result },
      };
    case "SubOrchestrationInstanceFailed":
      return {
        case: "subOrchestrationInstanceFailed",
        value: { taskScheduledId: event.taskScheduledId, failureDetails: encodeFailure(event.failure) },
      };
  }
}
