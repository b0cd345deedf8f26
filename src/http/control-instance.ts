import { isEntityId } from "../core/entity-id.ts";
import { type DurableError, isDurableError } from "../core/errors.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { bareResponse, jsonResponse, unexpectedResponse } from "./responses.ts";

/** POST instances/{instanceId}/terminate (1.12). */
export function terminate(request: ApiRequest): Promise<Response> {
  return control(request, (id, reason) => request.hub.client.terminate(id, reason));
}

/** POST instances/{instanceId}/suspend (1.12). */
export function suspend(request: ApiRequest): Promise<Response> {
  return control(request, (id, reason) => request.hub.client.suspend(id, reason));
}

/** POST instances/{instanceId}/resume (1.12). */
export function resume(request: ApiRequest): Promise<Response> {
  return control(request, (id, reason) => request.hub.client.resume(id, reason));
}

/** POST instances/{instanceId}/rewind (1.13): only what has failed can be rewound. */
export async function rewind(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  if (record.status === "Failed") {
    await request.hub.client.rewind(record.instanceId, request.query.text("reason"));
    return bareResponse(202);
  }
  if (isTerminal(record.status)) return bareResponse(410);
  return jsonResponse(
    412,
    JSON.stringify(
      `The rewind operation is only supported on failed instances. This one is ${record.status}.`,
    ),
  );
}

/** The caller learns that the message is on its way, not what came of it; a body is not looked at (H-80). */
async function control(
  request: ApiRequest,
  send: (instanceId: string, reason: string | undefined) => Promise<void>,
): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  if (isTerminal(record.status)) return bareResponse(410);
  try {
    await send(record.instanceId, request.query.text("reason"));
    return bareResponse(202);
  } catch (error) {
    if (!isDurableError(error, "INVALID_INSTANCE_STATE") || isEntityId(record.instanceId)) throw error;
    return notInThisState(await recordOf(request), error);
  }
}

/** It has ended meanwhile, or its state does not allow this: then 500, as clients know it (H-81). */
function notInThisState(record: InstanceRecord | undefined, error: DurableError): Response {
  if (record === undefined) return bareResponse(404);
  return isTerminal(record.status) ? bareResponse(410) : unexpectedResponse(error);
}

export function recordOf({ hub, path }: ApiRequest): Promise<InstanceRecord | undefined> {
  return hub.query.get(path["instanceId"] ?? "");
}
