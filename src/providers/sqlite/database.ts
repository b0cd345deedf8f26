import BetterSqlite3 from "better-sqlite3";
import { keepHandle } from "./kept-handles.ts";

export type SqlValue = string | number | null;

export interface RunResult {
  readonly changes: number;
  readonly lastInsertRowid: number | bigint;
}

/** A prepared statement; `Row` is what its columns are, by name. */
export interface Statement<Row = never> {
  run(...values: readonly SqlValue[]): RunResult;
  get(...values: readonly SqlValue[]): Row | undefined;
  all(...values: readonly SqlValue[]): Row[];
}

/** All that the provider wants of a SQLite driver: synchronous, one connection. */
export interface Database {
  readonly open: boolean;
  readonly inTransaction: boolean;
  prepare<Row = never>(sql: string): Statement<Row>;
  exec(sql: string): void;
  close(): void;
}

export function connect(path: string): Database {
  const driver = keepHandle(new BetterSqlite3(path));
  return {
    get open() {
      return driver.open;
    },
    get inTransaction() {
      return driver.inTransaction;
    },
    // The driver cannot know the columns; the one who wrote the SQL says what they are.
    prepare: <Row>(sql: string) => keepHandle(driver.prepare(sql)) as Statement<unknown> as Statement<Row>,
    exec: (sql) => {
      driver.exec(sql);
    },
    close: () => {
      driver.close();
    },
  };
}

/** SQLite's extended result code of a driver error, such as SQLITE_IOERR_WRITE. */
export function resultCodeOf(error: unknown): string | undefined {
  return error instanceof BetterSqlite3.SqliteError ? error.code : undefined;
}
