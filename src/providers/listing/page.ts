import { DurableError } from "../../core/errors.ts";
import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type {
  CompletionFilter,
  InstanceIdPage,
  InstanceRecord,
  PagePayloads,
  StatusCounts,
} from "../../storage/index.ts";
import { type CompletionCursor, encodeCompletion } from "./completion-cursor.ts";
import type { ListCursor, ListOrder } from "./list-cursor.ts";

export const MAX_PAGE_SIZE = 1000;

/** @throws {DurableError} INVALID_ARGUMENT */
export function checkPageSize(size: number): void {
  if (Number.isInteger(size) && size >= 1 && size <= MAX_PAGE_SIZE) return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `A page has 1 to ${MAX_PAGE_SIZE} instances; ${size} were asked for.`,
  );
}

export function cursorAt(record: InstanceRecord, order: ListOrder): ListCursor {
  const { instanceId, createdAt, run } = record;
  return order === "byId" ? { order, instanceId } : { order, createdAt, run };
}

/** The page that begins with these; one more than has room in it tells that there are more pages. */
export function pageOfEnded(
  taskHub: string,
  filter: CompletionFilter,
  { size, tokenAtEnd = false }: { readonly size: number; readonly tokenAtEnd: boolean | undefined },
  found: readonly CompletionCursor[],
): InstanceIdPage {
  const page = found.slice(0, size);
  const instanceIds = page.map(({ instanceId }) => instanceId);
  const last = page.at(-1);
  if (last === undefined || (found.length <= size && !tokenAtEnd)) return { instanceIds };
  return { instanceIds, continuationToken: encodeCompletion(taskHub, filter, last) };
}

export function withPayloads(record: InstanceRecord, payloads: PagePayloads = true): InstanceRecord {
  if (payloads === true) return record;
  const { input: _input, output: _output, failure, ...rest } = record;
  return payloads === "failure" && failure !== undefined ? { ...rest, failure } : rest;
}

export function emptyCounts(): Record<RuntimeStatus, number> & StatusCounts {
  return {
    Running: 0,
    Completed: 0,
    ContinuedAsNew: 0,
    Failed: 0,
    Canceled: 0,
    Terminated: 0,
    Pending: 0,
    Suspended: 0,
  };
}
