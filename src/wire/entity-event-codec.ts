import type { EntityAnswer, HistoryEvent } from "../core/history-event.ts";
import type { EventType } from "./event-type.ts";
import { encodeAnswerAsEvent, encodeEventToEntity } from "./events-to-entities.ts";
import { encodeFailure } from "./failure-codec.ts";
import { encodeOptionalTimestamp } from "./timestamp-codec.ts";

/** What an orchestration's history tells of entities. */
export type EntityEvent =
  | Extract<
      HistoryEvent,
      {
        readonly type:
          | "EntityOperationCalled"
          | "EntityOperationSignaled"
          | "EntityLockRequested"
          | "EntityUnlockSent";
      }
    >
  | EntityAnswer;

export function isEntityEvent(event: HistoryEvent): event is EntityEvent {
  return event.type.startsWith("Entity");
}

/** In the history of the sender an event names its target, and no sender. */
export function encodeEntityEvent(event: EntityEvent, isViaEvents: boolean): EventType {
  if (isViaEvents) return isAnswer(event) ? encodeAnswerAsEvent(event) : encodeEventToEntity(event);
  switch (event.type) {
    case "EntityOperationCalled": {
      const { requestId, operation, input, instanceId: targetInstanceId } = event;
      return { case: "entityOperationCalled", value: { requestId, operation, input, targetInstanceId } };
    }
    case "EntityOperationSignaled": {
      const { requestId, operation, input, instanceId: targetInstanceId } = event;
      const scheduledTime = encodeOptionalTimestamp(event.scheduledTime, event.scheduledNanos);
      return {
        case: "entityOperationSignaled",
        value: { requestId, operation, input, scheduledTime, targetInstanceId },
      };
    }
    case "EntityLockRequested": {
      const { criticalSectionId, lockSet } = event;
      return { case: "entityLockRequested", value: { criticalSectionId, lockSet: [...lockSet] } };
    }
    case "EntityUnlockSent": {
      const { criticalSectionId, instanceId: targetInstanceId } = event;
      return { case: "entityUnlockSent", value: { criticalSectionId, targetInstanceId } };
    }
    case "EntityOperationCompleted":
      return {
        case: "entityOperationCompleted",
        value: { requestId: event.requestId, output: event.result },
      };
    case "EntityOperationFailed":
      return {
        case: "entityOperationFailed",
        value: { requestId: event.requestId, failureDetails: encodeFailure(event.failure) },
      };
    case "EntityLockGranted":
      return { case: "entityLockGranted", value: { criticalSectionId: event.criticalSectionId } };
  }
}

function isAnswer(event: EntityEvent): event is EntityAnswer {
  return !("eventId" in event);
}
