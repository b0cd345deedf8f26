import { TaskFailedError } from "./errors.ts";
import { nextRetryDelay, type RetryPolicy } from "./retry-policy.ts";
import { Task, type TaskScope, type TimerTask } from "./task.ts";

export interface RetryPort extends TaskScope {
  readonly currentTime: number;
  /** Starts one more attempt. `retryOf` is the number of the first one, from the second attempt on. */
  attempt(retryOf: number | undefined): { readonly id: number; readonly task: Task<unknown> };
  wait(delayMs: number, retryOf: number): TimerTask;
}

/** A call that is tried again after a failure, with durable timers between the attempts (S-102 to S-104). */
export class RetryingTask<T> extends Task<T> {
  readonly #port: RetryPort;
  readonly #policy: RetryPolicy;
  readonly #firstAttemptAt: number;
  #attempt = 0;
  #firstId: number | undefined;

  constructor(port: RetryPort, policy: RetryPolicy) {
    super(port);
    this.#port = port;
    this.#policy = policy;
    this.#firstAttemptAt = port.currentTime;
    this.#try();
  }

  childSettled(child: Task<unknown>): void {
    if (!child.isFaulted) return this.complete(child.value());
    this.#failIfThrows(() => {
      const delayMs = this.#delayAfter(child.error);
      if (delayMs === undefined || this.#firstId === undefined) return this.fail(child.error);
      const wait = this.#port.wait(delayMs, this.#firstId);
      wait.listen({ childSettled: () => this.#failIfThrows(() => this.#try()) });
    });
  }

  /** The predicate is the caller's and may throw; so may an attempt or a wait that is one action too many. */
  #failIfThrows(act: () => void): void {
    try {
      act();
    } catch (error) {
      this.fail(error);
    }
  }

  #try(): void {
    this.#attempt += 1;
    const { id, task } = this.#port.attempt(this.#firstId);
    this.#firstId ??= id;
    task.listen(this);
  }

  #delayAfter(error: unknown): number | undefined {
    if (!(error instanceof TaskFailedError)) return undefined;
    return nextRetryDelay(this.#policy, {
      attempt: this.#attempt,
      failure: error.failure,
      firstAttemptAt: this.#firstAttemptAt,
      now: this.#port.currentTime,
    });
  }
}
