import { type DurableError, isDurableError } from "../core/errors.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

const RETRY_MS = 200;

/** The store is away or full for now, or it is not known whether it wrote: the same call again is right (G12). */
export function isTransient(error: unknown): error is DurableError {
  return (
    isDurableError(error, "STORAGE_UNAVAILABLE") ||
    isDurableError(error, "STORAGE_FULL") ||
    isDurableError(error, "OUTCOME_UNKNOWN")
  );
}

/** Asks the store until it answers. An error that asking again cannot mend is passed on. */
export async function untilAnswered<T>(
  ask: () => Promise<T>,
  { clock, logger }: { readonly clock: Clock; readonly logger: Logger },
): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error)) throw error;
      logger.warn({ code: error.code, err: error }, "The store does not answer; asking again until it does");
      await new Promise<void>((resolve) => {
        clock.after(RETRY_MS, resolve);
      });
    }
  }
}
