import { given } from "../core/given.ts";
import type { EntityAction } from "../core/orchestrator-action.ts";
import type { SendEntityMessageAction } from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError, requireText } from "./malformed-message-error.ts";
import { decodeFinerNanos, decodeOptionalTimestamp } from "./timestamp-codec.ts";

/**
 * A call does not say in which critical section it is made: whoever knows the locks of the execution adds it.
 *
 * @throws {MalformedMessageError}
 */
export function decodeEntityAction(
  id: number,
  message: SendEntityMessageAction["EntityMessageType"],
): EntityAction {
  const required = (text: string | undefined, field: string): string =>
    requireText(text, `${field} of the ${message.case} action ${id}`);
  switch (message.case) {
    case undefined:
      throw new MalformedMessageError(`The kind of the sendEntityMessage action ${id} is missing.`);
    case "entityOperationCalled": {
      const { requestId, targetInstanceId, operation, input } = message.value;
      return {
        type: "CallEntity",
        id,
        requestId: required(requestId, "requestId"),
        instanceId: required(targetInstanceId, "targetInstanceId"),
        operation,
        input,
        criticalSectionId: undefined,
      };
    }
    case "entityOperationSignaled": {
      const { requestId, targetInstanceId, operation, input, scheduledTime } = message.value;
      return {
        type: "SignalEntity",
        id,
        requestId: required(requestId, "requestId"),
        instanceId: required(targetInstanceId, "targetInstanceId"),
        operation,
        input,
        scheduledTime: decodeOptionalTimestamp(scheduledTime),
        ...given({ scheduledNanos: decodeFinerNanos(scheduledTime) }),
      };
    }
    case "entityLockRequested": {
      const { criticalSectionId, lockSet } = message.value;
      required(lockSet[0], "lockSet");
      return {
        type: "RequestEntityLock",
        id,
        criticalSectionId: required(criticalSectionId, "criticalSectionId"),
        // One order for the workers of all languages, or two of them wait for each other.
        lockSet: [...new Set(lockSet.map((entity) => required(entity, "lockSet")))].toSorted(),
      };
    }
    case "entityUnlockSent": {
      const { criticalSectionId, targetInstanceId } = message.value;
      return {
        type: "SendEntityUnlock",
        id,
        criticalSectionId: required(criticalSectionId, "criticalSectionId"),
        instanceId: required(targetInstanceId, "targetInstanceId"),
      };
    }
  }
}
