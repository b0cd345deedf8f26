import { status } from "@grpc/grpc-js";
import { type ErrorCode, isDurableError } from "../core/errors.ts";

/** What a caller of an RPC is told instead of an answer. */
export class RpcError extends Error {
  readonly code: status;
  /** The server has failed, not the caller. */
  readonly isOurs: boolean;

  constructor(code: status, message: string, isOurs = false) {
    super(message);
    this.code = code;
    this.isOurs = isOurs;
  }
}

/** Codes that mean something else than a request that cannot be right. */
const CODES: Readonly<Partial<Record<ErrorCode, status>>> = {
  INSTANCE_NOT_FOUND: status.NOT_FOUND,
  TASK_HUB_NOT_FOUND: status.NOT_FOUND,
  INSTANCE_ALREADY_EXISTS: status.ALREADY_EXISTS,
  INVALID_INSTANCE_STATE: status.FAILED_PRECONDITION,
  WAIT_TIMEOUT: status.DEADLINE_EXCEEDED,
  PAYLOAD_TOO_LARGE: status.RESOURCE_EXHAUSTED,
  STORAGE_UNAVAILABLE: status.UNAVAILABLE,
  STORAGE_FULL: status.RESOURCE_EXHAUSTED,
  OUTCOME_UNKNOWN: status.UNAVAILABLE,
  TASK_HUB_RUNS_ELSEWHERE: status.UNAVAILABLE,
  HOST_STOPPING: status.UNAVAILABLE,
  HISTORY_CORRUPT: status.DATA_LOSS,
};

/** The status of an error; one that no caller has caused is INTERNAL, and its text stays here. */
export function rpcErrorOf(error: unknown): RpcError {
  if (error instanceof RpcError) return error;
  if (isCancellation(error)) return new RpcError(status.CANCELLED, "The caller has gone.");
  if (!isDurableError(error))
    return new RpcError(status.INTERNAL, "The server failed; its log says why.", true);
  return new RpcError(CODES[error.code] ?? status.INVALID_ARGUMENT, error.message);
}

/** A wait that was given up because its caller has. */
function isCancellation(error: unknown): boolean {
  return error instanceof Error && error.name === "AbortError";
}
