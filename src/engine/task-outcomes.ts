import type { Completion } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import { decodeMessage } from "../core/history-chunk.ts";
import type {
  InstanceMessage,
  SubOrchestrationInstanceCompleted,
  SubOrchestrationInstanceFailed,
} from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { StoredMessage } from "../storage/index.ts";
import type { ActivityOutcome } from "./executor.ts";

/** What an activity has come to, as its orchestration hears of it. */
export function outcomeOfActivity(
  taskScheduledId: number,
  outcome: ActivityOutcome,
  timestamp: number,
): InstanceMessage {
  if (outcome.type === "completed") {
    return { type: "TaskCompleted", timestamp, taskScheduledId, ...given({ result: outcome.result }) };
  }
  const { reason, failure } = outcome;
  return { type: "TaskFailed", timestamp, taskScheduledId, reason, failure };
}

/** What a child has come to, as its parent hears of it: Failed also for a terminated one (S-113, S-46). */
export function outcomeForParent(
  instanceId: string,
  { taskScheduledId }: { readonly taskScheduledId: number },
  completion: Pick<Completion, "status" | "result" | "failure">,
  timestamp: number,
): InstanceMessage {
  const { status, result, failure } = completion;
  if (status === "Completed") {
    return {
      type: "SubOrchestrationInstanceCompleted",
      timestamp,
      taskScheduledId,
      instanceId,
      ...given({ result }),
    };
  }
  const text = result === undefined ? "" : String(JSON.parse(result));
  const reason = status === "Terminated" ? text || "The sub-orchestration was terminated." : text;
  return {
    type: "SubOrchestrationInstanceFailed",
    timestamp,
    taskScheduledId,
    instanceId,
    reason,
    failure: failure ?? { errorType: "OrchestrationTerminated", errorMessage: reason },
  };
}

/** A child that never came to be. */
export function childWithout(
  instanceId: string,
  taskScheduledId: number,
  failure: FailureDetails,
  timestamp: number,
): InstanceMessage {
  const reason = failure.errorMessage;
  return { type: "SubOrchestrationInstanceFailed", timestamp, taskScheduledId, instanceId, reason, failure };
}

/** Its id is that of a live instance (S-112). */
export const idIsTaken = (status: RuntimeStatus): FailureDetails => ({
  errorType: "InstanceAlreadyExists",
  errorMessage: `An Orchestration instance with the status ${status} already exists.`,
});

export const wasPurged = (instanceId: string): FailureDetails => ({
  errorType: "InstanceNotFound",
  errorMessage: `Sub-orchestration '${instanceId}' was purged before its outcome was known.`,
});

/** The number of the activity that the message is the outcome of, if it is one's. */
export function activityOf(message: StoredMessage): readonly number[] {
  const event = decodeMessage(message.event);
  return event.type === "TaskCompleted" || event.type === "TaskFailed" ? [event.taskScheduledId] : [];
}

/** What the message says of a child, if it is the outcome of one. */
export function childOutcomeOf(
  message: StoredMessage,
): SubOrchestrationInstanceCompleted | SubOrchestrationInstanceFailed | undefined {
  const event = decodeMessage(message.event);
  switch (event.type) {
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return event;
    default:
      return undefined;
  }
}
