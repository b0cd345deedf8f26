import type { InstanceFilter } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { filterOf } from "./instance-filter.ts";
import { jsonResponse } from "./responses.ts";
import { statusPayload } from "./status-payload.ts";

const DEFAULT_PAGE = 100;
const LARGEST_PAGE = 1_000;
/** The token travels in this header, both ways (H-57). */
const TOKEN = "x-ms-continuation-token";

/** GET instances (1.8). */
export async function listInstances({ query, raw, hub }: ApiRequest): Promise<Response> {
  const continuationToken = raw.headers.get(TOKEN) ?? "";
  const page = await hub.query.list(inOrder(filterOf(query), query.text("orderBy")), {
    size: Math.min(query.count("top") ?? DEFAULT_PAGE, LARGEST_PAGE),
    ...(continuationToken === "" ? {} : { continuationToken }),
  });
  const showInput = query.flag("showInput", true);
  const payloads = page.instances.map((record) => statusPayload(record, { showInput }));
  return jsonResponse(200, `[${payloads.join(",")}]`, { [TOKEN]: page.continuationToken ?? "" });
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
