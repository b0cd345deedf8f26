import type { CreationOrder, InstanceFilter } from "../../storage/index.ts";
import { decodeToken, encodeToken, invalidToken } from "./continuation-token.ts";

/** The last instance of a page, in the order of its listing. */
export type ListCursor =
  | { readonly order: CreationOrder; readonly createdAt: number; readonly run: number }
  | { readonly order: "byId"; readonly instanceId: string };

export type ListOrder = ListCursor["order"];

export function orderOf(filter: InstanceFilter, order: CreationOrder = "newestFirst"): ListOrder {
  return filter.instanceIdPrefix === undefined ? order : "byId";
}

export function encodeCursor(taskHub: string, filter: InstanceFilter, cursor: ListCursor): string {
  const place = cursor.order === "byId" ? [cursor.instanceId] : [cursor.createdAt, cursor.run];
  return encodeToken(listingOf(taskHub, filter, cursor.order), place);
}

/** @throws {DurableError} INVALID_ARGUMENT for a token that is not of this filter and order. */
export function decodeCursor(
  taskHub: string,
  filter: InstanceFilter,
  order: ListOrder,
  token: string,
): ListCursor {
  const [first, second] = decodeToken(listingOf(taskHub, filter, order), token);
  if (order === "byId") {
    if (typeof first === "string") return { order, instanceId: first };
  } else if (typeof first === "number" && typeof second === "number") {
    return { order, createdAt: first, run: second };
  }
  throw invalidToken();
}

function listingOf(taskHub: string, filter: InstanceFilter, order: ListOrder): readonly unknown[] {
  const { createdFrom, createdTo, statuses, instanceIdPrefix, name } = filter;
  return [
    taskHub.toLowerCase(),
    createdFrom ?? null,
    createdTo ?? null,
    statuses === undefined ? null : statuses.toSorted(),
    instanceIdPrefix ?? null,
    name?.toLowerCase() ?? null,
    ...(order === "oldestFirst" ? [order] : []),
  ];
}
