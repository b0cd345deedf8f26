import type { ApiRequest } from "./api-request.ts";
import { jsonResponse } from "./responses.ts";

/** GET health: whether the host can reach its store. It needs no key, and tells nothing else. */
export async function health({ hub }: ApiRequest): Promise<Response> {
  try {
    await hub.query.get("health");
    return jsonResponse(200, '{"status":"healthy"}');
  } catch (error) {
    return jsonResponse(503, JSON.stringify({ status: "unhealthy", reason: reasonOf(error) }));
  }
}

/** GET ready: whether it also takes new work; a host that stops does not. */
export async function ready(request: ApiRequest): Promise<Response> {
  if (request.isStopping) return jsonResponse(503, '{"status":"stopping"}');
  const response = await health(request);
  return response.status === 200 ? jsonResponse(200, '{"status":"ready"}') : response;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
