import { fromJsonText } from "../core/data-converter.ts";
import type { Completion } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import { decodeMessage } from "../core/history-chunk.ts";
import type {
  Addressed,
  InstanceMessage,
  JsonText,
  ParentInstance,
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
  { taskScheduledId, executionId: forExecution }: Pick<ParentInstance, "taskScheduledId" | "executionId">,
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
      forExecution,
      ...given({ result }),
    };
  }
  const text = textOf(result);
  const reason = status === "Terminated" ? text || "The sub-orchestration was terminated." : text;
  return {
    type: "SubOrchestrationInstanceFailed",
    timestamp,
    taskScheduledId,
    instanceId,
    reason,
    failure: failure ?? { errorType: "OrchestrationTerminated", errorMessage: reason },
    forExecution,
  };
}

/** What an output says to people. Workers and those who terminate may give text that is not JSON. */
function textOf(output: JsonText = ""): string {
  const value = fromJsonText(output);
  return typeof value === "string" ? value : output;
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

export type ChildOutcome = (SubOrchestrationInstanceCompleted | SubOrchestrationInstanceFailed) & Addressed;

/** What the message says of a child, if it is the outcome of one. */
export function childOutcomeOf(message: StoredMessage): ChildOutcome | undefined {
  const event = decodeMessage(message.event);
  switch (event.type) {
    case "SubOrchestrationInstanceCompleted":
    case "SubOrchestrationInstanceFailed":
      return event;
    default:
      return undefined;
  }
}
