import type { EntityMessage } from "./entity-message.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { TraceContext } from "./trace-context.ts";

/** JSON text, exactly as it is stored. `undefined` stands for "no value". */
export type JsonText = string;

/** Who started an instance as a sub-orchestration, and which of its tasks waits for the outcome. */
export interface ParentInstance {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  /** Histories of earlier versions do not have it. */
  readonly version?: string;
  readonly taskScheduledId: number;
}

interface EventBase {
  /** Milliseconds since 1970, UTC. */
  readonly timestamp: number;
}

interface SchedulingEvent extends EventBase {
  /** The sequence number the orchestrator gave to this action (S-30). */
  readonly eventId: number;
}

export interface ExecutionStarted extends EventBase {
  readonly type: "ExecutionStarted";
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly input?: JsonText;
  readonly parent?: ParentInstance;
  readonly tags?: Readonly<Record<string, string>>;
  readonly scheduledStartTime?: number;
  readonly traceContext?: TraceContext;
  /** Counts the executions of one instance: 0 for the first, one more with each continue-as-new. */
  readonly generation?: number;
}

/** The code has asked for this patch for the first time, and got it. */
export interface PatchMarked extends EventBase {
  readonly type: "PatchMarked";
  readonly patchId: string;
}

export type CompletionStatus = "Completed" | "Failed" | "Terminated";

export interface ExecutionCompleted extends SchedulingEvent {
  readonly type: "ExecutionCompleted";
  readonly status: CompletionStatus;
  readonly result?: JsonText;
  readonly failure?: FailureDetails;
}

export interface ExecutionTerminated extends EventBase {
  readonly type: "ExecutionTerminated";
  readonly reason?: string;
  /** What stands as the output instead of the reason. */
  readonly output?: JsonText;
  /** Its children are terminated too, and theirs. */
  readonly recurse?: true;
  /** Present when a parent that has ended passed it on: it is for children of that one only. */
  readonly parentInstanceId?: string;
}

export interface ExecutionSuspended extends EventBase {
  readonly type: "ExecutionSuspended";
  readonly reason?: string;
}

export interface ExecutionResumed extends EventBase {
  readonly type: "ExecutionResumed";
  readonly reason?: string;
}

/** Marks that the history before it was rewritten by rewind; it means nothing to the orchestrator. */
export interface ExecutionRewound extends EventBase {
  readonly type: "ExecutionRewound";
  readonly reason?: string;
  /** Present when a rewound parent passed the rewind on to this child. */
  readonly parent?: ParentInstance;
  /** The execution that was rewound into this one. */
  readonly formerExecutionId?: string;
}

export interface TaskScheduled extends SchedulingEvent {
  readonly type: "TaskScheduled";
  readonly name: string;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
  readonly input?: JsonText;
  /** The first task of the retried call this attempt belongs to. */
  readonly retryOf?: number;
}

export interface TaskCompleted extends EventBase {
  readonly type: "TaskCompleted";
  readonly taskScheduledId: number;
  readonly result?: JsonText;
}

export interface TaskFailed extends EventBase {
  readonly type: "TaskFailed";
  readonly taskScheduledId: number;
  readonly reason: string;
  readonly failure: FailureDetails;
}

export interface SubOrchestrationInstanceCreated extends SchedulingEvent {
  readonly type: "SubOrchestrationInstanceCreated";
  readonly instanceId: string;
  readonly name: string;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
  readonly input?: JsonText;
  readonly retryOf?: number;
  /** Started without waiting for it (S-114): it reports to nobody. */
  readonly fireAndForget?: true;
}

export interface SubOrchestrationInstanceCompleted extends EventBase {
  readonly type: "SubOrchestrationInstanceCompleted";
  readonly taskScheduledId: number;
  readonly instanceId: string;
  readonly result?: JsonText;
}

export interface SubOrchestrationInstanceFailed extends EventBase {
  readonly type: "SubOrchestrationInstanceFailed";
  readonly taskScheduledId: number;
  readonly instanceId: string;
  readonly reason: string;
  readonly failure: FailureDetails;
}

export interface TimerCreated extends SchedulingEvent {
  readonly type: "TimerCreated";
  readonly fireAt: number;
  /** The first task of the retried call this wait belongs to. */
  readonly retryOf?: number;
  /** The external event whose wait this timer limits. */
  readonly timeoutOf?: string;
}

export interface TimerFired extends EventBase {
  readonly type: "TimerFired";
  readonly timerId: number;
  readonly fireAt: number;
}

