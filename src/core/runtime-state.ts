import type { HistoryEvent, ParentInstance } from "./history-event.ts";

export interface ScheduledActivity {
  readonly id: number;
  readonly name: string;
  readonly since: number;
}

export interface RunningChild {
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly since: number;
}

export interface PendingTimer {
  readonly id: number;
  readonly fireAt: number;
  readonly retryOf?: number;
  readonly timeoutOf?: string;
}

export interface EntityCallUnderWay {
  readonly requestId: string;
  /** The entity's. */
  readonly instanceId: string;
  readonly operation: string;
  readonly since: number;
}

export interface LockUnderWay {
  readonly criticalSectionId: string;
  /** Those that were not let go of. */
  readonly lockSet: readonly string[];
  readonly since: number;
  readonly isHeld: boolean;
}

/** What a history says without running any code. */
export interface RuntimeState {
  readonly activities: readonly ScheduledActivity[];
  readonly children: readonly RunningChild[];
  /** Timers that have not fired. History does not tell which of them the code has canceled. */
  readonly timers: readonly PendingTimer[];
  readonly entityCalls: readonly EntityCallUnderWay[];
  /** The critical sections that are asked for or held. */
  readonly locks: readonly LockUnderWay[];
  readonly suspended: { readonly reason?: string; readonly since: number } | undefined;
  readonly parent: ParentInstance | undefined;
  readonly returned: boolean;
  readonly eventCount: number;
}

/** Folds a history. Pure, and independent of whether the orchestrator's code is at hand. */
export function foldHistory(history: Iterable<HistoryEvent>): RuntimeState {
  const activities = new Map<number, ScheduledActivity>();
  const children = new Map<string, RunningChild>();
  const timers = new Map<number, PendingTimer>();
  const entityCalls = new Map<string, EntityCallUnderWay>();
  const locks = new Map<string, LockUnderWay>();
  let suspended: RuntimeState["suspended"];
  let parent: ParentInstance | undefined;
  let returned = false;
  let eventCount = 0;
  for (const event of history) {
    eventCount += 1;
    switch (event.type) {
      case "ExecutionStarted":
        parent = event.parent;
        break;
      case "TaskScheduled":
        activities.set(event.eventId, { id: event.eventId, name: event.name, since: event.timestamp });
        break;
      case "TaskCompleted":
      case "TaskFailed":
        activities.delete(event.taskScheduledId);
        break;
      case "SubOrchestrationInstanceCreated":
        if (!event.fireAndForget) {
          const { eventId, instanceId, name, timestamp } = event;
          children.set(instanceId, { id: eventId, instanceId, name, since: timestamp });
        }
        break;
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        children.delete(event.instanceId);
        break;
      case "TimerCreated": {
        const { eventId, fireAt, retryOf, timeoutOf } = event;
        timers.set(eventId, {
          id: eventId,
          fireAt,
          ...(retryOf === undefined ? {} : { retryOf }),
          ...(timeoutOf === undefined ? {} : { timeoutOf }),
        });
        break;
      }
      case "TimerFired":
        timers.delete(event.timerId);
        break;
      case "EntityOperationCalled": {
        const { requestId, instanceId, operation, timestamp } = event;
        entityCalls.set(requestId, { requestId, instanceId, operation, since: timestamp });
        break;
      }
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
        entityCalls.delete(event.requestId);
        locks.delete(event.requestId);
        break;
      case "EntityLockRequested": {
        const { criticalSectionId, lockSet, timestamp } = event;
        locks.set(criticalSectionId, { criticalSectionId, lockSet, since: timestamp, isHeld: false });
        break;
      }
      case "EntityLockGranted": {
        const lock = locks.get(event.criticalSectionId);
        if (lock) locks.set(event.criticalSectionId, { ...lock, isHeld: true });
        break;
      }
      case "EntityUnlockSent": {
        const lock = locks.get(event.criticalSectionId);
        if (lock) unlock(locks, lock, event.instanceId);
        break;
      }
      case "ExecutionSuspended":
        suspended = {
          since: event.timestamp,
          ...(event.reason === undefined ? {} : { reason: event.reason }),
        };
        break;
      case "ExecutionResumed":
        suspended = undefined;
        break;
      case "ExecutionCompleted":
        returned = true;
        break;
      case "ExecutionRewound":
        for (const [id, lock] of locks) {
          if (lock.isHeld) locks.set(id, { ...lock, since: event.timestamp, isHeld: false });
        }
        break;
      case "ExecutionTerminated":
      case "EventSent":
      case "EventRaised":
      case "EntityOperationSignaled":
      case "PatchMarked":
      case "OrchestratorStarted":
      case "OrchestratorCompleted":
        break;
    }
  }
  return {
    activities: [...activities.values()],
    children: [...children.values()],
    timers: [...timers.values()],
    entityCalls: [...entityCalls.values()],
    locks: [...locks.values()],
    suspended,
    parent,
    returned,
    eventCount,
  };
}

/** A request that was not granted is taken back as a whole. */
function unlock(locks: Map<string, LockUnderWay>, lock: LockUnderWay, instanceId: string): void {
  const lockSet = lock.isHeld ? lock.lockSet.filter((locked) => locked !== instanceId) : [];
  if (lockSet.length > 0) locks.set(lock.criticalSectionId, { ...lock, lockSet });
  else locks.delete(lock.criticalSectionId);
}
