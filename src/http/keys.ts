import type { QueryParameters } from "./query-parameters.ts";
import { errorResponse } from "./responses.ts";

/** full: every route. read: only those that change nothing. */
export type Access = "full" | "read";

/** Which keys open the API. */
export interface KeyRing {
  /** What this key may do; `undefined` for one nobody has been given. Takes as long for every answer. */
  accessOf(key: string): Promise<Access | undefined>;
}

/** The key a request presents: as `code`, or in the header `x-functions-key` (H-8). */
export function presentedKey(request: Request, query: QueryParameters): string | undefined {
  return query.text("code") ?? request.headers.get("x-functions-key") ?? undefined;
}

/** What a request without the right key is answered with, the same for known and unknown ids; else nothing. */
export async function refuse(
  keys: KeyRing,
  key: string | undefined,
  { isReading }: { readonly isReading: boolean },
): Promise<Response | undefined> {
  const access = key === undefined ? undefined : await keys.accessOf(key);
  if (access === undefined) {
    return errorResponse(
      401,
      "The key is missing or wrong. Pass it as the query parameter 'code' or in the header x-functions-key.",
    );
  }
  if (access === "full" || isReading) return undefined;
  return errorResponse(403, "This key is for reading only.");
}
