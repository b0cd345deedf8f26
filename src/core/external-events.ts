import type { EventRaised } from "./history-event.ts";
import type { EventTask } from "./task.ts";

/**
 * Buffers raised events and hands them to waits.
 *
 * 1. Names match without regard to case (S-60).
 * 2. An event without a wait is kept, first in first out, until a wait comes or the execution ends (S-61).
 * 3. Of several waits for one name the latest gets the next event (S-62).
 */
export class ExternalEvents {
  readonly #waits = new Map<string, EventTask<unknown>[]>();
  #buffered: EventRaised[] = [];

  /** The event that already lies there for this wait, if there is one; else the wait is registered. */
  wait(name: string, task: EventTask<unknown>): void {
    const key = name.toLowerCase();
    const index = this.#buffered.findIndex((event) => event.name.toLowerCase() === key);
    const event = index < 0 ? undefined : this.#buffered.splice(index, 1)[0];
    if (event) return task.completeWithText(event.input);
    const waits = this.#waits.get(key);
    if (waits) waits.push(task);
    else this.#waits.set(key, [task]);
  }

  raise(event: EventRaised): void {
    const key = event.name.toLowerCase();
    const waits = this.#waits.get(key);
    const task = waits?.pop();
    if (waits?.length === 0) this.#waits.delete(key);
    if (task) task.completeWithText(event.input);
    else this.#buffered.push(event);
  }

  cancel(name: string, task: EventTask<unknown>): void {
    const key = name.toLowerCase();
    const waits = this.#waits.get(key)?.filter((waiting) => waiting !== task);
    if (waits === undefined) return;
    if (waits.length === 0) this.#waits.delete(key);
    else this.#waits.set(key, waits);
  }

  /** What nobody has waited for, in order of arrival. */
  get unprocessed(): readonly EventRaised[] {
    return this.#buffered;
  }

  /** Names somebody waits for, in lower case. */
  get awaitedNames(): readonly string[] {
    return [...this.#waits.keys()];
  }

  get isWaiting(): boolean {
    return this.#waits.size > 0;
  }
}
