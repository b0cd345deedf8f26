import type { JsonText, MessageEvent } from "./history-event.ts";
import type { Task, TimerTask } from "./task.ts";

interface OpenBase {
  readonly id: number;
  /** Its result has arrived; a second one is a duplicate (S-33). */
  claimed: boolean;
}

export interface OpenActivity extends OpenBase {
  readonly kind: "activity";
  readonly task: Task<unknown>;
  readonly name: string;
  readonly input: JsonText | undefined;
}

export interface OpenSubOrchestration extends OpenBase {
  readonly kind: "subOrchestration";
  readonly task: Task<unknown>;
  readonly name: string;
  instanceId: string;
}

export interface OpenTimer extends OpenBase {
  readonly kind: "timer";
  readonly task: TimerTask;
  fireAt: number;
}

export type OpenTask = OpenActivity | OpenSubOrchestration | OpenTimer;

/** The tasks an orchestration has asked for and has no result of. While there is one, it is not finished (S-17). */
export class OpenTasks {
  readonly #tasks = new Map<number, OpenTask>();
  #children: Map<string, OpenSubOrchestration> | undefined;
  #activities = 0;

  get size(): number {
    return this.#tasks.size;
  }

  /** How many activities are under way or about to be. */
  get activityCount(): number {
    return this.#activities;
  }

  add(task: OpenTask): void {
    this.#tasks.set(task.id, task);
    if (task.kind === "activity") this.#activities += 1;
    if (task.kind === "subOrchestration") this.#addChild(task);
  }

  get(id: number): OpenTask | undefined {
    return this.#tasks.get(id);
  }

  /** The child of that number; of another number, the latest with that id. */
  childOf(instanceId: string, id?: number): OpenSubOrchestration | undefined {
    const exact = id === undefined ? undefined : this.#tasks.get(id);
    if (exact?.kind === "subOrchestration" && exact.instanceId === instanceId) return exact;
    return this.#children?.get(instanceId);
  }

  /** History knows better than the code which child this is. */
  renameChild(task: OpenSubOrchestration, instanceId: string): void {
    this.#removeChild(task);
    task.instanceId = instanceId;
    this.#addChild(task);
  }

  remove(id: number): OpenTask | undefined {
    const task = this.#tasks.get(id);
    if (task === undefined) return undefined;
    this.#tasks.delete(id);
    if (task.kind === "activity") this.#activities -= 1;
    if (task.kind === "subOrchestration") this.#removeChild(task);
    return task;
  }

  values(): IterableIterator<OpenTask> {
    return this.#tasks.values();
  }

  /** The open task this result is for, marked as served; `undefined` for a duplicate or a result nobody asked for. */
  claim(event: MessageEvent): OpenTask | undefined {
    const task = this.#target(event);
    if (task === undefined || task.claimed) return undefined;
    task.claimed = true;
    return task;
  }

  #addChild(task: OpenSubOrchestration): void {
    this.#children ??= new Map();
    this.#children.set(task.instanceId, task);
  }

  #removeChild(task: OpenSubOrchestration): void {
    if (this.#children?.get(task.instanceId) === task) this.#children.delete(task.instanceId);
  }

  #target(event: MessageEvent): OpenTask | undefined {
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

  #ofKind(id: number, kind: OpenTask["kind"]): OpenTask | undefined {
    const task = this.#tasks.get(id);
    return task?.kind === kind ? task : undefined;
  }
}
