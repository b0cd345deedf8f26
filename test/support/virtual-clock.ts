import type { Clock } from "../../src/engine/clock.ts";

interface Alarm {
  readonly dueAt: number;
  readonly callback: () => void;
}

/** Macrotasks in which everything that needs no time comes to rest; with the memory provider a handful is enough. */
const TURNS_TO_SETTLE = 50;

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  #now = Date.UTC(2030, 0, 1);
  readonly #alarms = new Set<Alarm>();

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const alarm = { dueAt: this.#now + Math.ceil(Math.max(delayMs, 0)), callback };
    this.#alarms.add(alarm);
    return () => {
      this.#alarms.delete(alarm);
    };
  }

  soon(callback: () => void): void {
    setImmediate(callback);
  }

  /** Moves time, from alarm to alarm, and lets everything come to rest at each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    for (let next = this.#next(until); next; next = this.#next(until)) {
      this.#alarms.delete(next);
      this.#now = Math.max(this.#now, next.dueAt);
      next.callback();
      await this.settle();
    }
    this.#now = until;
  }

  /** Lets everything that needs no time happen. */
  async settle(): Promise<void> {
    for (let turn = 0; turn < TURNS_TO_SETTLE; turn++) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    }
  }

  #next(until: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.dueAt <= until && (next === undefined || alarm.dueAt < next.dueAt)) next = alarm;
    }
    return next;
  }
}
