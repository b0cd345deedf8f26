import { type DurableError, isDurableError } from "./errors.ts";
import { describeFailure, type FailureDetails } from "./failure-details.ts";

/** What the caller of something is told that cannot be, and that it is of no use to try again. */
export function refusal(error: DurableError): FailureDetails {
  const { stackTrace: _, ...failure } = describeFailure(error);
  return { ...failure, isNonRetriable: true };
}

/** Why a check is not passed, if that is so. */
export function whyRefused(check: () => void): FailureDetails | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (!isDurableError(error)) throw error;
    return refusal(error);
  }
}
