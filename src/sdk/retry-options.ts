import type { FailureDetails } from "../core/failure-details.ts";
import { checkRetryPolicy, type RetryPolicy } from "../core/retry-policy.ts";

/** Retry options in the shape of durable-functions; a plain object with the same properties serves as well. */
export class RetryOptions implements RetryPolicy {
  readonly firstRetryIntervalInMilliseconds: number;
  readonly maxNumberOfAttempts: number;
  backoffCoefficient = 1;
  maxRetryIntervalInMilliseconds: number = Number.POSITIVE_INFINITY;
  retryTimeoutInMilliseconds: number = Number.POSITIVE_INFINITY;
  handle: (failure: FailureDetails) => boolean = () => true;

  /** @throws {DurableError} INVALID_RETRY_OPTIONS */
  constructor(firstRetryIntervalInMilliseconds: number, maxNumberOfAttempts: number) {
    this.firstRetryIntervalInMilliseconds = firstRetryIntervalInMilliseconds;
    this.maxNumberOfAttempts = maxNumberOfAttempts;
    checkRetryPolicy(this);
  }
}
