import type { Timer } from "../storage/index.ts";
import type { Clock } from "./clock.ts";

/**
 * Timers due soon, in memory; the rest lies in the store.
 *
 * 1. Every timer of the partition due up to `horizon` is here, unless it was canceled or has been handed out.
 * 2. A timer is handed out at or after its time, never before (S-91).
 */
export class TimerQueue {
  readonly #clock: Clock;
  readonly #due: (timer: Timer) => void;
  readonly #heap: Timer[] = [];
  readonly #canceled = new Set<string>();
  readonly #known = new Set<string>();
  #horizon = Number.NEGATIVE_INFINITY;
  #wakeAt = Number.POSITIVE_INFINITY;
  #cancelWake: (() => void) | undefined;

  constructor(clock: Clock, due: (timer: Timer) => void) {
    this.#clock = clock;
    this.#due = due;
  }

  get size(): number {
    return this.#heap.length;
  }

  /** Timers due after this are not held here. */
  get horizon(): number {
    return this.#horizon;
  }

  set horizon(time: number) {
    this.#horizon = time;
  }

  /** Takes a timer that is due within the horizon; others are left to the store. */
  add(timer: Timer): void {
    if (timer.dueAt > this.#horizon) return;
    const key = keyOf(timer.run, timer.id);
    if (this.#known.has(key)) return;
    this.#known.add(key);
    push(this.#heap, timer);
    this.#arm();
  }

  cancel(run: number, id: number): void {
    const key = keyOf(run, id);
    if (this.#known.has(key)) this.#canceled.add(key);
  }

  stop(): void {
    this.#cancelWake?.();
    this.#cancelWake = undefined;
    this.#heap.length = 0;
    this.#horizon = Number.NEGATIVE_INFINITY;
  }

  #arm(): void {
    const next = this.#heap[0];
    if (next === undefined || next.dueAt >= this.#wakeAt) return;
    this.#cancelWake?.();
    this.#wakeAt = next.dueAt;
    this.#cancelWake = this.#clock.after(next.dueAt - this.#clock.now(), () => this.#fire());
  }

  #fire(): void {
    this.#wakeAt = Number.POSITIVE_INFINITY;
    this.#cancelWake = undefined;
    const now = this.#clock.now();
    for (let next = this.#heap[0]; next !== undefined && next.dueAt <= now; next = this.#heap[0]) {
      pop(this.#heap);
      const key = keyOf(next.run, next.id);
      this.#known.delete(key);
      if (!this.#canceled.delete(key)) this.#due(next);
    }
    this.#arm();
  }
}

const keyOf = (run: number, id: number): string => `${run}:${id}`;

function push(heap: Timer[], timer: Timer): void {
  let index = heap.length;
  heap.push(timer);
  while (index > 0) {
    const parent = (index - 1) >>> 1;
    const above = heap[parent] as Timer;
    if (above.dueAt <= timer.dueAt) break;
    heap[index] = above;
    index = parent;
  }
  heap[index] = timer;
}

function pop(heap: Timer[]): void {
  const last = heap.pop();
  if (last === undefined || heap.length === 0) return;
  let index = 0;
  for (;;) {
    let child = index * 2 + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as Timer).dueAt < (heap[child] as Timer).dueAt)
      child += 1;
    const below = heap[child] as Timer;
    if (below.dueAt >= last.dueAt) break;
    heap[index] = below;
    index = child;
  }
  heap[index] = last;
}
