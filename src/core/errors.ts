import type { FailureDetails } from "./failure-details.ts";

/**
 * infrastructure: the engine retries, user code never sees it.
 * configuration: stop, and say how to mend it.
 * application: the caller's or the orchestrator's own; the only family an orchestrator can catch.
 */
export type ErrorFamily = "infrastructure" | "configuration" | "application";

interface ErrorEntry {
  readonly family: ErrorFamily;
  /** The status an HTTP surface answers with. */
  readonly httpStatus: number;
}

/** Every code Perdure raises. docs/errors.md says cause and remedy of each; a test keeps both in step. */
export const ERROR_CODES = {
  INVALID_ARGUMENT: { family: "application", httpStatus: 400 },
  INVALID_INSTANCE_ID: { family: "application", httpStatus: 400 },
  INVALID_ENTITY_ID: { family: "application", httpStatus: 400 },
  INVALID_EVENT_NAME: { family: "application", httpStatus: 400 },
  INVALID_RETRY_OPTIONS: { family: "application", httpStatus: 400 },
  INPUT_NOT_SERIALIZABLE: { family: "application", httpStatus: 400 },
  SCHEMA_VALIDATION_FAILED: { family: "application", httpStatus: 400 },
  PAYLOAD_TOO_LARGE: { family: "application", httpStatus: 413 },
  CUSTOM_STATUS_TOO_LARGE: { family: "application", httpStatus: 400 },
  INSTANCE_NOT_FOUND: { family: "application", httpStatus: 404 },
  INSTANCE_ALREADY_EXISTS: { family: "application", httpStatus: 409 },
  INVALID_INSTANCE_STATE: { family: "application", httpStatus: 409 },
  ORCHESTRATOR_NOT_FOUND: { family: "application", httpStatus: 400 },
  ORCHESTRATOR_VERSION_NOT_FOUND: { family: "application", httpStatus: 400 },
  ACTIVITY_NOT_FOUND: { family: "application", httpStatus: 400 },
  ENTITY_NOT_FOUND: { family: "application", httpStatus: 400 },
  LOCKING_RULES: { family: "application", httpStatus: 500 },
  TASK_FAILED: { family: "application", httpStatus: 500 },
  HTTP_CALL_FAILED: { family: "application", httpStatus: 502 },
  HTTP_CALL_REFUSED: { family: "application", httpStatus: 500 },
  TOKEN_SOURCE_NOT_FOUND: { family: "configuration", httpStatus: 500 },
  TASK_CANCELED: { family: "application", httpStatus: 500 },
  EVENT_TIMEOUT: { family: "application", httpStatus: 500 },
  ACTIVITY_TIMEOUT: { family: "application", httpStatus: 500 },
  WAIT_TIMEOUT: { family: "application", httpStatus: 408 },
  NON_DETERMINISM: { family: "application", httpStatus: 500 },
  NOT_A_TASK: { family: "application", httpStatus: 500 },
  NON_DURABLE_AWAIT: { family: "application", httpStatus: 500 },
  CONTEXT_OUTSIDE_EPISODE: { family: "application", httpStatus: 500 },
  TOO_MANY_ACTIONS: { family: "application", httpStatus: 500 },
  DUPLICATE_FUNCTION: { family: "configuration", httpStatus: 500 },
  INVALID_FUNCTION: { family: "configuration", httpStatus: 500 },
  APP_LOAD_FAILED: { family: "configuration", httpStatus: 500 },
  INVALID_CONFIGURATION: { family: "configuration", httpStatus: 500 },
  WEBHOOK_URL_UNKNOWN: { family: "configuration", httpStatus: 500 },
  PORT_IN_USE: { family: "configuration", httpStatus: 500 },
  UNKNOWN_STORAGE: { family: "configuration", httpStatus: 500 },
  INVALID_TASK_HUB_NAME: { family: "configuration", httpStatus: 400 },
  TASK_HUB_NOT_FOUND: { family: "configuration", httpStatus: 404 },
  DATABASE_NOT_OURS: { family: "configuration", httpStatus: 500 },
  DATABASE_CORRUPT: { family: "configuration", httpStatus: 500 },
  DATABASE_TOO_NEW: { family: "configuration", httpStatus: 500 },
  HISTORY_CORRUPT: { family: "infrastructure", httpStatus: 500 },
  STORAGE_UNAVAILABLE: { family: "infrastructure", httpStatus: 503 },
  STORAGE_FULL: { family: "infrastructure", httpStatus: 507 },
  OUTCOME_UNKNOWN: { family: "infrastructure", httpStatus: 503 },
  TASK_HUB_RUNS_ELSEWHERE: { family: "infrastructure", httpStatus: 503 },
  HOST_STOPPING: { family: "infrastructure", httpStatus: 503 },
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;

/** The base of every error Perdure raises on purpose. `code` is stable, the text is for people. */
export class DurableError extends Error {
  override readonly name: string = "DurableError";
  readonly code: ErrorCode;

  constructor(code: ErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options);
    this.code = code;
  }

  get family(): ErrorFamily {
    return ERROR_CODES[this.code].family;
  }

  get httpStatus(): number {
    return ERROR_CODES[this.code].httpStatus;
  }
}

/** True for a DurableError of this code, also one that comes from another copy of the package. */
export function isDurableError(error: unknown, code?: ErrorCode): error is DurableError {
  return (
    error instanceof Error &&
    "code" in error &&
    typeof error.code === "string" &&
    error.code in ERROR_CODES &&
    (code === undefined || error.code === code)
  );
}

/** What an orchestrator catches when an activity or a sub-orchestration failed (S-193). `cause` is the rebuilt error. */
export class TaskFailedError extends DurableError {
  override readonly name = "TaskFailedError";
  readonly failure: FailureDetails;

  constructor(message: string, failure: FailureDetails, cause: Error) {
    super("TASK_FAILED", message, { cause });
    this.failure = failure;
  }
}

/** Both sides of a disagreement between a history and the code that is replayed over it (S-39), in words. */
export interface Disagreement {
  /** The event of the history, by its number. */
  readonly eventId: number;
  /** What the history has there. */
  readonly history: string;
  /** What the code asks for instead. */
  readonly code: string;
  readonly likelyCause: string;
}

/** The code asks for something else than the history says it asked for (S-39). */
export class NonDeterminismError extends DurableError {
  override readonly name = "NonDeterminismError";
  readonly #disagreement: Disagreement;

  /** `of` says whose history it is, where that is not clear. */
  constructor(disagreement: Disagreement, of?: string) {
    const whose = of === undefined ? "" : `${of}: `;
    super(
      "NON_DETERMINISM",
      `Non-Deterministic workflow detected: ${whose}${disagreementText(disagreement)}`,
    );
    this.#disagreement = disagreement;
  }

  get disagreement(): Disagreement {
    return this.#disagreement;
  }
}

/** The code breaks a rule of critical sections (S-169). */
export class LockingRulesViolationError extends DurableError {
  override readonly name = "LockingRulesViolationError";

  constructor(message: string, options?: { readonly cause?: unknown }) {
    super("LOCKING_RULES", message, options);
  }
}

export function disagreementText({ eventId, history, code, likelyCause }: Disagreement): string {
  return `event ${eventId} of the history is ${history}, but the code now asks for ${code}. Likely cause: ${likelyCause}`;
}
