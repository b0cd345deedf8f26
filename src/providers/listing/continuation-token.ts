import { createHash } from "node:crypto";
import { DurableError } from "../../core/errors.ts";

/** What a token names: where to go on, and the listing it belongs to; in another one it would skip instances in silence. */
export function encodeToken(listing: readonly unknown[], place: readonly unknown[]): string {
  return Buffer.from(JSON.stringify([fingerprint(listing), ...place])).toString("base64url");
}

/**
 * The place a token of this listing names.
 *
 * @throws {DurableError} INVALID_ARGUMENT for a token of another one, or of none.
 */
export function decodeToken(listing: readonly unknown[], token: string): readonly unknown[] {
  const [print, ...place] = parse(token);
  if (print !== fingerprint(listing)) throw invalidToken();
  return place;
}

export function invalidToken(cause?: unknown): DurableError {
  return new DurableError(
    "INVALID_ARGUMENT",
    "The continuation token does not belong to this listing. Pass the token of the page before, with the same filter and order.",
    { cause },
  );
}

function parse(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(value) ? value : [];
  } catch (cause) {
    throw invalidToken(cause);
  }
}

function fingerprint(listing: readonly unknown[]): string {
  return createHash("sha256").update(JSON.stringify(listing)).digest("base64url").slice(0, 11);
}
