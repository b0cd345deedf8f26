import { DurableError } from "../../core/errors.ts";
import { StorageFullError, StorageUnavailableError } from "../../storage/index.ts";
import { resultCodeOf } from "./database.ts";

/** What is wrong with the values of a statement, not with the store. */
const OF_THE_VALUES = ["SQLITE_CONSTRAINT", "SQLITE_TOOBIG", "SQLITE_MISMATCH", "SQLITE_RANGE"];
const DAMAGED = ["SQLITE_CORRUPT", "SQLITE_NOTADB"];

/** The error of the contract for a failure of the store; `undefined` when the statement's own values are to blame. */
export function storageErrorOf(error: unknown, operation: string, path: string): DurableError | undefined {
  const code = resultCodeOf(error);
  if (code === undefined || hasBase(code, OF_THE_VALUES)) return undefined;
  if (hasBase(code, DAMAGED)) return corruptError(path, error);
  if (hasBase(code, ["SQLITE_FULL"])) return new StorageFullError(operation, error);
  return new StorageUnavailableError(operation, error);
}

export function corruptError(path: string, cause: unknown): DurableError {
  return new DurableError(
    "DATABASE_CORRUPT",
    `The database file "${path}" is damaged. Stop every process that uses it and put back a backup, or save what can be read with "sqlite3 ${path} .recover".`,
    { cause },
  );
}

export function notOursError(path: string, reason: string): DurableError {
  return new DurableError(
    "DATABASE_NOT_OURS",
    `The file "${path}" ${reason}. Nothing was written to it; choose another path for the task hub.`,
  );
}

export function tooNewError(path: string, version: number, known: number): DurableError {
  return new DurableError(
    "DATABASE_TOO_NEW",
    `The database file "${path}" has schema version ${version}; this release knows versions up to ${known}. Nothing was written to it; run the newer release.`,
  );
}

function hasBase(code: string, bases: readonly string[]): boolean {
  return bases.some((base) => code === base || code.startsWith(`${base}_`));
}
