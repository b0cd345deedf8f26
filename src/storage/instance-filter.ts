import { isTerminal, TERMINAL_STATUSES } from "../core/orchestration-status.ts";
import type { CompletionFilter, InstanceFilter, InstanceRecord } from "./instance-record.ts";

type Filterable = Pick<InstanceRecord, "instanceId" | "name" | "status" | "createdAt">;

export function matchesFilter(filter: InstanceFilter, row: Filterable): boolean {
  const { createdFrom, createdTo, statuses, instanceIdPrefix, name } = filter;
  return (
    (createdFrom === undefined || row.createdAt >= createdFrom) &&
    (createdTo === undefined || row.createdAt <= createdTo) &&
    (statuses === undefined || statuses.includes(row.status)) &&
    (instanceIdPrefix === undefined || beginsWith(row.instanceId, instanceIdPrefix)) &&
    (name === undefined || row.name.toLowerCase() === name.toLowerCase())
  );
}

/** An instance whose end has no time, as of a history from elsewhere, is in no listing by completion. */
export function matchesCompletion<Row extends Pick<InstanceRecord, "status" | "completedAt">>(
  { completedFrom, completedTo, statuses }: CompletionFilter,
  row: Row,
): row is Row & { readonly completedAt: number } {
  return (
    isTerminal(row.status) &&
    row.completedAt !== undefined &&
    (completedFrom === undefined || row.completedAt >= completedFrom) &&
    (completedTo === undefined || row.completedAt <= completedTo) &&
    (statuses === undefined || statuses.includes(row.status))
  );
}

/** By code points: half of a surrogate pair does not begin it. */
function beginsWith(instanceId: string, prefix: string): boolean {
  return instanceId.startsWith(prefix) && !splitsPair(instanceId, prefix.length);
}

function splitsPair(text: string, at: number): boolean {
  return (text.codePointAt(at - 1) ?? 0) > 0xffff;
}

/** What a purge by this filter may touch. */
export function terminalOnly(filter: InstanceFilter): InstanceFilter {
  const wanted = filter.statuses ?? TERMINAL_STATUSES;
  return { ...filter, statuses: wanted.filter((status) => TERMINAL_STATUSES.includes(status)) };
}
