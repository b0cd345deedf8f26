import { given } from "../core/given.ts";
import type { InstanceFilter } from "../storage/index.ts";
import type { QueryParameters } from "./query-parameters.ts";

/** Which instances a query means. Bounds are inclusive, filters are joined by "and", statuses by "or" (H-59). */
export function filterOf(query: QueryParameters): InstanceFilter {
  return given({
    instanceIdPrefix: query.text("instanceIdPrefix"),
    name: query.text("name"),
    statuses: query.statuses("runtimeStatus"),
    createdFrom: query.time("createdTimeFrom")?.getTime(),
    createdTo: query.time("createdTimeTo")?.getTime(),
  });
}
