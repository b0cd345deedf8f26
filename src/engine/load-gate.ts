import type { Clock } from "./clock.ts";

const LOADS_IN_A_TURN = 128;

/**
 * How many instances are read before the event loop has its turn again.
 *
 * A message to each of very many that are not in memory, or a worker that very many have waited for, must not hold up
 * everything else. They pass in their order.
 */
export class LoadGate {
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #room = LOADS_IN_A_TURN;
  #isTurnDue = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Resolves when one more may be read. */
  pass(): Promise<void> {
    this.#awaitTurn();
    if (this.#room > 0) {
      this.#room -= 1;
      return Promise.resolve();
    }
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  #awaitTurn(): void {
    if (this.#isTurnDue) return;
    this.#isTurnDue = true;
    this.#clock.soon(() => this.#turn());
  }

  #turn(): void {
    this.#isTurnDue = false;
    const passing = this.#waiting.splice(0, LOADS_IN_A_TURN);
    this.#room = LOADS_IN_A_TURN - passing.length;
    if (this.#waiting.length > 0) this.#awaitTurn();
    for (const pass of passing) pass();
  }
}
