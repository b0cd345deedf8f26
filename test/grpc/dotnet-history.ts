import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { HistoryEvent, TaskFailureDetails } from "../../src/wire/generated/orchestrator_service_pb.ts";

/** What the code of an orchestrator can ask for, as a history confirms it. */
export type Asked = "activity" | "timer" | "child" | "event";

/** What an event of the protocol is to the code of an orchestrator in .NET. */
export type CoreEvent =
  | { readonly type: "turn"; readonly time: Timestamp }
  | { readonly type: "started"; readonly event: HistoryEvent }
  | { readonly type: "confirmed"; readonly asked: Asked; readonly id: number; readonly name?: string }
  | { readonly type: "answered"; readonly id: number; readonly result: string | undefined }
  | { readonly type: "failed"; readonly id: number; readonly failure: TaskFailureDetails }
  | { readonly type: "raised"; readonly name: string; readonly input: string | undefined }
  | { readonly type: "terminated"; readonly output: string | undefined }
  | { readonly type: "suspended" | "resumed" | "passedOver" };

/** How it knows entities: from messages of the protocol, or, with plain UseGrpc, from events only. */
export type EntityMessages = "messages" | "events";

/** A time as exact as it is on the wire. */
export type Time = Pick<Timestamp, "seconds" | "nanos">;

const LOCK_GRANTED = "Lock Acquisition Completed";

/** Reads an event as strictly as the SDK does: what it would throw at is an error here too. */
export function readEvent(event: HistoryEvent, entities: EntityMessages): CoreEvent {
  need(event.timestamp, "timestamp");
  if (entities === "events" && event.eventType.case?.startsWith("entity")) {
    throw new TypeError(`NullReferenceException: ${event.eventType.case}`);
  }
  return readKind(event);
}

function readKind(event: HistoryEvent): CoreEvent {
  const { eventId: id, timestamp, eventType: kind } = event;
  switch (kind.case) {
    case "orchestratorStarted":
      return { type: "turn", time: need(timestamp, "timestamp") };
    case "executionStarted":
      need(kind.value.orchestrationInstance?.executionId, "executionId");
      if (kind.value.parentInstance) need(kind.value.parentInstance.orchestrationInstance, "parent");
      return { type: "started", event };
    case "taskScheduled":
      return { type: "confirmed", asked: "activity", id, name: kind.value.name };
    case "subOrchestrationInstanceCreated":
      return { type: "confirmed", asked: "child", id, name: kind.value.name };
    case "timerCreated":
      need(kind.value.fireAt, "fireAt");
      return { type: "confirmed", asked: "timer", id };
    case "eventSent":
      return { type: "confirmed", asked: "event", id, name: kind.value.name };
    case "taskCompleted":
    case "subOrchestrationInstanceCompleted":
      return { type: "answered", id: kind.value.taskScheduledId, result: kind.value.result };
    case "taskFailed":
    case "subOrchestrationInstanceFailed":
      return {
        type: "failed",
        id: kind.value.taskScheduledId,
        failure: need(kind.value.failureDetails, "failureDetails"),
      };
    case "timerFired":
      need(kind.value.fireAt, "fireAt");
      return { type: "answered", id: kind.value.timerId, result: undefined };
    case "eventRaised":
      return { type: "raised", name: kind.value.name, input: kind.value.input };
    case "executionTerminated":
      return { type: "terminated", output: kind.value.input };
    case "executionSuspended":
      return { type: "suspended" };
    case "executionResumed":
      return { type: "resumed" };
    case "orchestratorCompleted":
    case "executionCompleted":
    case "executionRewound":
    case "genericEvent":
      return { type: "passedOver" };
    default:
      return readEntityEvent(event);
  }
}

/** Messages to entities are events with names to it, and their answers events that are named by the request. */
function readEntityEvent({ eventId: id, eventType: kind }: HistoryEvent): CoreEvent {
  const asked = "event";
  switch (kind.case) {
    case "entityOperationCalled":
    case "entityOperationSignaled":
      need(kind.value.targetInstanceId, "target instance id");
      return { type: "confirmed", asked, id, name: operationEventName(kind.value.scheduledTime) };
    case "entityLockRequested":
      need(kind.value.lockSet[kind.value.position], "lock set");
      return { type: "confirmed", asked, id, name: operationEventName(undefined) };
    case "entityUnlockSent":
      need(kind.value.targetInstanceId, "target instance id");
      return { type: "confirmed", asked, id, name: "release" };
    case "entityLockGranted":
      return raised(kind.value.criticalSectionId, { result: LOCK_GRANTED });
    case "entityOperationCompleted":
      return raised(kind.value.requestId, { result: kind.value.output });
    case "entityOperationFailed": {
      const { errorType, errorMessage } = need(kind.value.failureDetails, "failureDetails");
      const failureDetails = { ErrorType: errorType, ErrorMessage: errorMessage };
      return raised(kind.value.requestId, { exceptionType: errorType, result: errorMessage, failureDetails });
    }
    default:
      throw new Error(`NotSupportedException: ${kind.case}`);
  }
}

function raised(name: string, content: object): CoreEvent {
  return { type: "raised", name, input: JSON.stringify(content) };
}

/** With all the digits that times have in .NET. */
export function operationEventName(time: Time | undefined): string {
  if (time === undefined) return "op";
  const seconds = new Date(Number(time.seconds) * 1_000).toISOString().slice(0, 19);
  return `op@${seconds}.${String(time.nanos / 100).padStart(7, "0")}Z`;
}

export function need<T>(value: T | undefined, what: string): T {
  if (value === undefined) throw new TypeError(`NullReferenceException: ${what}`);
  return value;
}
