import { DurableError, NonDeterminismError } from "./errors.ts";
import type {
  EventSent,
  JsonText,
  SubOrchestrationInstanceCreated,
  TaskScheduled,
  TimerCreated,
} from "./history-event.ts";
import { OpenTasks } from "./open-tasks.ts";
import type { OrchestratorAction } from "./orchestrator-action.ts";
import { Task, type TaskScope, TimerTask } from "./task.ts";

export type SchedulingHistoryEvent =
  | TaskScheduled
  | TimerCreated
  | SubOrchestrationInstanceCreated
  | EventSent;

const EVENT_OF_ACTION = {
  ScheduleTask: "TaskScheduled",
  CreateTimer: "TimerCreated",
  CreateSubOrchestration: "SubOrchestrationInstanceCreated",
  SendEvent: "EventSent",
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

  /** Meets a scheduling event of the past with the action that the code has just asked for. @throws {NonDeterminismError} */
  match(event: SchedulingHistoryEvent): void {
    const index = this.#pending.findIndex((action) => action.id === event.eventId);
    const action = this.#pending[index];
    if (action === undefined || !agrees(action, event)) throw disagreement(event, action, this.#pending[0]);
    this.#confirm(index, event);
  }

  /** Takes the first pending action that agrees with the event, whatever its number; answers that number (rewind). */
  matchAnyNumber(event: SchedulingHistoryEvent): number {
    const index = this.#pending.findIndex((action) => this.#isFree(action) && agrees(action, event));
    const action = this.#pending[index];
    if (action === undefined) throw disagreement(event, undefined, this.#pending[0]);
    this.#confirm(index, event);
    return action.id;
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
  const actionName = "name" in action ? action.name : "";
  const eventName = "name" in event ? event.name : "";
  return actionName === eventName || actionName.toLowerCase() === eventName.toLowerCase();
}

function disagreement(
  event: SchedulingHistoryEvent,
  sameNumber: OrchestratorAction | undefined,
  next: OrchestratorAction | undefined,
): NonDeterminismError {
  const now = sameNumber ?? next;
  const code = now
    ? `the code now asks for ${describeAction(now)}`
    : "the code now asks for nothing more at this point";
  return new NonDeterminismError(
    `event ${event.eventId} of the history is ${describeEvent(event)}, but ${code}. ${likelyCause(event, now)}`,
  );
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
  }
}

function likelyCause(event: SchedulingHistoryEvent, now: OrchestratorAction | undefined): string {
  if (now === undefined) {
    return "Likely cause: a step was removed from the code, or made to depend on something that is not durable, while this instance was running.";
  }
  if (EVENT_OF_ACTION[now.type] === event.type) {
    return "Likely cause: a step was renamed, or steps were put in another order, while this instance was running.";
  }
  return "Likely cause: a step was added or removed in the code while this instance was running, or the code branches on the clock, on chance or on outside state.";
}
