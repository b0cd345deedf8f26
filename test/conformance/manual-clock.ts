/** A clock that a test moves. */
export class ManualClock {
  #now = 1_800_000_000_000;

  now(): number {
    return this.#now;
  }

  async advance(ms: number): Promise<void> {
    this.#now += ms;
  }
}
