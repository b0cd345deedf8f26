/**
 * Whether the store may hold messages that are to take effect before what comes from now on.
 *
 * A reader notes the mark before it asks the store, and catches up to it when it has taken all there was.
 */
export class Backlog {
  #mark = 1;
  #caughtUp = 0;

  get isBehind(): boolean {
    return this.#caughtUp !== this.#mark;
  }

  get mark(): number {
    return this.#mark;
  }

  fallBehind(): void {
    this.#mark += 1;
  }

  catchUp(mark: number): void {
    this.#caughtUp = mark;
  }
}
