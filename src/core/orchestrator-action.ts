import type { JsonText } from "./history-event.ts";

/** What one episode asks the engine to do. `id` is the sequence number of the action (S-30). */
export type OrchestratorAction =
  | ScheduleTaskAction
  | CreateTimerAction
  | CreateSubOrchestrationAction
  | SendEventAction;

export interface ScheduleTaskAction {
  readonly type: "ScheduleTask";
  readonly id: number;
  readonly name: string;
  readonly input: JsonText | undefined;
  readonly retryOf: number | undefined;
}

export interface CreateTimerAction {
  readonly type: "CreateTimer";
  readonly id: number;
  readonly fireAt: number;
  readonly retryOf: number | undefined;
  readonly timeoutOf: string | undefined;
}

export interface CreateSubOrchestrationAction {
  readonly type: "CreateSubOrchestration";
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly version: string | undefined;
  readonly input: JsonText | undefined;
  readonly retryOf: number | undefined;
  readonly fireAndForget: boolean;
}

export interface SendEventAction {
  readonly type: "SendEvent";
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly input: JsonText | undefined;
}
