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
  const page = await hub.query.list(filterOf(query), {
    size: Math.min(query.count("top") ?? DEFAULT_PAGE, LARGEST_PAGE),
    ...(continuationToken === "" ? {} : { continuationToken }),
  });
  const showInput = query.flag("showInput", true);
  const payloads = page.instances.map((record) => statusPayload(record, { showInput }));
  return jsonResponse(200, `[${payloads.join(",")}]`, { [TOKEN]: page.continuationToken ?? "" });
}
