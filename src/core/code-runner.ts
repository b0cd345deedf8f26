import {
  asyncGenerator,
  notATask,
  outsideEpisode,
  returnedPromise,
  strayAwait,
} from "./programming-errors.ts";
import { isTask, type Task } from "./task.ts";

/** Whose code it is, and what follows when it ends. */
export interface CodeOwner {
  /** The name of the orchestrator, for errors. */
  readonly name: string;
  /** Nothing the code does counts any more, since it has ended or was ended. */
  readonly isOver: boolean;
  returned(value: unknown): void;
  threw(error: unknown): void;
  /** It did what no orchestrator may do. */
  misbehaved(error: unknown): void;
}

export interface CodeRunnerOptions {
  /** Waits until every microtask that is due has run. Only async orchestrators need it. */
  readonly settle: () => Promise<void>;
  /** Code that is not durable went on outside an episode: one more (empty) episode will report it. */
  readonly onStray: () => void;
}

/**
 * Runs an orchestrator's code, stretch by stretch: from where it blocks on a task to where it blocks on the next.
 *
 * It owns the generator, or the promise of an async function. It does not know of events and histories.
 *
 * 1. A generator runs synchronously, to its next open task.
 * 2. An async function has run as far as it can when `drain` resolves; what goes on after that is a stray.
 */
export class CodeRunner {
  readonly #owner: CodeOwner;
  readonly #options: CodeRunnerOptions;
  #generator: Iterator<unknown, unknown, unknown> | undefined;
  #awaited: Task<unknown> | undefined;
  #isAsync = false;
  #awaitedPromises = 0;
  #needsDrain = false;
  #isActive = false;
  #stray = false;
  #lastCall: Error | undefined;

  constructor(owner: CodeOwner, options: CodeRunnerOptions) {
    this.#owner = owner;
    this.#options = options;
  }

  /** There is code of an async function that has not had its turn. */
  get needsDrain(): boolean {
    return this.#needsDrain;
  }

  /** From now on the code may run, until `leave`. */
  activate(): void {
    this.#isActive = true;
  }

  leave(): void {
    this.#isActive = false;
  }

  /** The code calls something durable. @throws {DurableError} CONTEXT_OUTSIDE_EPISODE */
  enter(): void {
    if (!this.#isActive) {
      if (this.#isAsync) this.#noteStray();
      throw outsideEpisode(this.#owner.name);
    }
    if (this.#generator === undefined) this.#lastCall = new Error("durable call");
  }

  /** The code awaits a task as a promise. */
  awaited(): void {
    this.#awaitedPromises += 1;
  }

  promiseSettled(): void {
    this.#awaitedPromises -= 1;
    this.#needsDrain = true;
  }

  begin(handler: () => unknown): void {
    try {
      const returned = handler();
      if (isAsyncIterator(returned)) throw asyncGenerator(this.#owner.name);
      if (isIterator(returned)) {
        this.#generator = returned;
        this.#step(() => returned.next());
      } else if (isPromise(returned)) this.#follow(returned);
      else this.#owner.returned(returned);
    } catch (error) {
      this.#owner.threw(error);
    }
  }

  /** Goes on when the task a generator waits for has settled. */
  resume(): void {
    const task = this.#awaited;
    const generator = this.#generator;
    if (task === undefined || generator === undefined || !task.isCompleted) return;
    this.#awaited = undefined;
    this.#step(() => proceed(generator, task));
  }

  async drain(): Promise<void> {
    while (this.#needsDrain) {
      this.#needsDrain = false;
      await this.#options.settle();
    }
    if (this.#isAsync && !this.#owner.isOver && this.#awaitedPromises <= 0) this.#reportStray();
  }

  /** What went on outside an episode is told in the next. */
  reportStray(): void {
    if (this.#stray) this.#reportStray();
  }

  #reportStray(): void {
    this.#owner.misbehaved(strayAwait(this.#owner.name, this.#lastCall));
  }

  #step(advance: () => IteratorResult<unknown, unknown>): void {
    const generator = this.#generator;
    if (generator === undefined) return;
    try {
      let next = advance();
      while (!next.done) {
        const yielded = next.value;
        if (!isTask(yielded)) throw notATask(this.#owner.name, dropped(yielded));
        if (!yielded.isCompleted) {
          this.#awaited = yielded;
          return;
        }
        next = proceed(generator, yielded);
      }
      this.#returnFromGenerator(next.value);
    } catch (error) {
      this.#owner.threw(error);
    }
  }

  /** A task that is returned is waited for; any other promise cannot be. */
  #returnFromGenerator(value: unknown): void {
    if (isTask(value)) {
      const waiting = returning(value);
      this.#generator = waiting;
      return this.#step(() => waiting.next());
    }
    if (isPromise(dropped(value))) throw returnedPromise(this.#owner.name);
    this.#owner.returned(value);
  }

  #follow(promise: PromiseLike<unknown>): void {
    this.#isAsync = true;
    this.#needsDrain = true;
    promise.then(
      (value) => this.#whenActive(() => this.#owner.returned(value)),
      (error: unknown) => this.#whenActive(() => this.#owner.threw(error)),
    );
  }

  #whenActive(act: () => void): void {
    if (this.#isActive) return act();
    this.#noteStray();
  }

  /** An async function that goes on outside an episode has awaited something that is not durable. */
  #noteStray(): void {
    if (this.#owner.isOver || this.#stray) return;
    this.#stray = true;
    this.#options.onStray();
  }
}

/** Waits for a task, and returns what it comes to. */
function* returning(task: Task<unknown>): Generator<Task<unknown>, unknown, unknown> {
  return yield task;
}

function proceed(
  generator: Iterator<unknown, unknown, unknown>,
  task: Task<unknown>,
): IteratorResult<unknown, unknown> {
  if (!task.isFaulted) return generator.next(task.result);
  if (generator.throw === undefined) throw task.error;
  return generator.throw(task.error);
}

/** What a promise comes to that nobody can wait for is of no use, and must not end the process. */
function dropped(value: unknown): unknown {
  if (isPromise(value)) value.then(undefined, () => undefined);
  return value;
}

function isIterator(value: unknown): value is Iterator<unknown, unknown, unknown> {
  return typeof value === "object" && value !== null && "next" in value && typeof value.next === "function";
}

function isAsyncIterator(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
