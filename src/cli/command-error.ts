import { isDurableError } from "../core/errors.ts";

/** What the process exits with. */
export const EXIT = { ok: 0, error: 1, usage: 2, notFound: 3, conflict: 4 } as const;

/** A command that cannot be carried out, in words for the person who gave it. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  readonly exitCode: number;

  constructor(message: string, exitCode: number = EXIT.error) {
    super(message);
    this.exitCode = exitCode;
  }
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof CommandError) return error.exitCode;
  if (isDurableError(error, "INSTANCE_NOT_FOUND") || isDurableError(error, "TASK_HUB_NOT_FOUND"))
    return EXIT.notFound;
  const isConflict =
    isDurableError(error, "INSTANCE_ALREADY_EXISTS") ||
    isDurableError(error, "INVALID_INSTANCE_STATE") ||
    isDurableError(error, "WAIT_TIMEOUT");
  return isConflict ? EXIT.conflict : EXIT.error;
}
