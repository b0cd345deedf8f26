import { DurableError } from "./errors.ts";
import type { JsonText } from "./history-event.ts";

/** The largest stored value, in characters of its JSON text. */
export const MAX_PAYLOAD_CHARACTERS = 64 * 1024 * 1024;

/**
 * The JSON text of a value; `undefined` has none (S-12). `what` names the value in the error.
 *
 * @throws {DurableError} INPUT_NOT_SERIALIZABLE for cycles, BigInts, functions and symbols; PAYLOAD_TOO_LARGE.
 */
export function toJsonText(value: unknown, what: string): JsonText | undefined {
  if (value === undefined) return undefined;
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DurableError("INPUT_NOT_SERIALIZABLE", `${what} cannot be written as JSON: ${reason}`, {
      cause,
    });
  }
  if (text === undefined) {
    throw new DurableError(
      "INPUT_NOT_SERIALIZABLE",
      `${what} cannot be written as JSON: it is a ${typeof value}.`,
    );
  }
  return checkPayload(text, what);
}

/** @throws {DurableError} PAYLOAD_TOO_LARGE */
export function checkPayload(text: JsonText, what: string | (() => string)): JsonText {
  if (text.length <= MAX_PAYLOAD_CHARACTERS) return text;
  throw new DurableError(
    "PAYLOAD_TOO_LARGE",
    `${typeof what === "string" ? what : what()} has ${text.length} characters as JSON; at most ${MAX_PAYLOAD_CHARACTERS} are allowed. ` +
      "Keep large data elsewhere and pass a reference to it.",
  );
}

/** The value of a stored JSON text; no text is `undefined`. Text that is not JSON stays text, a blank one is empty (H-24). */
export function fromJsonText(text: JsonText | undefined | null): unknown {
  if (text === undefined || text === null) return undefined;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text.trim() === "" ? "" : text;
  }
}
