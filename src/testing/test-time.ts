import { AsyncLocalStorage } from "node:async_hooks";
import { DurableError, isDurableError } from "../core/errors.ts";
import type { Rest } from "./rest.ts";
import { type Span, spanMs, timeOf } from "./span.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** The last moment of the year 9999: what is due later never comes. */
const END_OF_TIME = Date.UTC(10_000, 0, 1) - 1;

export interface Attendance {
  /** How many things may come due before the wait is given up. */
  readonly mayJump: number;
  /** What the instance waits for, in words. */
  readonly why: () => Promise<string>;
}

/**
 * Who moves the time of a hub, and when.
 *
 * 1. One at a time moves it: a call that comes meanwhile has its turn afterwards.
 * 2. It moves to the next thing that is due, and not on before the hub has come to rest.
 * 3. A wait that cannot end any more ends with an error.
 */
export class TestTime {
  readonly clock: VirtualClock;
  readonly rest: Rest;
  readonly #scripted = new AsyncLocalStorage<true>();
  readonly #failures: unknown[] = [];
  #last: Promise<unknown> = Promise.resolve();
  #isStopped = false;

  constructor(startAt: number | undefined, rest: Rest) {
    this.rest = rest;
    this.clock = new VirtualClock({ settle: rest.settle, ...(startAt === undefined ? {} : { startAt }) });
  }

  stop(): void {
    this.#isStopped = true;
  }

  /** @throws {DurableError} HOST_STOPPING */
  checkRunning(): void {
    if (!this.#isStopped) return;
    throw new DurableError(
      "HOST_STOPPING",
      "This test hub was stopped. Start another one for the next test.",
    );
  }

  async advance(span: Span): Promise<void> {
    const ms = spanMs(span);
    await this.#alone(() => this.clock.advance(this.#until(this.clock.now() + ms) - this.clock.now()));
  }

  async advanceTo(date: Date | string): Promise<void> {
    const time = timeOf(date);
    await this.#alone(() => {
      const now = this.clock.now();
      if (time < now) throw goesBack(time, now);
      return this.clock.advance(this.#until(time) - now);
    });
  }

  at(when: Span | Date, action: () => unknown): void {
    this.checkRunning();
    const now = this.clock.now();
    const time = when instanceof Date ? timeOf(when) : now + spanMs(when);
    if (time < now) throw goesBack(time, now);
    this.clock.after(this.#until(time) - now, () => void this.#perform(action));
  }

  /**
   * Moves the time, from one thing that is due to the next, until the wait is over.
   *
   * @throws {DurableError} WAIT_TIMEOUT, with the reason, when its time is up, nothing is due any more, or too much was
   */
  async attend<T>(wait: Promise<T>, { mayJump, why }: Attendance): Promise<T> {
    let isOver = false;
    const over = wait.then(
      () => (isOver = true),
      () => (isOver = true),
    );
    this.#refuseScripts();
    for (let jumps = 0; !isOver; jumps++) {
      if (jumps > mayJump) throw goesOnForEver(mayJump, await why());
      const goesOn = await this.#alone(async () => {
        await this.rest.settle();
        return isOver || this.clock.jump(END_OF_TIME);
      });
      if (goesOn || isOver) continue;
      await Promise.race([over, this.rest.settle()]);
      if (!isOver) throw waitsForEver(await why());
    }
    try {
      return await wait;
    } catch (error) {
      if (!isDurableError(error, "WAIT_TIMEOUT")) throw error;
      throw new DurableError("WAIT_TIMEOUT", `${error.message} ${await why()}`, { cause: error });
    }
  }

  async #alone<T>(work: () => T | Promise<T>): Promise<T> {
    this.checkRunning();
    this.#refuseScripts();
    const result = this.#last.then(async () => {
      this.checkRunning();
      const value = await work();
      if (this.#failures.length > 0) throw this.#failures.shift();
      return value;
    });
    this.#last = result.catch(() => undefined);
    return result;
  }

  async #perform(action: () => unknown): Promise<void> {
    try {
      await this.rest.during(() => this.#scripted.run(true, action));
    } catch (error) {
      this.#failures.push(error);
    }
  }

  /** The time that is to pass cannot pass before what is done now is done. */
  #refuseScripts(): void {
    if (this.#scripted.getStore() === undefined) return;
    throw new DurableError(
      "INVALID_ARGUMENT",
      "Time stands still while a scripted action runs: it cannot move the time, nor wait for an instance.",
    );
  }

  #until(time: number): number {
    if (time <= END_OF_TIME) return time;
    throw new DurableError("INVALID_ARGUMENT", "Time in a test hub ends with the year 9999.");
  }
}

function goesBack(time: number, now: number): DurableError {
  return new DurableError(
    "INVALID_ARGUMENT",
    `Time does not go back: it is ${iso(now)} here already, which is after ${iso(time)}.`,
  );
}

const iso = (time: number): string => new Date(time).toISOString();

function waitsForEver(why: string): DurableError {
  return new DurableError(
    "WAIT_TIMEOUT",
    `The instance does not go on by itself, however much time passes. ${why}`,
  );
}

function goesOnForEver(jumps: number, why: string): DurableError {
  return new DurableError(
    "WAIT_TIMEOUT",
    `The instance has not ended after ${jumps} timers and the like. ${why} ` +
      "Give the wait a timeoutMs, or let time pass with hub.advance.",
  );
}