export interface EventSent extends SchedulingEvent {
  readonly type: "EventSent";
  readonly instanceId: string;
  readonly name: string;
  readonly input?: JsonText;
}

export interface EventRaised extends EventBase {
  readonly type: "EventRaised";
  readonly name: string;
  readonly input?: JsonText;
  /** Chosen by the sender; a second event with the same id is dropped. */
  readonly messageId?: string;
}

/** The event by which code that knows no others asks something of an entity, word for word: on replay it is compared. */
export interface PlainEvent {
  readonly instanceId: string;
  readonly name: string;
  readonly input: JsonText;
}

/** The entity is asked to do something, and the orchestration waits for the answer (S-165). */
export interface EntityOperationCalled extends SchedulingEvent {
  readonly type: "EntityOperationCalled";
  /** The code knows plain events only. */
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  /** A GUID; the answer has it too. */
  readonly requestId: string;
  /** The entity's. */
  readonly instanceId: string;
  readonly operation: string;
  readonly input?: JsonText;
}

export interface EntityOperationSignaled extends SchedulingEvent {
  readonly type: "EntityOperationSignaled";
  /** The code knows plain events only. */
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly requestId: string;
  readonly instanceId: string;
  readonly operation: string;
  readonly input?: JsonText;
  readonly scheduledTime?: number;
  /** What the time has beyond its milliseconds. */
  readonly scheduledNanos?: number;
}

/** A critical section begins once all of its entities are locked (S-167). */
export interface EntityLockRequested extends SchedulingEvent {
  readonly type: "EntityLockRequested";
  /** The code knows plain events only. */
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly criticalSectionId: string;
  /** Instance ids, in the order in which they are locked. */
  readonly lockSet: readonly string[];
}

export interface EntityUnlockSent extends SchedulingEvent {
  readonly type: "EntityUnlockSent";
  /** The code knows plain events only. */
  readonly viaEvents?: true;
  readonly sentAs?: PlainEvent;
  readonly criticalSectionId: string;
  readonly instanceId: string;
}

export interface EntityOperationCompleted extends EventBase {
  readonly type: "EntityOperationCompleted";
  readonly requestId: string;
  readonly result?: JsonText;
}

/** Also the answer to a lock request that cannot be granted; `requestId` is then the critical section's. */
export interface EntityOperationFailed extends EventBase {
  readonly type: "EntityOperationFailed";
  readonly requestId: string;
  readonly failure: FailureDetails;
}

export interface EntityLockGranted extends EventBase {
  readonly type: "EntityLockGranted";
  readonly criticalSectionId: string;
}

export interface OrchestratorStarted extends EventBase {
  readonly type: "OrchestratorStarted";
}

export interface OrchestratorCompleted extends EventBase {
  readonly type: "OrchestratorCompleted";
}

export type HistoryEvent =
  | ExecutionStarted
  | ExecutionCompleted
  | ExecutionTerminated
  | ExecutionSuspended
  | ExecutionResumed
  | ExecutionRewound
  | TaskScheduled
  | TaskCompleted
  | TaskFailed
  | SubOrchestrationInstanceCreated
  | SubOrchestrationInstanceCompleted
  | SubOrchestrationInstanceFailed
  | TimerCreated
  | TimerFired
  | EventSent
  | EventRaised
  | EntityOperationCalled
  | EntityOperationSignaled
  | EntityLockRequested
  | EntityUnlockSent
  | EntityAnswer
  | PatchMarked
  | OrchestratorStarted
  | OrchestratorCompleted;

export type HistoryEventName = HistoryEvent["type"];

/** What an entity, or the last of those to be locked, tells an orchestration. */
export type EntityAnswer = EntityOperationCompleted | EntityOperationFailed | EntityLockGranted;

/** What may arrive for an instance. */
export type InstanceMessage = MessageEvent | EntityMessage;

/** Whom an answer is for. */
export interface Addressed {
  /** The execution that has asked. It is on the message only, not in the history; earlier versions did not say it. */
  readonly forExecution?: string;
}

/** What may arrive for an orchestration from outside its code; all of it becomes part of the history. */
export type MessageEvent =
  | ExecutionTerminated
  | ExecutionSuspended
  | ExecutionResumed
  | ExecutionRewound
  | TaskCompleted
  | TaskFailed
  | (SubOrchestrationInstanceCompleted & Addressed)
  | (SubOrchestrationInstanceFailed & Addressed)
  | TimerFired
  | EventRaised
  | (EntityAnswer & Addressed);
