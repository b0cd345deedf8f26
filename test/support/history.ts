import type { FailureDetails } from "../../src/core/failure-details.ts";
import type {
  ExecutionStarted,
  HistoryEvent,
  MessageEvent,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "../../src/core/history-event.ts";

/** When the first episode of every orchestration in the tests runs. */
export const T0 = Date.UTC(2024, 0, 2, 3, 4, 5);

export const SECOND = 1_000;

export const EXECUTION_ID = "5d41402abc4b2a76b9719d911017c592";

/** Messages bear no time of their own: the episode that takes them gives them its own. */
const timestamp = 0;

const json = (value: unknown): { readonly [key: string]: string } =>
  value === undefined ? {} : { text: JSON.stringify(value) };

function withText<K extends string>(key: K, value: unknown): { readonly [P in K]?: string } {
  const { text } = json(value);
  return (text === undefined ? {} : { [key]: text }) as { readonly [P in K]?: string };
}

export function failure(errorMessage: string, more: Partial<FailureDetails> = {}): FailureDetails {
  return { errorType: "Error", errorMessage, ...more };
}

// --- what arrives ---

export function started(more: Partial<ExecutionStarted> = {}): ExecutionStarted {
  return {
    type: "ExecutionStarted",
    timestamp: T0,
    instanceId: "abc123",
    executionId: EXECUTION_ID,
    name: "Orchestrator",
    ...more,
  };
}

export function taskCompleted(taskScheduledId: number, result?: unknown): MessageEvent {
  return { type: "TaskCompleted", timestamp, taskScheduledId, ...withText("result", result) };
}

export function taskFailed(
  taskScheduledId: number,
  message = "it broke",
  more: Partial<FailureDetails> = {},
): MessageEvent {
  const reason = `Activity function 'work' failed: ${message}`;
  return { type: "TaskFailed", timestamp, taskScheduledId, reason, failure: failure(message, more) };
}

export function timerFired(timerId: number, fireAt = T0): MessageEvent {
  return { type: "TimerFired", timestamp, timerId, fireAt };
}

export function childCompleted(taskScheduledId: number, instanceId: string, result?: unknown): MessageEvent {
  return {
    type: "SubOrchestrationInstanceCompleted",
    timestamp,
    taskScheduledId,
    instanceId,
    ...withText("result", result),
  };
}

export function childFailed(taskScheduledId: number, instanceId: string, reason = "it broke"): MessageEvent {
  return {
    type: "SubOrchestrationInstanceFailed",
    timestamp,
    taskScheduledId,
    instanceId,
    reason,
    failure: failure(reason),
  };
}

export function eventRaised(name: string, input?: unknown, messageId?: string): MessageEvent {
  return {
    type: "EventRaised",
    timestamp,
    name,
    ...withText("input", input),
    ...(messageId === undefined ? {} : { messageId }),
  };
}

const withReason = (reason: string | undefined): { readonly reason?: string } =>
  reason === undefined ? {} : { reason };

export function suspended(reason?: string): MessageEvent {
  return { type: "ExecutionSuspended", timestamp, ...withReason(reason) };
}

export function resumed(reason?: string): MessageEvent {
  return { type: "ExecutionResumed", timestamp, ...withReason(reason) };
}

export function terminated(reason?: string): MessageEvent {
  return { type: "ExecutionTerminated", timestamp, ...withReason(reason) };
}

// --- what a history says the code has asked for ---

export function taskScheduled(eventId: number, name: string, input?: unknown): TaskScheduled {
  return { type: "TaskScheduled", timestamp: T0, eventId, name, ...withText("input", input) };
}

export function timerCreated(eventId: number, fireAt = T0): TimerCreated {
  return { type: "TimerCreated", timestamp: T0, eventId, fireAt };
}

export function childCreated(
  eventId: number,
  name: string,
  instanceId: string,
): SubOrchestrationInstanceCreated {
  return { type: "SubOrchestrationInstanceCreated", timestamp: T0, eventId, instanceId, name };
}

export function eventSent(eventId: number, instanceId: string, name: string): HistoryEvent {
  return { type: "EventSent", timestamp: T0, eventId, instanceId, name };
}

/** The frame of one episode around its events. */
export function episode(at: number, ...events: readonly HistoryEvent[]): HistoryEvent[] {
  return [
    { type: "OrchestratorStarted", timestamp: at },
    ...events.map((event) => (event.timestamp === 0 ? { ...event, timestamp: at } : event)),
    { type: "OrchestratorCompleted", timestamp: at },
  ];
}
