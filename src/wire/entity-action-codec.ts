import { given } from "../core/given.ts";
import type { EntityAction } from "../core/orchestrator-action.ts";
import { whyNoEntity } from "../core/unusable-ids.ts";
import type { SendEntityMessageAction } from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError, requireGuid, requireText } from "./malformed-message-error.ts";
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
  const field = (name: string): string => `${name} of the ${message.case} action ${id}`;
  switch (message.case) {
    case undefined:
      throw new MalformedMessageError(`The kind of the sendEntityMessage action ${id} is missing.`);
    case "entityOperationCalled": {
      const { requestId, targetInstanceId, operation, input } = message.value;
      return {
        type: "CallEntity",
        id,
        requestId: requireGuid(requestId, field("requestId")),
        instanceId: requireText(targetInstanceId, field("targetInstanceId")),
        operation,
        input,
        criticalSectionId: undefined,
        ...given({ refused: whyNoEntity(targetInstanceId ?? "") }),
      };
    }
    case "entityOperationSignaled": {
      const { requestId, targetInstanceId, operation, input, scheduledTime } = message.value;
      return {
        type: "SignalEntity",
        id,
        requestId: requireGuid(requestId, field("requestId")),
        instanceId: requireText(targetInstanceId, field("targetInstanceId")),
        operation,
        input,
        scheduledTime: decodeOptionalTimestamp(scheduledTime),
        ...given({ scheduledNanos: decodeFinerNanos(scheduledTime) }),
      };
    }
    case "entityLockRequested": {
      const { criticalSectionId, lockSet } = message.value;
      requireText(lockSet[0], field("lockSet"));
      return {
        type: "RequestEntityLock",
        id,
        criticalSectionId: requireGuid(criticalSectionId, field("criticalSectionId")),
        // One order for the workers of all languages, or two of them wait for each other.
        lockSet: [...new Set(lockSet.map((entity) => requireText(entity, field("lockSet"))))].toSorted(),
      };
    }
    case "entityUnlockSent": {
      const { criticalSectionId, targetInstanceId } = message.value;
      return {
        type: "SendEntityUnlock",
        id,
        criticalSectionId: requireGuid(criticalSectionId, field("criticalSectionId")),
        instanceId: requireText(targetInstanceId, field("targetInstanceId")),
      };
    }
  }
}
