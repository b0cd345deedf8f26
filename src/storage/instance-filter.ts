import { TERMINAL_STATUSES } from "../core/orchestration-status.ts";
import type { InstanceFilter, InstanceRecord } from "./instance-record.ts";

type Filterable = Pick<InstanceRecord, "instanceId" | "name" | "status" | "createdAt">;

export function matchesFilter(filter: InstanceFilter, row: Filterable): boolean {
  const { createdFrom, createdTo, statuses, instanceIdPrefix, name } = filter;
  return (
    (createdFrom === undefined || row.createdAt >= createdFrom) &&
    (createdTo === undefined || row.createdAt <= createdTo) &&
    (statuses === undefined || statuses.includes(row.status)) &&
    (instanceIdPrefix === undefined || row.instanceId.startsWith(instanceIdPrefix)) &&
    (name === undefined || row.name.toLowerCase() === name.toLowerCase())
  );
}

/** What a purge by this filter may touch. */
export function terminalOnly(filter: InstanceFilter): InstanceFilter {
  const wanted = filter.statuses ?? TERMINAL_STATUSES;
  return { ...filter, statuses: wanted.filter((status) => TERMINAL_STATUSES.includes(status)) };
}
