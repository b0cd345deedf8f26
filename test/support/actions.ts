import type {
  CreateSubOrchestrationAction,
  CreateTimerAction,
  ScheduleTaskAction,
  SendEventAction,
} from "../../src/core/orchestrator-action.ts";
import { EXECUTION_ID } from "./history.ts";

const textOf = (value: unknown): string | undefined =>
  value === undefined ? undefined : JSON.stringify(value);

export function scheduleTask(
  id: number,
  name: string,
  input?: unknown,
  retryOf?: number,
): ScheduleTaskAction {
  return { type: "ScheduleTask", id, name, input: textOf(input), retryOf };
}

export function createTimer(
  id: number,
  fireAt: number,
  tag: { readonly retryOf?: number; readonly timeoutOf?: string } = {},
): CreateTimerAction {
  return { type: "CreateTimer", id, fireAt, retryOf: tag.retryOf, timeoutOf: tag.timeoutOf };
}

export function createChild(
  id: number,
  name: string,
  more: Partial<Omit<CreateSubOrchestrationAction, "type" | "id" | "name" | "input">> & {
    readonly input?: unknown;
  } = {},
): CreateSubOrchestrationAction {
  return {
    type: "CreateSubOrchestration",
    id,
    name,
    instanceId: more.instanceId ?? `${EXECUTION_ID}:${id}`,
    version: more.version,
    input: textOf(more.input),
    retryOf: more.retryOf,
    fireAndForget: more.fireAndForget ?? false,
  };
}

export function sendEvent(id: number, instanceId: string, name: string, input?: unknown): SendEventAction {
  return { type: "SendEvent", id, instanceId, name, input: textOf(input) };
}
