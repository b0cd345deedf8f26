import { DurableError } from "../core/errors.ts";

/** A message lacks something without which it means nothing. The text names what. */
export class MalformedMessageError extends DurableError {
  override readonly name = "MalformedMessageError";

  constructor(message: string) {
    super("INVALID_ARGUMENT", message);
  }
}

/** @throws {MalformedMessageError} when the text is absent or empty */
export function requireText(text: string | undefined, what: string): string {
  if (text === undefined || text === "") throw new MalformedMessageError(`${what} is missing.`);
  return text;
}

const GUID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;

/**
 * A worker in .NET that is sent an id that is no GUID loses its connection over it, each time anew.
 *
 * @throws {MalformedMessageError} when the text is absent or no GUID
 */
export function requireGuid(text: string | undefined, what: string): string {
  const id = requireText(text, what);
  if (!GUID.test(id)) throw new MalformedMessageError(`${what} is '${id.slice(0, 80)}', which is no GUID.`);
  return id;
}
