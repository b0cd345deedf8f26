import type { ItemWriter, Transactions } from "./transactions.ts";

interface Entry {
  readonly operation: string;
  /** Returns what settles the caller once the transaction has committed. */
  readonly write: () => () => void;
  readonly reject: (error: unknown) => void;
}

/** Enough to share the wait for the disk; more would hold up the event loop. */
const MAX_WRITES = 500;

/** Client calls of one turn of the event loop share a transaction, and so the wait for the disk. */
export class WriteQueue {
  readonly #transactions: Transactions;
  #entries: Entry[] = [];

  constructor(transactions: Transactions) {
    this.#transactions = transactions;
  }

  add<Result>(operation: string, write: () => Result): Promise<Result> {
    if (this.#entries.length === 0) setImmediate(() => this.#flushSome());
    return new Promise((resolve, reject) => {
      this.#entries.push({
        operation,
        write: () => {
          const result = write();
          return () => resolve(result);
        },
        reject,
      });
    });
  }

  /** Writes items in one transaction together with what there is: they share the wait for the disk too. */
  writeWith<Item, Outcome>(
    operation: string,
    items: readonly Item[],
    writer: ItemWriter<Item, Outcome>,
  ): readonly Outcome[] {
    const entries = this.#entries.splice(0, MAX_WRITES);
    if (entries.length === 0) return this.#transactions.writeEach(operation, items, writer);
    const settles: (() => void)[] = [];
    try {
      const outcomes = this.#transactions.writeEach<Entry | { readonly item: Item }, Outcome | undefined>(
        operation,
        [...entries, ...items.map((item) => ({ item }))],
        {
          start: () => {
            settles.length = 0;
            const write = writer.start();
            return (each) => {
              if ("item" in each) return write(each.item);
              settles.push(each.write());
              return undefined;
            };
          },
          failed: (each, error) => {
            if ("item" in each) return writer.failed(each.item, error);
            settles.push(() => each.reject(error));
            return undefined;
          },
        },
      );
      for (const settle of settles) settle();
      return outcomes.slice(entries.length) as readonly Outcome[];
    } catch (error) {
      for (const entry of entries) entry.reject(error);
      throw error;
    }
  }

  /** Writes all there is. */
  flush(): void {
    this.#settle(this.#entries.splice(0));
  }

  #flushSome(): void {
    const entries = this.#entries;
    if (entries.length <= MAX_WRITES) return this.flush();
    this.#entries = entries.slice(MAX_WRITES);
    setImmediate(() => this.#flushSome());
    this.#settle(entries.slice(0, MAX_WRITES));
  }

  #settle(entries: readonly Entry[]): void {
    const [first] = entries;
    if (first === undefined) return;
    try {
      for (const settle of this.#write(first.operation, entries)) settle();
    } catch (error) {
      for (const entry of entries) entry.reject(error);
    }
  }

  #write(operation: string, entries: readonly Entry[]): readonly (() => void)[] {
    return this.#transactions.writeEach<Entry, () => void>(operation, entries, {
      start: () => (entry) => entry.write(),
      failed: (entry, error) => () => entry.reject(error),
    });
  }
}
