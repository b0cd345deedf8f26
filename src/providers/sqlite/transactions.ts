import { statSync } from "node:fs";
import { isDurableError } from "../../core/errors.ts";
import { StorageUnavailableError } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { storageErrorOf } from "./sqlite-errors.ts";
import { WriteGate } from "./write-gate.ts";

export interface ItemWriter<Item, Outcome> {
  /** Called for each try; the answer writes one item. */
  start(): (item: Item) => Outcome;
  /** The outcome of an item that cannot be written. */
  failed(item: Item, error: Error): Outcome;
}

/**
 * Runs work inside transactions.
 *
 * 1. A failure of the store undoes everything and comes out as an error of the contract.
 * 2. A failure of one item's values undoes that item and no other.
 */
export class Transactions {
  readonly #database: Database;
  readonly #path: string;
  readonly #fileId: number | undefined;
  readonly #begin: Statement;
  readonly #beginReading: Statement;
  readonly #commit: Statement;
  readonly #rollback: Statement;
  #gate: WriteGate | undefined;
  #threads = 0;

  constructor(database: Database, path: string) {
    this.#database = database;
    this.#path = path;
    this.#fileId = fileIdOf(path);
    this.#begin = database.prepare("begin immediate");
    this.#beginReading = database.prepare("begin deferred");
    this.#commit = database.prepare("commit");
    this.#rollback = database.prepare("rollback");
  }

  /**
   * From now on other threads of this process write to the same file too, through this gate: until the answer is called as
   * often as this was.
   */
  shareFile(): { readonly gate: WriteGate; readonly stop: () => void } {
    const gate = this.#gate ?? new WriteGate();
    this.useGate(gate);
    this.#threads += 1;
    const stop = (): void => {
      this.#threads -= 1;
      if (this.#threads === 0) this.#gate = undefined;
    };
    return { gate, stop };
  }

  /** Every write passes this gate. */
  useGate(gate: WriteGate): void {
    this.#gate = gate;
  }

  /** The number of the file as it was opened; a database in memory has none. */
  get fileId(): number | undefined {
    return this.#fileId;
  }

  /** Reads; what is read by more than one statement belongs into a snapshot. */
  read<Result>(operation: string, body: () => Result): Result {
    return this.#guarded(operation, body);
  }

  /** Reads one state of the file, which also spares each statement to lock it anew. */
  snapshot<Result>(operation: string, body: () => Result): Result {
    return this.#guarded(operation, () => this.#inside(this.#beginReading, body));
  }

  /** @throws {StorageUnavailableError} also when the file is not there any more: what is written then is lost. */
  write<Result>(operation: string, body: () => Result): Result {
    return this.#guarded(operation, () => {
      this.#requireFile(operation);
      const write = (): Result => this.#inside(this.#begin, body);
      return this.#gate ? this.#gate.pass(write) : write();
    });
  }

  /** Writes every item in one transaction, with one outcome each. */
  writeEach<Item, Outcome>(
    operation: string,
    items: readonly Item[],
    writer: ItemWriter<Item, Outcome>,
  ): readonly Outcome[] {
    try {
      return this.write(operation, () => items.map(writer.start()));
    } catch (error) {
      if (isFailureOfStore(error)) throw error;
      return this.#writeApart(operation, items, writer);
    }
  }

  /** The same with a savepoint for each item, which costs more than the writes and is needed only when one fails. */
  #writeApart<Item, Outcome>(
    operation: string,
    items: readonly Item[],
    writer: ItemWriter<Item, Outcome>,
  ): readonly Outcome[] {
    return this.write(operation, () => {
      const write = writer.start();
      return items.map((item) =>
        this.#isolated(
          operation,
          () => write(item),
          (error) => writer.failed(item, error),
        ),
      );
    });
  }

  #isolated<Outcome>(operation: string, write: () => Outcome, failed: (error: Error) => Outcome): Outcome {
    this.#database.exec("savepoint item");
    try {
      const outcome = write();
      this.#database.exec("release item");
      return outcome;
    } catch (error) {
      if (storageErrorOf(error, operation, this.#path)) throw error;
      this.#database.exec("rollback to item; release item");
      return failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #inside<Result>(begin: Statement, body: () => Result): Result {
    begin.run();
    try {
      const result = body();
      this.#commit.run();
      return result;
    } catch (error) {
      // SQLite has rolled back by itself after some errors, such as a full disk.
      if (this.#database.inTransaction) this.#rollback.run();
      throw error;
    }
  }

  #requireFile(operation: string): void {
    if (this.#fileId === undefined || fileIdOf(this.#path) === this.#fileId) return;
    const cause = new Error(
      `The file "${this.#path}" was deleted or replaced while it was open. Restart the host.`,
    );
    throw new StorageUnavailableError(operation, cause);
  }

  #guarded<Result>(operation: string, body: () => Result): Result {
    if (!this.#database.open) {
      throw new StorageUnavailableError(operation, new Error(`The database "${this.#path}" is closed.`));
    }
    try {
      return body();
    } catch (error) {
      throw storageErrorOf(error, operation, this.#path) ?? error;
    }
  }
}

/** The number of the file behind a path; a database in memory has none. */
export function fileIdOf(path: string): number | undefined {
  return statSync(path, { throwIfNoEntry: false })?.ino;
}

function isFailureOfStore(error: unknown): boolean {
  return (
    isDurableError(error, "STORAGE_UNAVAILABLE") ||
    isDurableError(error, "STORAGE_FULL") ||
    isDurableError(error, "DATABASE_CORRUPT")
  );
}
