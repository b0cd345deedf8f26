import type { InstanceFilter } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { filterOf } from "./instance-filter.ts";
import { pageAsked, pageResponse } from "./page.ts";
import { statusPayload } from "./status-payload.ts";

/** GET instances (1.8). */
export async function listInstances({ query, raw, hub }: ApiRequest): Promise<Response> {
  const filter = inOrder(filterOf(query), query.text("orderBy"));
  const page = await hub.query.list(filter, pageAsked(query, raw));
  const showInput = query.flag("showInput", true);
  const payloads = page.instances.map((record) => statusPayload(record, { showInput }));
  return pageResponse(payloads, page.continuationToken);
}

/**
 * By id (H-61), where ids are what the page is found by; a filter by status or time lists newest first (decision 15).
 * `orderBy` says otherwise.
 */
function inOrder(filter: InstanceFilter, orderBy: string | undefined): InstanceFilter {
  const { statuses, createdFrom, createdTo, instanceIdPrefix } = filter;
  if (instanceIdPrefix !== undefined) return filter;
  const isByTime = statuses !== undefined || createdFrom !== undefined || createdTo !== undefined;
  const isById = orderBy === undefined ? !isByTime : orderBy.toLowerCase() === "id";
  return isById ? { ...filter, instanceIdPrefix: "" } : filter;
}
