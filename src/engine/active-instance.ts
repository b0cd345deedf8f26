import type { EntityState } from "../core/entity-state.ts";
import type { Completion } from "../core/episode-result.ts";
import { given } from "../core/given.ts";
import type { ExecutionStarted, InstanceMessage } from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord, NewInstance, NextRun, TimerKey } from "../storage/index.ts";
import type { OrchestrationSession } from "./executor.ts";

/** What became of a message. */
export type Delivery = "delivered" | "instance-not-found" | "instance-ended";

/** A message on its last step: it takes effect with the next episode of its instance. */
export interface PendingMessage {
  /** Absent: no message, only a reason to run an episode. */
  readonly event?: InstanceMessage | ExecutionStarted;
  /** Its row in the inbox, which the episode consumes. */
  readonly storedId?: number;
  /** Its row among the timers, which the episode consumes. */
  readonly timer?: TimerKey;
  /** It is in the history already, at this time, and its code has not run yet. */
  readonly recordedAt?: number;
  /** It is meant for this run only: results and timers of an earlier one are void. */
  readonly run?: number;
  readonly settled?: (outcome: Delivery | Error) => void;
}

/** The instance's row as it was last committed, as far as episodes change it. */
export interface CommittedRow {
  readonly status: RuntimeStatus;
  readonly recover: boolean;
  readonly hasOutput: boolean;
  readonly customStatus: string | undefined;
}

/**
 * loading: its record and history are being read. idle: in memory, nothing to do. ready: waits for its turn.
 * running: its code runs. committing: its episode is in the commit pump.
 */
export type Phase = "loading" | "idle" | "ready" | "running" | "committing";

/** What an entity has beside what every instance has. */
export interface ActiveEntity {
  state: EntityState;
  /** Messages that wait for their turn, in their order; they stay in the store until it comes. */
  queue: PendingMessage[];
  /** So many at the head of the queue wait for the end of the lock as it is now. */
  waiting: number;
  /** Messages of the queue have their turn that the last batch had no room for. */
  isDue: boolean;
  /** Takes back the batch that is elsewhere, while one is. */
  withdraw: (() => void) | undefined;
  /** It has no row yet, and gets one before it does anything: the store has to count how often it kills the process. */
  isUnborn?: boolean;
}

/**
 * Of an instance that the process has died with more than once. counted: the store has this attempt among them.
 * acquitted: it was taken back, for none of its code has its turn; what waits for one is counted when it comes.
 */
export type Suspicion = "counted" | "acquitted";

/** One instance that this process has in memory. */
export class ActiveInstance {
  readonly instanceId: string;
  phase: Phase = "loading";
  readonly inbox: PendingMessage[] = [];
  session: OrchestrationSession | undefined;
  /** Present when it is one. */
  entity: ActiveEntity | undefined;
  started: ExecutionStarted | undefined;
  run = 0;
  nextSeq = 0;
  row: CommittedRow = { status: "Pending", recover: false, hasOutput: false, customStatus: undefined };
  /** Set until the episode that brings the instance into being is committed. */
  creation: { readonly instance: NewInstance; readonly replaces: readonly RuntimeStatus[] } | undefined;
  /** A new owner found it: what its history says is under way must be started again. */
  recovering = false;
  /** It could not run here when it was read before: what came for it meanwhile is in the store. */
  hasRested = false;
  bytes = 0;
  /** Until it makes progress. */
  suspicion: Suspicion | undefined;
  /** The version under which it begins, when it was written without one: the first episode writes it down. */
  pinnedVersion: string | undefined;

  constructor(instanceId: string) {
    this.instanceId = instanceId;
  }
}

/** The first event of an execution, made from what the store holds of the instance. */
export function startedEvent(instance: NewInstance | InstanceRecord, generation = 0): ExecutionStarted {
  const {
    instanceId,
    executionId,
    name,
    version,
    input,
    parent,
    tags,
    scheduledAt,
    createdAt,
    traceContext,
  } = instance;
  return {
    type: "ExecutionStarted",
    timestamp: createdAt,
    instanceId,
    executionId,
    name,
    ...(version === undefined ? {} : { version }),
    ...(input === undefined ? {} : { input }),
    ...(parent === undefined ? {} : { parent }),
    ...(tags === undefined ? {} : { tags }),
    ...(traceContext === undefined ? {} : { traceContext }),
    ...(scheduledAt === undefined ? {} : { scheduledStartTime: scheduledAt }),
    ...(generation === 0 ? {} : { generation }),
  };
}

/** The first event of the execution that follows a continue-as-new (S-75). */
export function nextStart(started: ExecutionStarted, next: NextRun, at: number): ExecutionStarted {
  const { scheduledStartTime: _, input: __, ...kept } = started;
  return {
    ...kept,
    timestamp: next.createdAt ?? at,
    executionId: next.executionId,
    generation: (started.generation ?? 0) + 1,
    ...(next.version === undefined ? {} : { version: next.version }),
    ...(next.input === undefined || next.input === null ? {} : { input: next.input }),
  };
}

/** The record of an instance that has just ended, as the store has it. */
export function endedRecord(
  instance: ActiveInstance,
  effects: { readonly row: CommittedRow; readonly completion: Completion | undefined },
  at: number,
): InstanceRecord {
  const { instanceId, run, started } = instance;
  const { row, completion } = effects;
  const failure = completion?.failure;
  return {
    instanceId,
    run,
    executionId: started?.executionId ?? "",
    name: started?.name ?? "",
    status: row.status,
    createdAt: started?.timestamp ?? at,
    lastUpdatedAt: at,
    completedAt: at,
    recover: false,
    attempts: 0,
    ...given({
      version: started?.version,
      scheduledAt: started?.scheduledStartTime,
      input: started?.input,
      parent: started?.parent,
      tags: started?.tags,
      output: completion?.result,
      failure: failure && JSON.stringify(failure),
      customStatus: row.customStatus,
    }),
  };
}
