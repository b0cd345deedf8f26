import { DurableError, NonDeterminismError } from "./errors.ts";
import type {
  EntityLockRequested,
  EntityOperationCalled,
  EntityOperationSignaled,
  EntityUnlockSent,
  EventSent,
  JsonText,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "./history-event.ts";
import { OpenTasks } from "./open-tasks.ts";
import type { EntityAction, OrchestratorAction } from "./orchestrator-action.ts";
import { Task, type TaskScope, TimerTask } from "./task.ts";

export type SchedulingHistoryEvent =
  | TaskScheduled
  | TimerCreated
  | SubOrchestrationInstanceCreated
  | EventSent
  | EntityOperationCalled
  | EntityOperationSignaled
  | EntityLockRequested
  | EntityUnlockSent;

const EVENT_OF_ACTION = {
  ScheduleTask: "TaskScheduled",
  CreateTimer: "TimerCreated",
  CreateSubOrchestration: "SubOrchestrationInstanceCreated",
  SendEvent: "EventSent",
  CallEntity: "EntityOperationCalled",
  SignalEntity: "EntityOperationSignaled",
  RequestEntityLock: "EntityLockRequested",
  SendEntityUnlock: "EntityUnlockSent",
} as const satisfies Record<OrchestratorAction["type"], SchedulingHistoryEvent["type"]>;

const NONE: readonly never[] = [];

export interface SubOrchestrationRequest {
  readonly name: string;
  readonly input: JsonText | undefined;
  /** Default: derived from the execution id and the sequence number (S-110). */
  readonly instanceId: string | undefined;
  readonly version: string | undefined;
  readonly retryOf: number | undefined;
}

/**
 * What the orchestrator's code has asked for.
 *
 * 1. Every action takes the next sequence number, in program order (S-30).
 * 2. An action is pending until a history event confirms it (replay) or the episode hands it out (`take`).
 * 3. A scheduling event of the past must meet a pending action of its number, kind and name (S-39).
 */
export class ActionLog {
  readonly open = new OpenTasks();
  /** Timers canceled and not yet reported by an episode. */
  canceledTimers: { readonly id: number; readonly fireAt: number }[] = [];
  readonly #scope: TaskScope;
  readonly #maxActions: number;
  #pending: OrchestratorAction[] = [];
  #nextId = 0;
  #executionId = "";
  #aside: Set<number> | undefined;

  constructor(scope: TaskScope, maxActions: number) {
    this.#scope = scope;
    this.#maxActions = maxActions;
  }

  get executionId(): string {
    return this.#executionId;
  }

  set executionId(executionId: string) {
    this.#executionId = executionId;
  }

  /** The number the next action will get. */
  get nextId(): number {
    return this.#nextId;
  }

  /** Uses up the next number without an action: the completion takes one too (S-30). */
  takeId(): number {
    return this.#nextId++;
  }

  scheduleTask(name: string, input: JsonText | undefined, retryOf: number | undefined): Task<unknown> {
    const id = this.#newId();
    this.#pending.push({ type: "ScheduleTask", id, name, input, retryOf });
    const task = new Task<unknown>(this.#scope);
    this.open.add({ kind: "activity", id, claimed: false, task, name, input });
    return task;
  }

  /** Fires at `fireAt` or, between two milliseconds, at the later one. */
  createTimer(at: number, tag: { readonly retryOf?: number; readonly timeoutOf?: string } = {}): TimerTask {
    const fireAt = Math.ceil(at);
    const id = this.#newId();
    this.#pending.push({ type: "CreateTimer", id, fireAt, retryOf: tag.retryOf, timeoutOf: tag.timeoutOf });
    const task = new TimerTask(this.#scope, () => this.#cancelTimer(id));
    this.open.add({ kind: "timer", id, claimed: false, task, fireAt });
    return task;
  }

  createSubOrchestration(request: SubOrchestrationRequest): Task<unknown> {
    const id = this.#newId();
    const instanceId = request.instanceId ?? `${this.#executionId}:${id}`;
    const { name, input, version, retryOf } = request;
    this.#pending.push({
      type: "CreateSubOrchestration",
      id,
      instanceId,
      name,
      version,
      input,
      retryOf,
      fireAndForget: false,
    });
    const task = new Task<unknown>(this.#scope);
    this.open.add({ kind: "subOrchestration", id, claimed: false, task, name, instanceId });
    return task;
  }

  startOrchestration(
    request: Omit<SubOrchestrationRequest, "retryOf"> & { readonly instanceId: string },
  ): void {
    this.#pending.push({
      type: "CreateSubOrchestration",
      id: this.#newId(),
      ...request,
      retryOf: undefined,
      fireAndForget: true,
    });
  }

  sendEvent(instanceId: string, name: string, input: JsonText | undefined): void {
    this.#pending.push({ type: "SendEvent", id: this.#newId(), instanceId, name, input });
  }

  /** An action that belongs to no open task. */
  add<A extends EntityAction>(make: (id: number) => A): A {
    const action = make(this.#newId());
    this.#pending.push(action);
    return action;
  }

  /** Meets a scheduling event of the past with the action that the code has just asked for. @throws {NonDeterminismError} */
  match(event: SchedulingHistoryEvent): OrchestratorAction {
    const index = this.#pending.findIndex((action) => action.id === event.eventId);
    const action = this.#pending[index];
    if (action === undefined || !agrees(action, event)) throw disagreement(event, action, this.#pending[0]);
    this.#confirm(index, event);
    return action;
  }

  /** Takes the first pending action that agrees with the event, whatever its number (rewind). */
  matchAnyNumber(event: SchedulingHistoryEvent): OrchestratorAction {
    const index = this.#pending.findIndex((action) => this.#isFree(action) && agrees(action, event));
    const action = this.#pending[index];
    if (action === undefined) throw disagreement(event, undefined, this.#pending[0]);
    this.#confirm(index, event);
    return action;
  }

  /** Keeps the first pending action that agrees with the event from `matchAnyNumber`; answers its number (rewind). */
  setAside(event: SchedulingHistoryEvent): number | undefined {
    const action = this.#pending.find((each) => this.#isFree(each) && agrees(each, event));
    if (action) (this.#aside ??= new Set()).add(action.id);
    return action?.id;
  }

  /** The opposite of `setAside`. */
  putBack(id: number): void {
    this.#aside?.delete(id);
  }

  /** The actions that no history event has confirmed yet; they are then no longer pending. */
  take(): readonly OrchestratorAction[] {
    const actions = this.#pending;
    if (actions.length === 0) return NONE;
    this.#pending = [];
    return actions;
  }

  get pending(): readonly OrchestratorAction[] {
    return this.#pending;
  }

  #isFree(action: OrchestratorAction): boolean {
    return !this.#aside?.has(action.id);
  }

  #confirm(index: number, event: SchedulingHistoryEvent): void {
    const action = index === 0 ? this.#pending.shift() : this.#pending.splice(index, 1)[0];
    const task = action && this.open.get(action.id);
    if (task?.kind === "timer" && event.type === "TimerCreated") task.fireAt = event.fireAt;
    if (task?.kind === "subOrchestration" && event.type === "SubOrchestrationInstanceCreated") {
      this.open.renameChild(task, event.instanceId);
    }
  }

  #newId(): number {
    if (this.#nextId >= this.#maxActions) {
      throw new DurableError(
        "TOO_MANY_ACTIONS",
        `The orchestration asked for more than ${this.#maxActions} actions in one execution. ` +
          "Use continueAsNew, or raise maxOrchestrationActions.",
      );
    }
    return this.#nextId++;
  }

  #cancelTimer(id: number): void {
    const task = this.open.remove(id);
    if (task?.kind !== "timer") return;
    this.canceledTimers.push({ id, fireAt: task.fireAt });
    task.task.fail(new DurableError("TASK_CANCELED", "The timer was canceled."));
  }
}

