import { isDurableError } from "../core/errors.ts";

/** H-17. */
const JSON_TYPE = "application/json; charset=utf-8";

const BAD_ARGUMENT = "One or more of the arguments submitted is incorrect";
const UNEXPECTED = "Something went wrong while processing your request";

export function jsonResponse(
  status: number,
  text: string,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(text, { status, headers: { "Content-Type": JSON_TYPE, ...headers } });
}

/** A status and nothing else (H-18). */
export function bareResponse(status: number): Response {
  return new Response(null, { status });
}

/** An error object: PascalCase, and never a stack trace (H-19, H-23). */
export function errorResponse(status: number, message: string, cause?: unknown): Response {
  return jsonResponse(
    status,
    JSON.stringify({ Message: message, ...(cause === undefined ? {} : exceptionFields(cause)) }),
  );
}

/** What an error that no handler expected is answered with (H-22). */
export function responseOf(error: unknown): Response {
  if (!isDurableError(error)) return unexpectedResponse(error);
  if (error.httpStatus === 400) return errorResponse(400, BAD_ARGUMENT, error);
  if (error.httpStatus === 500) return unexpectedResponse(error);
  return errorResponse(error.httpStatus, error.message);
}

/** 500, with what is known of the error. */
export function unexpectedResponse(error: unknown): Response {
  return errorResponse(500, UNEXPECTED, error);
}

function exceptionFields(error: unknown): Readonly<Record<string, string | null>> {
  return {
    ExceptionMessage: error instanceof Error ? error.message : String(error),
    ExceptionType: typeOf(error),
    StackTrace: null,
  };
}

/** The code of an error of ours, since docs/errors.md explains it; else the name of its class. */
function typeOf(error: unknown): string {
  if (isDurableError(error)) return error.code;
  return error instanceof Error ? error.name : typeof error;
}
