import type { Clock } from "../engine/clock.ts";
import { onNextTurn, turn } from "./real-time.ts";

interface Alarm {
  readonly dueAt: number;
  readonly callback: () => void;
}

export interface VirtualClockOptions {
  /** Milliseconds since 1970, UTC. Default: the beginning of 2030. */
  readonly startAt?: number;
  /** Resolves when everything that needs no time has happened. Default: after some turns of the event loop. */
  readonly settle?: () => Promise<void>;
}

/** Macrotasks in which everything that needs no time comes to rest; with the memory provider a handful is enough. */
const TURNS_TO_SETTLE = 50;

/** A clock that stands still until a test moves it. */
export class VirtualClock implements Clock {
  /** Lets everything that needs no time happen. */
  readonly settle: () => Promise<void>;
  #now: number;
  readonly #alarms = new Set<Alarm>();

  constructor({ startAt = Date.UTC(2030, 0, 1), settle = someTurns }: VirtualClockOptions = {}) {
    this.#now = startAt;
    this.settle = settle;
  }

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
    onNextTurn(callback);
  }

  /** Moves time, from alarm to alarm, and lets everything come to rest at each. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms;
    await this.settle();
    while (await this.jump(until));
    this.#now = until;
  }

  /** Moves time to the next alarm and lets everything come to rest. False when none is due by then. */
  async jump(until: number): Promise<boolean> {
    const next = this.#next(until);
    if (next === undefined) return false;
    this.#alarms.delete(next);
    this.#now = Math.max(this.#now, next.dueAt);
    next.callback();
    await this.settle();
    return true;
  }

  #next(until: number): Alarm | undefined {
    let next: Alarm | undefined;
    for (const alarm of this.#alarms) {
      if (alarm.dueAt <= until && (next === undefined || alarm.dueAt < next.dueAt)) next = alarm;
    }
    return next;
  }
}

async function someTurns(): Promise<void> {
  for (let count = 0; count < TURNS_TO_SETTLE; count++) await turn();
}