function agrees(action: OrchestratorAction, event: SchedulingHistoryEvent): boolean {
  if (EVENT_OF_ACTION[action.type] !== event.type) return false;
  const asked = subjectOf(action);
  const recorded = subjectOf(event);
  return asked === recorded || ("name" in action && asked.toLowerCase() === recorded.toLowerCase());
}

/** What an action or event is about. */
function subjectOf(step: OrchestratorAction | SchedulingHistoryEvent): string {
  if ("name" in step) return step.name;
  if ("operation" in step) return `${step.instanceId} ${step.operation}`;
  if ("lockSet" in step) return step.lockSet.join(" ");
  return "criticalSectionId" in step ? step.instanceId : "";
}

function disagreement(
  event: SchedulingHistoryEvent,
  sameNumber: OrchestratorAction | undefined,
  next: OrchestratorAction | undefined,
): NonDeterminismError {
  const now = sameNumber ?? next;
  return new NonDeterminismError({
    eventId: event.eventId,
    history: describeEvent(event),
    code: now ? describeAction(now) : "nothing more at this point",
    likelyCause: likelyCause(event, now),
  });
}

function describeEvent(event: SchedulingHistoryEvent): string {
  switch (event.type) {
    case "TaskScheduled":
      return `TaskScheduled of activity '${event.name}'`;
    case "SubOrchestrationInstanceCreated":
      return `SubOrchestrationInstanceCreated of '${event.name}' (instance '${event.instanceId}')`;
    case "EventSent":
      return `EventSent of '${event.name}' to instance '${event.instanceId}'`;
    case "TimerCreated":
      return "TimerCreated";
    case "EntityOperationCalled":
    case "EntityOperationSignaled":
      return `${event.type} of '${event.operation}' of entity '${event.instanceId}'`;
    case "EntityLockRequested":
      return `EntityLockRequested of ${event.lockSet.map((id) => `'${id}'`).join(", ")}`;
    case "EntityUnlockSent":
      return `EntityUnlockSent to '${event.instanceId}'`;
  }
}

/** In words, for errors. */
export function describeAction(action: OrchestratorAction): string {
  switch (action.type) {
    case "ScheduleTask":
      return `ScheduleTask of activity '${action.name}' (action ${action.id})`;
    case "CreateSubOrchestration":
      return `CreateSubOrchestration of '${action.name}' (action ${action.id})`;
    case "SendEvent":
      return `SendEvent of '${action.name}' to instance '${action.instanceId}' (action ${action.id})`;
    case "CreateTimer":
      return `CreateTimer (action ${action.id})`;
    case "CallEntity":
    case "SignalEntity":
      return `${action.type} for '${action.operation}' of entity '${action.instanceId}' (action ${action.id})`;
    case "RequestEntityLock":
      return `RequestEntityLock of ${action.lockSet.map((id) => `'${id}'`).join(", ")} (action ${action.id})`;
    case "SendEntityUnlock":
      return `SendEntityUnlock to '${action.instanceId}' (action ${action.id})`;
  }
}

function likelyCause(event: SchedulingHistoryEvent, now: OrchestratorAction | undefined): string {
  if (now === undefined) {
    return "a step was removed from the code, or made to depend on something that is not durable, while this instance was running.";
  }
  if (EVENT_OF_ACTION[now.type] === event.type) {
    return "a step was renamed, or steps were put in another order, while this instance was running.";
  }
  return "a step was added or removed in the code while this instance was running, or the code branches on the clock, on chance or on outside state.";
}
