/** Whoever holds the gate for longer than this has died with it; SQLite's own lock still keeps writers apart. */
const PATIENCE_MS = 1_000;
const NEXT = 0;
const SERVED = 1;

/**
 * Lets the threads of this process write one after another, in the order in which they came.
 *
 * SQLite lets a writer who finds the file locked look again later, at longer and longer intervals, and whoever comes at the
 * right moment wins. The gate only spares them that: what keeps writers apart is SQLite's lock.
 */
export class WriteGate {
  readonly buffer: SharedArrayBuffer;
  readonly #cells: Int32Array;

  constructor(buffer = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT)) {
    this.buffer = buffer;
    this.#cells = new Int32Array(buffer);
  }

  /** How often someone has passed. */
  get passages(): number {
    return Atomics.load(this.#cells, SERVED);
  }

  pass<Result>(body: () => Result): Result {
    this.#enter();
    try {
      return body();
    } finally {
      Atomics.add(this.#cells, SERVED, 1);
      Atomics.notify(this.#cells, SERVED);
    }
  }

  #enter(): void {
    const ticket = Atomics.add(this.#cells, NEXT, 1);
    for (;;) {
      const served = Atomics.load(this.#cells, SERVED);
      if (served === ticket) return;
      if (Atomics.wait(this.#cells, SERVED, served, PATIENCE_MS) === "timed-out") return;
    }
  }
}
