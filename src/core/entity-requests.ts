import type { ActionLog, SchedulingHistoryEvent } from "./action-log.ts";
import { CriticalSection } from "./critical-section.ts";
import { deterministicGuid } from "./deterministic-guid.ts";
import { DurableError } from "./errors.ts";
import { rebuildError, taskFailed } from "./failure-details.ts";
import type { EntityAnswer, JsonText } from "./history-event.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";
import { Task, type TaskScope } from "./task.ts";

interface OpenCall {
  readonly task: Task<unknown>;
  /** The entity's. */
  readonly instanceId: string;
  readonly operation: string;
  /** Its answer has arrived; a second one is a duplicate. */
  claimed: boolean;
}

/**
 * What an execution has asked of entities: calls without an answer, and its critical section.
 *
 * 1. A call is no open task: the orchestration can end without its answer (S-165).
 * 2. There is one critical section at a time, and inside it the locking rules hold (S-169).
 * 3. Request ids are the same in every replay; those in the history win.
 */
export class EntityRequests {
  readonly #scope: TaskScope;
  readonly #actions: ActionLog;
  readonly #calls = new Map<string, OpenCall>();
  #section: CriticalSection | undefined;

  constructor(scope: TaskScope, actions: ActionLog) {
    this.#scope = scope;
    this.#actions = actions;
  }

  /** The critical section that is asked for or held. */
  get section(): CriticalSection | undefined {
    return this.#section;
  }

  call(instanceId: string, operation: string, input: JsonText | undefined): Task<unknown> {
    this.#section?.checkCall(instanceId);
    const criticalSectionId = this.#section?.isHeld ? this.#section.id : undefined;
    const requestId = this.#actions.add((id) => ({
      type: "CallEntity",
      id,
      requestId: this.#guid(id),
      instanceId,
      operation,
      input,
      criticalSectionId,
    })).requestId;
    const task = new Task<unknown>(this.#scope);
    this.#calls.set(requestId, { task, instanceId, operation, claimed: false });
    this.#section?.called(instanceId);
    return task;
  }

  signal(
    instanceId: string,
    operation: string,
    input: JsonText | undefined,
    scheduledTime: number | undefined,
  ): void {
    this.#section?.checkSignal(instanceId);
    this.#actions.add((id) => ({
      type: "SignalEntity",
      id,
      requestId: this.#guid(id),
      instanceId,
      operation,
      input,
      scheduledTime,
    }));
  }

  /** Asks for the lock of all these entities, in an order that is the same for everyone (S-167). */
  lock<T>(instanceIds: readonly string[], wrap: (section: CriticalSection) => T): Task<T> {
    this.#section?.refuse("Another lock cannot be asked for");
    if (instanceIds.length === 0) {
      throw new DurableError("INVALID_ARGUMENT", "lock needs at least one entity (S-170).");
    }
    const lockSet = [...new Set(instanceIds)].sort();
    const { criticalSectionId } = this.#actions.add((id) => ({
      type: "RequestEntityLock",
      id,
      criticalSectionId: this.#guid(id),
      lockSet,
    }));
    const task = new Task<T>(this.#scope);
    this.#section = new CriticalSection(criticalSectionId, lockSet, {
      granted: (section) => task.complete(wrap(section)),
      refused: (error) => task.fail(error),
    });
    return task;
  }

  /** Leaves the critical section; outside of one it does nothing (S-170). */
  release(section: CriticalSection | undefined): void {
    if (section === undefined || section !== this.#section || !section.isHeld) return;
    this.#section = undefined;
    this.#unlock(section);
  }

  /** @throws {DurableError} LOCKING_RULES inside a critical section */
  checkSubOrchestration(): void {
    if (this.#section?.isHeld) this.#section.refuse("A sub-orchestration cannot be called");
  }

  /** History knows better than the code which ids were given out. */
  confirm(action: OrchestratorAction, event: SchedulingHistoryEvent): void {
    if (action.type === "CallEntity" && event.type === "EntityOperationCalled") {
      const call = this.#calls.get(action.requestId);
      if (call === undefined) return;
      this.#calls.delete(action.requestId);
      this.#calls.set(event.requestId, call);
    }
    if (action.type === "RequestEntityLock" && event.type === "EntityLockRequested") {
      if (this.#section?.id === action.criticalSectionId) this.#section.id = event.criticalSectionId;
    }
  }

  /** True for the first answer to something that was asked; it is then marked as served. */
  claim(answer: EntityAnswer): boolean {
    if (answer.type === "EntityLockGranted") return this.#section?.claim(answer.criticalSectionId) ?? false;
    const call = this.#calls.get(answer.requestId);
    if (call === undefined) return this.#section?.claim(answer.requestId) ?? false;
    if (call.claimed) return false;
    call.claimed = true;
    return true;
  }

  /** Hands an answer to the code. */
  settle(answer: EntityAnswer): void {
    if (answer.type === "EntityLockGranted") {
      if (this.#section?.id === answer.criticalSectionId) this.#section.grant();
      return;
    }
    const call = this.#calls.get(answer.requestId);
    if (call === undefined) return this.#settleLock(answer);
    this.#calls.delete(answer.requestId);
    this.#section?.answered(call.instanceId);
    if (answer.type === "EntityOperationCompleted") return call.task.completeWithText(answer.result);
    const what = `Operation '${call.operation}' of entity '${call.instanceId}' failed: ${answer.failure.errorMessage}`;
    call.task.fail(taskFailed(what, answer.failure));
  }

  /** A lock that cannot be had: what was locked on the way to it is let go. */
  #settleLock(answer: Exclude<EntityAnswer, { readonly type: "EntityLockGranted" }>): void {
    const section = this.#section;
    if (section?.id !== answer.requestId || answer.type !== "EntityOperationFailed") return;
    this.#section = undefined;
    this.#unlock(section);
    section.refused(rebuildError(answer.failure));
  }

  #unlock({ id: criticalSectionId, lockSet }: CriticalSection): void {
    for (const instanceId of lockSet) {
      this.#actions.add((id) => ({ type: "SendEntityUnlock", id, criticalSectionId, instanceId }));
    }
  }

  #guid(id: number): string {
    return deterministicGuid(this.#actions.executionId, "entity", id);
  }
}
