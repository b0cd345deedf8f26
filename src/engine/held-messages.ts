/**
 * Which stored messages a partition has in hand, so that none takes effect twice (G5).
 *
 * 1. A message in hand is not taken again, whichever way it comes.
 * 2. What was consumed while the store was being asked for messages may be in its answer: it stays in hand until the
 *    answer has been taken.
 */
export class HeldMessages {
  readonly #held = new Set<number>();
  readonly #consumed = new Set<number>();
  #asking = 0;

  has(id: number): boolean {
    return this.#held.has(id);
  }

  /** False when it is in hand already. */
  hold(id: number): boolean {
    if (this.#held.has(id)) return false;
    this.#held.add(id);
    return true;
  }

  /** It goes another way, or waits in the store: it may be taken again. */
  release(id: number): void {
    this.#held.delete(id);
  }

  /** It is gone from the store. */
  consume(id: number): void {
    if (this.#asking > 0) this.#consumed.add(id);
    else this.#held.delete(id);
  }

  /** Runs while the store is asked for messages and until its answer has been taken. */
  async whileAsking<Answer>(ask: () => Promise<Answer>): Promise<Answer> {
    this.#asking += 1;
    try {
      return await ask();
    } finally {
      this.#asking -= 1;
      if (this.#asking === 0) this.#forgetConsumed();
    }
  }

  #forgetConsumed(): void {
    for (const id of this.#consumed) this.#held.delete(id);
    this.#consumed.clear();
  }
}
