import { closeSync, mkdirSync, openSync, readSync } from "node:fs";
import { dirname } from "node:path";
import { StorageUnavailableError } from "../../storage/index.ts";
import { connect, type Database } from "./database.ts";
import { readMigrations } from "./migrations.ts";
import { notOursError, storageErrorOf, tooNewError } from "./sqlite-errors.ts";

/** "PDUR": the mark of our files, at offset 68 of the header. */
const APPLICATION_ID = 0x50445552;
const HEADER_BYTES = 100;
const APPLICATION_ID_OFFSET = 68;
const MAGIC = "SQLite format 3\0";

const BUSY_TIMEOUT_MS = 5000;
const CHECKPOINT_PAGES = 4000;

export interface DatabaseOptions {
  readonly path: string;
  readonly synchronous: "full" | "normal";
}

/**
 * Opens the file, makes it when there is none, and brings its schema up to date.
 *
 * @throws {DurableError} DATABASE_NOT_OURS, DATABASE_TOO_NEW, DATABASE_CORRUPT, STORAGE_UNAVAILABLE
 */
export function openDatabase({ path, synchronous }: DatabaseOptions): Database {
  const isNew = isNewFile(path);
  const database = connectTo(path, isNew);
  try {
    database.exec(`pragma busy_timeout = ${BUSY_TIMEOUT_MS}`);
    migrate(database, path);
    database.exec(`
      pragma journal_mode = wal;
      pragma synchronous = ${synchronous};
      pragma wal_autocheckpoint = ${CHECKPOINT_PAGES};
      pragma foreign_keys = off;
    `);
    return database;
  } catch (error) {
    database.close();
    throw storageErrorOf(error, "open", path) ?? error;
  }
}

/**
 * True when there is nothing there yet.
 *
 * The mark is read from the header, not through SQLite: to open a foreign file in WAL mode may already write to it.
 */
function isNewFile(path: string): boolean {
  const header = readHeader(path);
  if (header.length === 0) return true;
  if (!header.toString("latin1").startsWith(MAGIC)) throw notOursError(path, "is not a SQLite database");
  if (header.length < HEADER_BYTES || header.readUInt32BE(APPLICATION_ID_OFFSET) !== APPLICATION_ID) {
    throw notOursError(path, "is a SQLite database of another application");
  }
  return false;
}

function readHeader(path: string): Buffer {
  const header = Buffer.alloc(HEADER_BYTES);
  let file: number;
  try {
    file = openSync(path, "r");
  } catch (cause) {
    if (isMissing(cause)) return header.subarray(0, 0);
    throw new StorageUnavailableError(`open ${path}`, cause);
  }
  try {
    return header.subarray(0, readSync(file, header, 0, HEADER_BYTES, 0));
  } catch (cause) {
    throw new StorageUnavailableError(`open ${path}`, cause);
  } finally {
    closeSync(file);
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}

function connectTo(path: string, isNew: boolean): Database {
  try {
    if (isNew) mkdirSync(dirname(path), { recursive: true });
    return connect(path);
  } catch (cause) {
    throw new StorageUnavailableError(`open ${path}`, cause);
  }
}

/**
 * A new file gets its mark and its schema in one transaction before it goes over to WAL, so that the header of the
 * file itself has the mark from the first moment on.
 */
function migrate(database: Database, path: string): void {
  const migrations = readMigrations();
  if (checkedVersion(database, path, migrations.length) === migrations.length) return;
  database.exec("begin exclusive");
  // Another process may have done it while this one waited for the lock.
  const version = checkedVersion(database, path, migrations.length);
  for (const script of migrations.slice(version)) database.exec(script);
  database.exec(`pragma application_id = ${APPLICATION_ID}; pragma user_version = ${migrations.length};`);
  database.exec("commit");
}

function checkedVersion(database: Database, path: string, known: number): number {
  const version =
    database.prepare<{ readonly user_version: number }>("pragma user_version").get()?.user_version ?? 0;
  if (version > known) throw tooNewError(path, version, known);
  return version;
}
