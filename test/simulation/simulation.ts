import type { Clock } from "../../src/engine/clock.ts";
import type { Random } from "./seeded-random.ts";

interface Step {
  readonly process: Process;
  readonly label: string;
  readonly readyAt: number;
  readonly run: () => void;
}

/** One process of the simulated world. Once it is dead, nothing it waited for ever comes back. */
export class Process {
  readonly name: string;
  /** How far its clock is ahead of the world's, in milliseconds. */
  readonly skewMs: number;
  isAlive = true;
  pausedUntil = 0;
  readonly #dead: Promise<never>;
  #die: (reason: Error) => void = () => undefined;

  constructor(name: string, skewMs = 0) {
    this.name = name;
    this.skewMs = skewMs;
    this.#dead = new Promise((_, reject) => {
      this.#die = reject;
    });
    this.#dead.catch(() => undefined);
  }

  /** The same answer, unless the process dies first. */
  unlessDead<T>(answer: Promise<T>): Promise<T> {
    return Promise.race([answer, this.#dead]);
  }

  end(): void {
    this.isAlive = false;
    this.#die(new ProcessDied(this.name));
  }
}

export class ProcessDied extends Error {
  override readonly name = "ProcessDied";

  constructor(process: string) {
    super(`${process} died`);
  }
}

/** A run that does not come to an end. */
export class Stuck extends Error {
  override readonly name = "Stuck";
}

export interface Limits {
  readonly steps: number;
  /** How far the world's clock may go, in milliseconds. */
  readonly timeMs: number;
}

/**
 * Runs many processes one step at a time.
 *
 * It owns the order of everything: each wait inside the engine parks here, and the seed alone decides who goes next and
 * when time moves. It does not own what goes wrong: that is `between`, called before each step.
 *
 * 1. A step runs only when every microtask of the one before has run and no store is at work.
 * 2. A step of a dead process never runs; one of a paused process runs after the pause.
 * 3. Time moves only between steps, never backwards.
 */
export class Simulation {
  readonly random: Random;
  readonly trace: string[] = [];
  #steps: Step[] = [];
  #now: number;
  #atWork = 0;

  constructor(random: Random, startsAt: number) {
    this.random = random;
    this.#now = startsAt;
  }

  /** The world's time, which is also the store's. */
  readonly now = (): number => this.#now;

  /** Resolves when the seed gives this process its turn. */
  park(process: Process, label: string, delayMs = 0): Promise<void> {
    return new Promise((resolve) => {
      this.schedule(process, label, delayMs, resolve);
    });
  }

  /** Runs the step at some time after the delay; the answer cancels it. */
  schedule(process: Process, label: string, delayMs: number, run: () => void): () => void {
    if (!process.isAlive) return () => undefined;
    const step = { process, label, readyAt: this.#now + Math.ceil(Math.max(delayMs, 0)), run };
    this.#steps.push(step);
    return () => {
      const index = this.#steps.indexOf(step);
      if (index >= 0) this.#steps.splice(index, 1);
    };
  }

  /** What the process sees of the time. */
  clockOf(process: Process): Clock {
    return {
      now: () => this.#now + process.skewMs,
      after: (delayMs, callback) => this.schedule(process, "timer", delayMs, callback),
      soon: (callback) => {
        this.schedule(process, "soon", 0, callback);
      },
    };
  }

  /** Lets a store do something that may need more than microtasks. */
  async atWork<T>(work: () => Promise<T>): Promise<T> {
    this.#atWork += 1;
    try {
      return await work();
    } finally {
      this.#atWork -= 1;
    }
  }

  note(text: string): void {
    this.trace.push(`${this.#now} ${text}`);
  }

  kill(process: Process): void {
    process.end();
    this.#steps = this.#steps.filter((step) => step.process !== process);
  }

  passTime(ms: number): void {
    this.#now += ms;
  }

  /** Runs steps until `isDone`. @throws {Stuck} beyond the limits, or when nothing is left that could happen. */
  async run(isDone: () => boolean, limits: Limits, between: () => void = () => undefined): Promise<void> {
    const until = this.#now + limits.timeMs;
    for (let step = 0; step < limits.steps; step++) {
      await this.#settle();
      if (isDone()) return;
      between();
      if (!this.#runOne()) {
        if (!this.#skipAhead()) throw new Stuck("Nothing is left that could happen.");
        if (this.#now > until) throw new Stuck(`Not done after ${limits.timeMs} ms.`);
      }
    }
    throw new Stuck(`Not done after ${limits.steps} steps.`);
  }

  async #settle(): Promise<void> {
    do {
      await new Promise<void>((resolve) => {
        setImmediate(resolve);
      });
    } while (this.#atWork > 0);
  }

  #runOne(): boolean {
    const now = this.#now;
    const ready = this.#steps.filter((step) => step.readyAt <= now && step.process.pausedUntil <= now);
    if (ready.length === 0) return false;
    const chosen = this.random.pick(ready);
    this.#steps.splice(this.#steps.indexOf(chosen), 1);
    this.note(`${chosen.process.name} ${chosen.label}`);
    chosen.run();
    return true;
  }

  /** To the time of the next thing that can happen. */
  #skipAhead(): boolean {
    let next = Number.POSITIVE_INFINITY;
    for (const { readyAt, process } of this.#steps)
      next = Math.min(next, Math.max(readyAt, process.pausedUntil));
    if (next === Number.POSITIVE_INFINITY) return false;
    this.#now = Math.max(this.#now, next);
    return true;
  }
}
