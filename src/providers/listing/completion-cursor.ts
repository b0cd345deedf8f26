import type { CompletionFilter } from "../../storage/index.ts";
import { decodeToken, encodeToken, invalidToken } from "./continuation-token.ts";

/** The last instance of a page of a listing by completion. */
export interface CompletionCursor {
  readonly completedAt: number;
  readonly instanceId: string;
}

/** Negative when the left one comes first. */
export function compareCompletion(left: CompletionCursor, right: CompletionCursor): number {
  return left.completedAt - right.completedAt || compareIds(left.instanceId, right.instanceId);
}

/** By code points, as a database has them, where strings of JavaScript are compared by UTF-16 units. */
export function compareIds(left: string, right: string): number {
  return Buffer.compare(Buffer.from(left), Buffer.from(right));
}

export function encodeCompletion(
  taskHub: string,
  filter: CompletionFilter,
  cursor: CompletionCursor,
): string {
  return encodeToken(listingOf(taskHub, filter), [cursor.completedAt, cursor.instanceId]);
}

/** @throws {DurableError} INVALID_ARGUMENT for a token that is not of this filter. */
export function decodeCompletion(taskHub: string, filter: CompletionFilter, token: string): CompletionCursor {
  const [completedAt, instanceId] = decodeToken(listingOf(taskHub, filter), token);
  if (typeof completedAt === "number" && typeof instanceId === "string") return { completedAt, instanceId };
  throw invalidToken();
}

function listingOf(
  taskHub: string,
  { completedFrom, completedTo, statuses }: CompletionFilter,
): readonly unknown[] {
  return [
    "byCompletion",
    taskHub.toLowerCase(),
    completedFrom ?? null,
    completedTo ?? null,
    statuses === undefined ? null : statuses.toSorted(),
  ];
}
