import type { FailureDetails } from "./failure-details.ts";
import type { JsonText, PlainEvent } from "./history-event.ts";
import type { TraceContext } from "./trace-context.ts";

/** What one episode asks the engine to do. `id` is the sequence number of the action (S-30). */
export type OrchestratorAction =
  | ScheduleTaskAction
  | CreateTimerAction
  | CreateSubOrchestrationAction
  | SendEventAction
  | EntityAction;

/**
 * What is asked of entities. viaEvents: by code that knows plain events only, and waits for one as the answer; sentAs is the
 * one that it has sent.
 */
export type EntityAction =
  | CallEntityAction
  | SignalEntityAction
  | RequestEntityLockAction
  | SendEntityUnlockAction;

export interface ScheduleTaskAction {
  readonly type: "ScheduleTask";
  readonly id: number;
  readonly name: string;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
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
  /** Why there can be no such child: it has failed before it began. */
  readonly refused?: FailureDetails;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
}

export interface SendEventAction {
  readonly type: "SendEvent";
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly input: JsonText | undefined;
}

export interface CallEntityAction {
  readonly type: "CallEntity";
  readonly id: number;
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly requestId: string;
  /** The entity's. */
  readonly instanceId: string;
  readonly operation: string;
  readonly input: JsonText | undefined;
  readonly criticalSectionId: string | undefined;
  /** Why there can be no such entity: the call has failed before it was made. */
  readonly refused?: FailureDetails;
}

export interface SignalEntityAction {
  readonly type: "SignalEntity";
  readonly id: number;
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly requestId: string;
  readonly instanceId: string;
  readonly operation: string;
  readonly input: JsonText | undefined;
  readonly scheduledTime: number | undefined;
  /** What the time has beyond its milliseconds. Code elsewhere compares the whole of it with what it asks for again. */
  readonly scheduledNanos?: number;
}

export interface RequestEntityLockAction {
  readonly type: "RequestEntityLock";
  readonly id: number;
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly criticalSectionId: string;
  readonly lockSet: readonly string[];
}

export interface SendEntityUnlockAction {
  readonly type: "SendEntityUnlock";
  readonly id: number;
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly criticalSectionId: string;
  readonly instanceId: string;
  /**
   * The locks were not granted yet: what is sent follows the request for them through these entities. Empty: another unlock
   * has done that for this one too.
   */
  readonly takesBack?: readonly string[];
}

/** It goes out whatever the end is: nothing else would let go of what was locked. */
export const isUnlock = (action: OrchestratorAction): action is SendEntityUnlockAction =>
  action.type === "SendEntityUnlock";
