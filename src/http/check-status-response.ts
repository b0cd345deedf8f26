import type { ManagementUrls } from "./management-urls.ts";
import { jsonResponse } from "./responses.ts";

/** 202, and where to look from now on (H-40). */
export function checkStatusResponse(urls: ManagementUrls): Response {
  return jsonResponse(202, JSON.stringify(urls), { Location: urls.statusQueryGetUri, "Retry-After": "10" });
}
