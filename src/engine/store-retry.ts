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

export interface RetryPorts {
  readonly clock: Clock;
  readonly logger: Logger;
  /** True once nobody waits for the answer any more. */
  isStopped(): boolean;
}

/** Asks the store until it answers. An error that asking again cannot mend is passed on; so is any, after a stop. */
export async function untilAnswered<T>(ask: () => Promise<T>, ports: RetryPorts): Promise<T> {
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (!isTransient(error) || ports.isStopped()) throw error;
      ports.logger.warn(
        { code: error.code, err: error },
        "The store does not answer; asking again until it does",
      );
      await new Promise<void>((resolve) => {
        ports.clock.after(RETRY_MS, resolve);
      });
    }
  }
}
