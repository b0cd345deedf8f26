import { given } from "../core/given.ts";
import { type InstanceQuery, filterOf as storeFilterOf } from "../engine/instance-query.ts";
import type { InstanceFilter } from "../storage/index.ts";
import type { QueryParameters } from "./query-parameters.ts";

/** Which instances a query means. Bounds are inclusive, filters are joined by "and", statuses by "or" (H-59). */
export function instancesOf(query: QueryParameters): InstanceQuery {
  return given({
    instanceIdPrefix: query.text("instanceIdPrefix"),
    name: query.text("name"),
    runtimeStatus: query.statuses("runtimeStatus"),
    createdTimeFrom: query.time("createdTimeFrom"),
    createdTimeTo: query.time("createdTimeTo"),
  });
}

/** The same for the store. */
export function filterOf(query: QueryParameters): InstanceFilter {
  return storeFilterOf(instancesOf(query));
}
