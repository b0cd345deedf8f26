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
