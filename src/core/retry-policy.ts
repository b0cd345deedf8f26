import { DurableError } from "./errors.ts";
import type { FailureDetails } from "./failure-details.ts";

/** When and how often a failed call is tried again (S-100). */
export interface RetryPolicy {
  /** Above 0. */
  readonly firstRetryIntervalInMilliseconds: number;
  /** At least 1; counts the first call. */
  readonly maxNumberOfAttempts: number;
  /** At least 1. Default 1: every wait is as long as the first. */
  readonly backoffCoefficient?: number;
  /** Default: no limit. */
  readonly maxRetryIntervalInMilliseconds?: number;
  /** Counted from the first attempt. Default: no limit. */
  readonly retryTimeoutInMilliseconds?: number;
  /** False for a failure that trying again cannot mend. */
  readonly handle?: (failure: FailureDetails) => boolean;
}

/** About a hundred years: a longer wait would end at a time no date can hold. */
const LONGEST_DELAY_MS = 100 * 365 * 24 * 60 * 60 * 1_000;

export interface FailedAttempt {
  /** 1 for the first call. */
  readonly attempt: number;
  readonly failure: FailureDetails;
  readonly firstAttemptAt: number;
  readonly now: number;
}

/** @throws {DurableError} INVALID_RETRY_OPTIONS (S-107) */
export function checkRetryPolicy(policy: RetryPolicy): void {
  requireNumber(
    "firstRetryIntervalInMilliseconds",
    policy.firstRetryIntervalInMilliseconds,
    Number.MIN_VALUE,
  );
  requireNumber("maxNumberOfAttempts", policy.maxNumberOfAttempts, 1);
  requireNumber("backoffCoefficient", policy.backoffCoefficient, 1);
  requireNumber("maxRetryIntervalInMilliseconds", policy.maxRetryIntervalInMilliseconds, Number.MIN_VALUE);
  requireNumber("retryTimeoutInMilliseconds", policy.retryTimeoutInMilliseconds, Number.MIN_VALUE);
  if (policy.firstRetryIntervalInMilliseconds === undefined || policy.maxNumberOfAttempts === undefined) {
    throw new DurableError(
      "INVALID_RETRY_OPTIONS",
      "Retry options need firstRetryIntervalInMilliseconds and maxNumberOfAttempts.",
    );
  }
}

/** How long to wait before the next attempt (S-102), or `undefined` to give up (S-103). */
export function nextRetryDelay(policy: RetryPolicy, failed: FailedAttempt): number | undefined {
  if (failed.attempt >= policy.maxNumberOfAttempts) return undefined;
  if (failed.failure.isNonRetriable) return undefined;
  if (policy.handle && !policy.handle(failed.failure)) return undefined;
  const timeout = policy.retryTimeoutInMilliseconds ?? Number.POSITIVE_INFINITY;
  if (failed.now >= failed.firstAttemptAt + timeout) return undefined;
  const grown =
    policy.firstRetryIntervalInMilliseconds * (policy.backoffCoefficient ?? 1) ** (failed.attempt - 1);
  const delay = Math.min(grown, policy.maxRetryIntervalInMilliseconds ?? LONGEST_DELAY_MS, LONGEST_DELAY_MS);
  return delay > 0 ? delay : undefined;
}

function requireNumber(name: string, value: number | undefined, minimum: number): void {
  if (value === undefined) return;
  if (typeof value === "number" && value >= minimum) return;
  const bound = minimum === 1 ? "at least 1" : "above 0";
  throw new DurableError(
    "INVALID_RETRY_OPTIONS",
    `Retry option ${name} must be a number ${bound}, not ${String(value)}.`,
  );
}
