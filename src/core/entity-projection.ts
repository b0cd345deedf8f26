import { failureView } from "./failure-details.ts";
import type { HistoryEvent, JsonText } from "./history-event.ts";
import { historyTime } from "./history-time.ts";

export type EntityEvent = Extract<HistoryEvent, { readonly type: `Entity${string}` }>;

interface Shown {
  readonly input: (text: JsonText | undefined) => object;
  readonly result: (text: JsonText | undefined) => object;
}

/**
 * What was asked of entities is an event sent, and what they answered an event raised that has the name of the request:
 * so it is in the histories of Azure (S-142, S-165).
 */
export function projectEntityEvent(
  event: EntityEvent,
  { input, result }: Shown,
): Readonly<Record<string, unknown>> & { readonly EventType: string } {
  const Timestamp = historyTime(event.timestamp);
  const sent = { EventType: "EventSent", Timestamp };
  const raised = { EventType: "EventRaised", Timestamp };
  switch (event.type) {
    case "EntityOperationCalled":
    case "EntityOperationSignaled": {
      const time = "scheduledTime" in event ? event.scheduledTime : undefined;
      const Name = time === undefined ? "op" : `op@${new Date(time).toISOString()}`;
      const { instanceId: InstanceId, operation: Operation } = event;
      return { InstanceId, Name, Operation, ...input(event.input), ...sent };
    }
    case "EntityLockRequested":
      return { InstanceId: event.lockSet[0], Name: "op", LockSet: event.lockSet, ...sent };
    case "EntityUnlockSent":
      return { InstanceId: event.instanceId, Name: "release", ...sent };
    case "EntityOperationCompleted":
      return { Name: event.requestId, ...result(event.result), ...raised };
    case "EntityOperationFailed":
      return { Name: event.requestId, FailureDetails: failureView(event.failure), ...raised };
    case "EntityLockGranted":
      return { Name: event.criticalSectionId, ...raised };
  }
}
