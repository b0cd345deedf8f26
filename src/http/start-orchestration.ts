import type { ApiRequest } from "./api-request.ts";
import { readJsonBody } from "./request-body.ts";
import { errorResponse } from "./responses.ts";
import { startedResponse } from "./wait-for-instance.ts";

/** POST orchestrators/{functionName}/{instanceId?} (1.6). */
export async function startOrchestration(request: ApiRequest): Promise<Response> {
  const body = await readJsonBody(request.raw);
  if (body.type === "invalid") return errorResponse(400, "Invalid JSON content", body.error);
  const version = request.query.text("version");
  const id = await request.hub.client.startNew(request.path["functionName"] ?? "", {
    ...(body.type === "json" ? { inputText: body.text } : {}),
    ...(request.path["instanceId"] ? { instanceId: request.path["instanceId"] } : {}),
    ...(version === undefined ? {} : { version }),
  });
  return startedResponse(request, id);
}
