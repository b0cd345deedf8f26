import { ExecutionLineage } from "./execution-lineage.ts";
import type {
  Addressed,
  EntityAnswer,
  HistoryEvent,
  SubOrchestrationInstanceCompleted,
  SubOrchestrationInstanceFailed,
} from "./history-event.ts";
import type { OpenTasks, TrackedTask } from "./open-tasks.ts";

/** What the state of an execution says about messages that come. */
export interface ExecutionState {
  readonly hasBegun: boolean;
  readonly isSuspended: boolean;
}

/** Which messages count: duplicates, and results that nobody asked for, leave no trace in the history (S-33). */
export class MessageAcceptance {
  readonly lineage: ExecutionLineage;
  readonly #open: OpenTasks<TrackedTask>;
  readonly #claimAnswer: (answer: EntityAnswer) => boolean;
  #messageIds: Set<string> | undefined;

  constructor(
    executionId: string,
    open: OpenTasks<TrackedTask>,
    claimAnswer: (answer: EntityAnswer) => boolean,
  ) {
    this.lineage = new ExecutionLineage(executionId);
    this.#open = open;
    this.#claimAnswer = claimAnswer;
  }

  /** The events these messages add to the history, in their order. */
  accept(
    messages: readonly (HistoryEvent & Addressed)[],
    { hasBegun, isSuspended }: ExecutionState,
  ): readonly HistoryEvent[] {
    const accepted: HistoryEvent[] = [];
    let suspended = isSuspended;
    for (const message of messages) {
      const event = this.#effectOf(message, { hasBegun, isSuspended: suspended });
      if (event === undefined) continue;
      if (event.type === "ExecutionSuspended") suspended = true;
      if (event.type === "ExecutionResumed") suspended = false;
      accepted.push(event);
    }
    return accepted;
  }

  /** False for one that was seen before. */
  isNew(messageId: string | undefined): boolean {
    if (messageId === undefined) return true;
    this.#messageIds ??= new Set();
    if (this.#messageIds.has(messageId)) return false;
    this.#messageIds.add(messageId);
    return true;
  }

  #effectOf(
    message: HistoryEvent & Addressed,
    { hasBegun, isSuspended }: ExecutionState,
  ): HistoryEvent | undefined {
    switch (message.type) {
      case "TaskCompleted":
      case "TaskFailed":
      case "TimerFired":
        return this.#open.claim(message) && message;
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        return this.#outcomeOfChild(message);
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
      case "EntityLockGranted":
        return this.#answerOfEntity(message);
      case "EventRaised":
        return this.isNew(message.messageId) ? message : undefined;
      case "ExecutionStarted":
        return hasBegun ? undefined : message;
      case "ExecutionSuspended":
        return isSuspended ? undefined : message;
      case "ExecutionResumed":
      case "ExecutionTerminated":
      case "ExecutionRewound":
        return message;
      default:
        return undefined;
    }
  }

  #answerOfEntity(message: EntityAnswer & Addressed): HistoryEvent | undefined {
    const { forExecution, ...answer } = message;
    return this.lineage.has(forExecution) && this.#claimAnswer(answer) ? answer : undefined;
  }

  /** A child that was started before a rewind knows its number from before the rewind. */
  #outcomeOfChild(
    message: (SubOrchestrationInstanceCompleted | SubOrchestrationInstanceFailed) & Addressed,
  ): HistoryEvent | undefined {
    const { forExecution, ...outcome } = message;
    if (!this.lineage.has(forExecution)) return undefined;
    const child = this.#open.claim(outcome);
    return child && { ...outcome, taskScheduledId: child.id };
  }
}

export function isEntityAnswer(event: HistoryEvent): event is EntityAnswer {
  return (
    event.type === "EntityOperationCompleted" ||
    event.type === "EntityOperationFailed" ||
    event.type === "EntityLockGranted"
  );
}
