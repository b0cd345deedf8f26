import type { Database, Statement } from "./database.ts";
import type { Transactions } from "./transactions.ts";

const BLOCK = 256;

/** Run numbers, each given out once in the life of the file. What is left of a block at the end is lost. */
export class RunNumbers {
  readonly #transactions: Transactions;
  readonly #advance: Statement<{ readonly next_run: number }>;
  #next = 0;
  #end = 0;

  constructor(database: Database, transactions: Transactions) {
    this.#transactions = transactions;
    this.#advance = database.prepare("update store set next_run = next_run + ? returning next_run");
  }

  /** The first of `count` numbers in a row. */
  allocate(count: number): number {
    return this.#transactions.write("allocateRuns", () => {
      const row = this.#advance.get(count);
      if (row === undefined) throw new RangeError("The store has lost its count of runs.");
      return row.next_run - count;
    });
  }

  /** Must not be called inside a transaction: when that is undone, the block would be given out again. */
  next(): number {
    if (this.#next === this.#end) {
      this.#next = this.allocate(BLOCK);
      this.#end = this.#next + BLOCK;
    }
    return this.#next++;
  }
}
