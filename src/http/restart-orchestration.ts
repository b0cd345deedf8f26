import { isDurableError } from "../core/errors.ts";
import type { ApiRequest } from "./api-request.ts";
import { errorResponse } from "./responses.ts";
import { startedResponse } from "./wait-for-instance.ts";

/** POST instances/{instanceId}/restart (1.14). */
export async function restartOrchestration(request: ApiRequest): Promise<Response> {
  try {
    const id = await request.hub.client.restart(request.path["instanceId"] ?? "", {
      restartWithNewInstanceId: request.query.flag("restartWithNewInstanceId", true),
    });
    return await startedResponse(request, id);
  } catch (error) {
    if (!isDurableError(error, "INSTANCE_NOT_FOUND")) throw error;
    return errorResponse(400, "InstanceId does not match a valid orchestration instance.", error); // H-92
  }
}
