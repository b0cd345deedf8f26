import { fromJsonText } from "./data-converter.ts";
import { DurableError } from "./errors.ts";
import type { JsonText } from "./history-event.ts";

/** What a task tells its orchestration. */
export interface TaskScope {
  /** Someone awaits this open task as a promise. */
  awaited(task: Task<unknown>): void;
  /** A task that is awaited as a promise has settled: code runs when the microtasks do. */
  promiseSettled(task: Task<unknown>): void;
}

interface TaskListener {
  childSettled(child: Task<unknown>): void;
}

const TASK_BRAND: unique symbol = Symbol.for("perdure.task") as never;

/** True also for a task that comes from another copy of the package. */
export function isTask(value: unknown): value is Task<unknown> {
  return typeof value === "object" && value !== null && TASK_BRAND in value;
}

/**
 * A placeholder that history settles.
 *
 * An orchestrator can `yield` it, `yield*` it (typed), or, when it is an async function, `await` it.
 */
export class Task<T = unknown> implements PromiseLike<T> {
  readonly [TASK_BRAND] = true;
  readonly #scope: TaskScope;
  #state: "open" | "completed" | "failed" = "open";
  #text: JsonText | undefined;
  #value: unknown;
  #error: unknown;
  #listeners: TaskListener[] | undefined;
  #promise: Promise<T> | undefined;
  #settlePromise: (() => void) | undefined;

  constructor(scope: TaskScope) {
    this.#scope = scope;
  }

  /** It has settled, well or badly. */
  get isCompleted(): boolean {
    return this.#state !== "open";
  }

  get isFaulted(): boolean {
    return this.#state === "failed";
  }

  /** The value; `undefined` while the task is open or when it failed. */
  get result(): T | undefined {
    return this.#state === "completed" ? (this.#read() as T) : undefined;
  }

  /** Why it failed, when it failed. */
  get error(): unknown {
    return this.#error;
  }

  /** The value of a completed task. Throws the error of a failed one. */
  value(): T {
    if (this.#state === "failed") throw this.#error;
    return this.#read() as T;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- a task is awaitable, that is its point
  then<A = T, B = never>(
    onCompleted?: ((value: T) => A | PromiseLike<A>) | null,
    onFailed?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.#asPromise().then(onCompleted, onFailed);
  }

  *[Symbol.iterator](): Generator<Task<T>, T, T> {
    return yield this;
  }

  /** For the engine: settles with stored text, which is parsed when someone looks. */
  completeWithText(text: JsonText | undefined): void {
    this.#text = text;
    this.#settle("completed");
  }

  /** For the engine. */
  complete(value: unknown): void {
    this.#value = value;
    this.#settle("completed");
  }

  /** For the engine. */
  fail(error: unknown): void {
    this.#error = error;
    this.#settle("failed");
  }

  /** For compound tasks. */
  listen(listener: TaskListener): void {
    if (this.#state !== "open") listener.childSettled(this);
    else if (this.#listeners) this.#listeners.push(listener);
    else this.#listeners = [listener];
  }

  #read(): unknown {
    if (this.#text !== undefined) {
      this.#value = fromJsonText(this.#text);
      this.#text = undefined;
    }
    return this.#value;
  }

  #settle(state: "completed" | "failed"): void {
    if (this.#state !== "open") return;
    this.#state = state;
    const listeners = this.#listeners;
    this.#listeners = undefined;
    if (listeners) for (const listener of listeners) listener.childSettled(this);
    if (this.#settlePromise) {
      this.#settlePromise();
      this.#scope.promiseSettled(this);
    }
  }

  #asPromise(): Promise<T> {
    if (this.#promise) return this.#promise;
    // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a task fails with whatever was thrown
    if (this.#state === "failed") this.#promise = Promise.reject(this.#error);
    else if (this.#state === "completed") this.#promise = Promise.resolve(this.#read() as T);
    else {
      this.#promise = new Promise((resolve, reject) => {
        this.#settlePromise = () => {
          // oxlint-disable-next-line typescript/prefer-promise-reject-errors -- a task fails with whatever was thrown
          if (this.#state === "failed") reject(this.#error);
          else resolve(this.#read() as T);
        };
      });
      this.#scope.awaited(this);
    }
    return this.#promise;
  }
}

/** A durable timer. */
export class TimerTask extends Task<void> {
  readonly #onCancel: () => void;
  #canceled = false;

  constructor(scope: TaskScope, onCancel: () => void) {
    super(scope);
    this.#onCancel = onCancel;
  }

  get isCanceled(): boolean {
    return this.#canceled;
  }

  /** Takes the timer out of what the orchestration waits for (S-92). A timer that has fired stays fired. */
  cancel(): void {
    if (this.#canceled || this.isCompleted) return;
    this.#canceled = true;
    this.#onCancel();
  }
}

export interface EventTaskOptions {
  readonly cancel: () => void;
  /** Makes the value out of what arrived; what it throws, the wait fails with. */
  readonly decode?: ((value: unknown) => unknown) | undefined;
}

/** A wait for an external event. A canceled wait never takes an event. */
export class EventTask<T = unknown> extends Task<T> {
  readonly #options: EventTaskOptions;

  constructor(scope: TaskScope, options: EventTaskOptions) {
    super(scope);
    this.#options = options;
  }

  cancel(): void {
    if (!this.isCompleted) this.#options.cancel();
  }

  override completeWithText(text: JsonText | undefined): void {
    const { decode } = this.#options;
    if (decode === undefined) return super.completeWithText(text);
    try {
      this.complete(decode(fromJsonText(text)));
    } catch (error) {
      this.fail(error);
    }
  }
}

/** What stands where a task should, in words. */
export function kindOf(value: unknown): string {
  if (value === null) return "null";
  return Array.isArray(value) ? "an array" : `a value of type ${typeof value}`;
}

/** @throws {DurableError} NOT_A_TASK */
function requireTasks(children: readonly unknown[]): void {
  const wrong = children.findIndex((child) => !isTask(child));
  if (wrong < 0) return;
  throw new DurableError(
    "NOT_A_TASK",
    `Item ${wrong} of a list of tasks is ${kindOf(children[wrong])}. Only durable tasks can be waited for.`,
  );
}

/** Completes with all results in order, or fails with the first failure (S-196). An empty list completes at once. */
export class AllTask<T> extends Task<T[]> implements TaskListener {
  readonly #children: readonly Task<T>[];
  #open: number;

  constructor(scope: TaskScope, children: readonly Task<T>[]) {
    super(scope);
    requireTasks(children);
    this.#children = [...children];
    this.#open = children.length;
    if (this.#open === 0) this.complete([]);
    for (const child of this.#children) child.listen(this);
  }

  childSettled(child: Task<unknown>): void {
    this.#open -= 1;
    if (this.isCompleted) return;
    if (child.isFaulted) this.fail(child.error);
    else if (this.#open === 0) this.complete(this.#children.map((task) => task.value()));
  }
}

/** Completes with the first child that settled, well or badly (S-196). */
export class AnyTask<T extends Task<unknown>> extends Task<T> implements TaskListener {
  constructor(scope: TaskScope, children: readonly T[]) {
    super(scope);
    if (children.length === 0) {
      throw new DurableError(
        "INVALID_ARGUMENT",
        "Task.any needs at least one task: an empty race never ends.",
      );
    }
    requireTasks(children);
    for (const child of children) child.listen(this);
  }

  childSettled(child: Task<unknown>): void {
    this.complete(child);
  }
}
