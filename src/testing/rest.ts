import { DurableError } from "../core/errors.ts";
import { afterReal, turn } from "./real-time.ts";

/** With so many turns of the event loop in which nothing happened, nothing will. */
const QUIET_TURNS = 25;
/** A hub that is still at work after so many turns, without time passing, goes round in a circle. */
const MAX_TURNS = 100_000;

/**
 * Knows when a hub has come to rest: nothing more will happen unless time passes or someone from outside acts.
 *
 * 1. Each call of the store and each beginning or end of user code is progress.
 * 2. User code that runs for real is waited for in real time, but not longer than `patienceMs`; after that it counts as
 *    code that hangs, and time may go on without it.
 */
export class Rest {
  readonly #patienceMs: number;
  readonly #running = new Set<object>();
  #progress = 0;
  #stir: () => void = () => undefined;

  constructor(patienceMs: number) {
    this.#patienceMs = patienceMs;
  }

  /** Something has happened that more may follow from. */
  readonly disturb = (): void => {
    this.#progress += 1;
    this.#stir();
  };

  /** Waits for this work before time goes on. */
  async during<T>(work: () => T | PromiseLike<T>): Promise<T> {
    const running = {};
    this.#running.add(running);
    const giveUp = afterReal(this.#patienceMs, () => this.#end(running));
    try {
      return await work();
    } finally {
      giveUp();
      this.#end(running);
    }
  }

  /** @throws {DurableError} WAIT_TIMEOUT when the hub never comes to rest */
  readonly settle = async (): Promise<void> => {
    let quiet = 0;
    for (let turns = 0; quiet < QUIET_TURNS; turns++) {
      if (turns > MAX_TURNS) throw restless();
      const before = this.#progress;
      await turn();
      quiet = before === this.#progress ? quiet + 1 : 0;
      if (quiet < QUIET_TURNS || this.#running.size === 0) continue;
      await this.#stirred();
      quiet = 0;
    }
  };

  #stirred(): Promise<void> {
    return new Promise((resolve) => {
      this.#stir = resolve;
    });
  }

  #end(running: object): void {
    if (this.#running.delete(running)) this.disturb();
  }
}

function restless(): DurableError {
  return new DurableError(
    "WAIT_TIMEOUT",
    "The hub does not come to rest: an orchestration goes on and on without waiting for anything that takes time. " +
      "Does one continue as new at once, again and again?",
  );
}
