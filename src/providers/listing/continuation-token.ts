import { createHash } from "node:crypto";
import { DurableError } from "../../core/errors.ts";
import type { CreationOrder, InstanceFilter } from "../../storage/index.ts";

/** The last instance of a page, in the order of its listing. */
export type ListCursor =
  | { readonly order: CreationOrder; readonly createdAt: number; readonly run: number }
  | { readonly order: "byId"; readonly instanceId: string };

export type ListOrder = ListCursor["order"];

export function orderOf(filter: InstanceFilter, order: CreationOrder = "newestFirst"): ListOrder {
  return filter.instanceIdPrefix === undefined ? order : "byId";
}

/** A token names where to go on, and the filter and order it belongs to; with others it would skip instances in silence. */
export function encodeToken(taskHub: string, filter: InstanceFilter, cursor: ListCursor): string {
  const place = cursor.order === "byId" ? [cursor.instanceId] : [cursor.createdAt, cursor.run];
  return Buffer.from(JSON.stringify([fingerprint(taskHub, filter, cursor.order), ...place])).toString(
    "base64url",
  );
}

/** @throws {DurableError} INVALID_ARGUMENT for a token that is not of this filter and order. */
export function decodeToken(
  taskHub: string,
  filter: InstanceFilter,
  order: ListOrder,
  token: string,
): ListCursor {
  const [filterPrint, first, second] = parse(token);
  if (filterPrint !== fingerprint(taskHub, filter, order)) throw invalidToken();
  if (order === "byId") {
    if (typeof first === "string") return { order, instanceId: first };
  } else if (typeof first === "number" && typeof second === "number") {
    return { order, createdAt: first, run: second };
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
    "The continuation token does not belong to this listing. Pass the token of the page before, with the same filter and order.",
    { cause },
  );
}

function fingerprint(taskHub: string, filter: InstanceFilter, order: ListOrder): string {
  const { createdFrom, createdTo, statuses, instanceIdPrefix, name } = filter;
  const parts = [
    taskHub.toLowerCase(),
    createdFrom ?? null,
    createdTo ?? null,
    statuses === undefined ? null : statuses.toSorted(),
    instanceIdPrefix ?? null,
    name?.toLowerCase() ?? null,
    ...(order === "oldestFirst" ? [order] : []),
  ];
  return createHash("sha256").update(JSON.stringify(parts)).digest("base64url").slice(0, 11);
}
