import { DurableError } from "../core/errors.ts";

/** What callers are told when an instance is no longer this process's to run. Nothing that was acknowledged is lost. */
export function hostStopping(
  message = "The host is stopping; what was acknowledged is safe, try again elsewhere or later.",
): DurableError {
  return new DurableError("HOST_STOPPING", message);
}
