import { isTerminal } from "../core/orchestration-status.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { readJsonBody, saysJson } from "./request-body.ts";
import { bareResponse, errorResponse } from "./responses.ts";

/** POST instances/{instanceId}/raiseEvent/{eventName} (1.11). The order of the checks is part of it (H-75). */
export async function raiseEvent(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  if (isTerminal(record.status)) return bareResponse(410);
  if (!saysJson(request.raw)) {
    return errorResponse(400, "Only application/json request content is supported");
  }
  const body = await readJsonBody(request.raw);
  if (body.type === "empty")
    return errorResponse(400, "Invalid JSON content", new Error("The body is empty."));
  if (body.type === "invalid") return errorResponse(400, "Invalid JSON content", body.error);
  const name = request.path["eventName"] ?? "";
  await request.hub.checkEvent?.(name, body.text);
  await request.hub.client.raiseEvent(record.instanceId, name, undefined, { dataText: body.text });
  return bareResponse(202);
}
