import { DurableError } from "./errors.ts";
import { type EventTask, Task, type TaskScope, type TimerTask } from "./task.ts";

/** A wait for an external event that a durable timer limits (S-65). A late event is kept for the next wait. */
export class LimitedEventWait<T> extends Task<T> {
  readonly #event: EventTask<T>;
  readonly #timer: TimerTask;
  readonly #onTimeout: () => T;

  constructor(scope: TaskScope, event: EventTask<T>, timer: TimerTask, onTimeout: () => T) {
    super(scope);
    this.#event = event;
    this.#timer = timer;
    this.#onTimeout = onTimeout;
    event.listen({ childSettled: () => this.#eventCame() });
    timer.listen({ childSettled: () => this.#timeIsUp() });
  }

  #eventCame(): void {
    if (this.isCompleted) return;
    if (this.#event.isFaulted) this.fail(this.#event.error);
    else this.complete(this.#event.value());
    this.#timer.cancel();
  }

  #timeIsUp(): void {
    if (this.isCompleted) return;
    try {
      this.complete(this.#onTimeout());
    } catch (error) {
      this.fail(error);
    }
    this.#event.cancel();
  }
}

export function eventTimeout(name: string, timeoutMs: number): DurableError {
  return new DurableError("EVENT_TIMEOUT", `External event '${name}' did not arrive within ${timeoutMs} ms.`);
}
