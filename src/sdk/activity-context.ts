import type { ActivityInvocation } from "../engine/registry.ts";
import { FunctionLog } from "./function-log.ts";

/** What an activity gets beside its input. */
export class ActivityContext extends FunctionLog {
  readonly #invocation: ActivityInvocation;

  constructor(invocation: ActivityInvocation) {
    super();
    this.#invocation = invocation;
  }

  get functionName(): string {
    return this.#invocation.name;
  }

  /** The orchestration this activity works for. */
  get instanceId(): string {
    return this.#invocation.instanceId;
  }

  /** The number of the task within the execution of the orchestration. */
  get taskId(): number {
    return this.#invocation.taskId;
  }

  /** The same when this very call runs again after a crash, and no other call's: a key for idempotent work. */
  get invocationId(): string {
    return `${this.#invocation.executionId}:${this.#invocation.taskId}`;
  }

  /** Aborted when the activity's time is up, its orchestration has ended without it, or the host stops. */
  get signal(): AbortSignal {
    return this.#invocation.signal;
  }
}
