import type { JsonText, MessageEvent } from "./history-event.ts";
import type { Task, TimerTask } from "./task.ts";
import type { TraceContext } from "./trace-context.ts";

interface TrackedBase {
  readonly id: number;
  /** Its result has arrived; a second one is a duplicate (S-33). */
  claimed: boolean;
}

export interface TrackedActivity extends TrackedBase {
  readonly kind: "activity";
  readonly name: string;
  readonly input: JsonText | undefined;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
}

export interface TrackedSubOrchestration extends TrackedBase {
  readonly kind: "subOrchestration";
  readonly name: string;
  instanceId: string;
}

export interface TrackedTimer extends TrackedBase {
  readonly kind: "timer";
  fireAt: number;
}

/** What has been asked for, whether or not the code that asked is in this process. */
export type TrackedTask = TrackedActivity | TrackedSubOrchestration | TrackedTimer;

/** The same with what the code holds in its hands. */
export type OpenTask =
  | (TrackedActivity & { readonly task: Task<unknown> })
  | OpenSubOrchestration
  | (TrackedTimer & { readonly task: TimerTask });

export type OpenSubOrchestration = TrackedSubOrchestration & { readonly task: Task<unknown> };

type ChildOf<T extends TrackedTask> = Extract<T, { readonly kind: "subOrchestration" }>;

/** The tasks an orchestration has asked for and has no result of. While there is one, it is not finished (S-17). */
export class OpenTasks<T extends TrackedTask = OpenTask> {
  readonly #tasks = new Map<number, T>();
  #children: Map<string, ChildOf<T>> | undefined;
  #activities = 0;

  get size(): number {
    return this.#tasks.size;
  }

  /** How many activities are under way or about to be. */
  get activityCount(): number {
    return this.#activities;
  }

  add(task: T): void {
    this.#tasks.set(task.id, task);
    if (task.kind === "activity") this.#activities += 1;
    if (isChild(task)) this.#addChild(task);
  }

  get(id: number): T | undefined {
    return this.#tasks.get(id);
  }

  /** The child of that number; of another number, the latest with that id. */
  childOf(instanceId: string, id?: number): ChildOf<T> | undefined {
    const exact = id === undefined ? undefined : this.#tasks.get(id);
    if (exact && isChild(exact) && exact.instanceId === instanceId) return exact;
    return this.#children?.get(instanceId);
  }

  /** History knows better than the code which child this is. */
  renameChild(task: ChildOf<T>, instanceId: string): void {
    this.#removeChild(task);
    task.instanceId = instanceId;
    this.#addChild(task);
  }

  remove(id: number): T | undefined {
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    this.#tasks.delete(id);
    if (task.kind === "activity") this.#activities -= 1;
    if (isChild(task)) this.#removeChild(task);
    return task;
  }

  values(): IterableIterator<T> {
    return this.#tasks.values();
  }

  /** The open task this result is for, marked as served; `undefined` for a duplicate or a result nobody asked for. */
  claim(event: MessageEvent): T | undefined {
    const task = this.#target(event);
    if (task === undefined || task.claimed) return undefined;
    task.claimed = true;
    return task;
  }

  #addChild(task: ChildOf<T>): void {
    this.#children ??= new Map();
    this.#children.set(task.instanceId, task);
  }

  #removeChild(task: ChildOf<T>): void {
    if (this.#children?.get(task.instanceId) === task) this.#children.delete(task.instanceId);
  }

  #target(event: MessageEvent): T | undefined {
    switch (event.type) {
      case "TaskCompleted":
      case "TaskFailed":
        return this.#ofKind(event.taskScheduledId, "activity");
      case "TimerFired":
        return this.#ofKind(event.timerId, "timer");
      case "SubOrchestrationInstanceCompleted":
      case "SubOrchestrationInstanceFailed":
        return this.childOf(event.instanceId, event.taskScheduledId);
      case "EventRaised":
      case "ExecutionTerminated":
      case "ExecutionSuspended":
      case "ExecutionResumed":
      case "ExecutionRewound":
      case "EntityOperationCompleted":
      case "EntityOperationFailed":
      case "EntityLockGranted":
        return undefined;
    }
  }

  #ofKind(id: number, kind: T["kind"]): T | undefined {
    const task = this.#tasks.get(id);
    return task?.kind === kind ? task : undefined;
  }
}

function isChild<T extends TrackedTask>(task: T): task is ChildOf<T> {
  return task.kind === "subOrchestration";
}
