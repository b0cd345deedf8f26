import { DurableError } from "./errors.ts";

/*
 * Names are written into each event that has to do with them, and read wherever somebody looks at an instance: they are for
 * short texts, and payloads for long ones.
 */

/** The longest name of a function, an event or an operation, and the longest version, in characters. */
export const MAX_NAME_LENGTH = 1_000;

/** What the keys and values of one set of tags have together at most, in characters. */
export const MAX_TAGS_LENGTH = 64 * 1024;

/** A name that is absent has no length. @throws {DurableError} INVALID_ARGUMENT */
export function checkName(name: string | undefined, what: string): void {
  if (name === undefined || name.length <= MAX_NAME_LENGTH) return;
  throw tooLong(`${what} has`, name.length, MAX_NAME_LENGTH);
}

/** @throws {DurableError} INVALID_ARGUMENT */
export function checkTags(tags: Readonly<Record<string, string>> | undefined, what: string): void {
  if (tags === undefined) return;
  let length = 0;
  for (const [key, value] of Object.entries(tags)) length += key.length + value.length;
  if (length > MAX_TAGS_LENGTH) throw tooLong(`${what} have together`, length, MAX_TAGS_LENGTH);
}

function tooLong(what: string, length: number, most: number): DurableError {
  return new DurableError("INVALID_ARGUMENT", `${what} ${length} characters; at most ${most} are allowed.`);
}
