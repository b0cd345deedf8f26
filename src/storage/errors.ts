import { DurableError } from "../core/errors.ts";

/** The store cannot be reached or refuses for now; nothing was written. Trying again later is right. */
export class StorageUnavailableError extends DurableError {
  override readonly name = "StorageUnavailableError";

  constructor(operation: string, cause: unknown) {
    super("STORAGE_UNAVAILABLE", `The store did not answer "${operation}"; nothing was written.`, { cause });
  }
}

/** The store has no room; nothing was written. Memory state stays valid, so a retry after making room loses nothing. */
export class StorageFullError extends DurableError {
  override readonly name = "StorageFullError";

  constructor(operation: string, cause: unknown) {
    super(
      "STORAGE_FULL",
      `The store has no room for "${operation}"; nothing was written. Free disk space and it goes on by itself.`,
      { cause },
    );
  }
}

/** The connection broke while a write was under way: it happened or not. Sending the same write again is safe (G12). */
export class OutcomeUnknownError extends DurableError {
  override readonly name = "OutcomeUnknownError";

  constructor(operation: string, cause: unknown) {
    super(
      "OUTCOME_UNKNOWN",
      `The connection broke during "${operation}"; it is not known whether it was written.`,
      {
        cause,
      },
    );
  }
}

export class TaskHubNotFoundError extends DurableError {
  override readonly name = "TaskHubNotFoundError";

  constructor(taskHub: string) {
    super("TASK_HUB_NOT_FOUND", `There is no task hub named "${taskHub}". Create it, or check the name.`);
  }
}
