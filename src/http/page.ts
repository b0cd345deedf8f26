import { MAX_PAGE_BYTES } from "../engine/instance-query.ts";
import type { QueryParameters } from "./query-parameters.ts";
import { jsonResponse } from "./responses.ts";

const DEFAULT_SIZE = 100;
const LARGEST_SIZE = 1_000;
/** The token travels in this header, both ways (H-57). */
const TOKEN = "x-ms-continuation-token";

/** Which page of a list is asked for. */
export interface PageAsked {
  readonly size: number;
  readonly maxBytes: number;
  readonly continuationToken?: string;
}

export function pageAsked(query: QueryParameters, { headers }: Request): PageAsked {
  const continuationToken = headers.get(TOKEN) ?? "";
  return {
    size: Math.min(query.count("top") ?? DEFAULT_SIZE, LARGEST_SIZE),
    maxBytes: MAX_PAGE_BYTES,
    ...(continuationToken === "" ? {} : { continuationToken }),
  };
}

/** 200 with these JSON texts; the token is empty on the last page (H-56). */
export function pageResponse(payloads: readonly string[], continuationToken: string | undefined): Response {
  return jsonResponse(200, `[${payloads.join(",")}]`, { [TOKEN]: continuationToken ?? "" });
}
