import { createHash } from "node:crypto";
import { DurableError } from "../../core/errors.ts";
import type { InstanceFilter } from "../../storage/index.ts";

/** The last instance of a page, in the order of its listing. */
export type ListCursor =
  | { readonly order: "newestFirst"; readonly createdAt: number; readonly run: number }
  | { readonly order: "byId"; readonly instanceId: string };

export type ListOrder = ListCursor["order"];

export function orderOf(filter: InstanceFilter): ListOrder {
  return filter.instanceIdPrefix === undefined ? "newestFirst" : "byId";
}

/** A token names where to go on and the filter it belongs to; with another filter it would skip instances in silence. */
export function encodeToken(taskHub: string, filter: InstanceFilter, cursor: ListCursor): string {
  const place = cursor.order === "byId" ? [cursor.instanceId] : [cursor.createdAt, cursor.run];
  return Buffer.from(JSON.stringify([fingerprint(taskHub, filter), ...place])).toString("base64url");
}

/** @throws {DurableError} INVALID_ARGUMENT for a token that is not of this filter. */
export function decodeToken(taskHub: string, filter: InstanceFilter, token: string): ListCursor {
  const [filterPrint, first, second] = parse(token);
  if (filterPrint !== fingerprint(taskHub, filter)) throw invalidToken();
  if (orderOf(filter) === "byId" && typeof first === "string") return { order: "byId", instanceId: first };
  if (typeof first === "number" && typeof second === "number") {
    return { order: "newestFirst", createdAt: first, run: second };
  }
  throw invalidToken();
}

function parse(token: string): readonly unknown[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(token, "base64url").toString());
    return Array.isArray(value) ? value : [];
  } catch (cause) {
    throw invalidToken(cause);
  }
}

function invalidToken(cause?: unknown): DurableError {
  return new DurableError(
    "INVALID_ARGUMENT",
    "The continuation token does not belong to this listing. Pass the token of the page before, with the same filter.",
    { cause },
  );
}

function fingerprint(taskHub: string, filter: InstanceFilter): string {
  const { createdFrom, createdTo, statuses, instanceIdPrefix, name } = filter;
  const parts = [
    taskHub.toLowerCase(),
    createdFrom ?? null,
    createdTo ?? null,
    statuses === undefined ? null : statuses.toSorted(),
    instanceIdPrefix ?? null,
    name?.toLowerCase() ?? null,
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 11);
}
