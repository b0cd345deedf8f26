import { DurableError } from "../core/errors.ts";
import type { ApiRequest } from "./api-request.ts";
import { checkStatusResponse } from "./check-status-response.ts";
import { completionResponse } from "./completion-response.ts";
import { instanceStatus } from "./instance-status.ts";

/**
 * What a start is answered with: at once, or after a wait when the query has a `timeout` (H-33, H-34). The instance has
 * been started already, also when the wait is refused (H-39).
 *
 * @throws {DurableError} INVALID_ARGUMENT when the timeout is shorter than the polling interval.
 */
export async function startedResponse(request: ApiRequest, instanceId: string): Promise<Response> {
  const timeoutMs = request.query.seconds("timeout");
  const pollingIntervalMs = request.query.seconds("pollingInterval");
  if (timeoutMs === undefined) return checkStatusResponse(request.urlsOf(instanceId));
  if (pollingIntervalMs !== undefined && timeoutMs < pollingIntervalMs) {
    throw new DurableError(
      "INVALID_ARGUMENT",
      `timeout (${timeoutMs / 1000} s) must not be shorter than pollingInterval (${pollingIntervalMs / 1000} s). ` +
        `Instance '${instanceId}' was started all the same.`,
    );
  }
  return startedOrEnded(request, instanceId, timeoutMs);
}

async function startedOrEnded(request: ApiRequest, instanceId: string, timeoutMs: number): Promise<Response> {
  const { hub, signal } = request;
  return completionResponse(
    { hub, instanceId, timeoutMs, signal },
    {
      running: () => checkStatusResponse(request.urlsOf(instanceId)),
      ended: (record) => instanceStatus(request, record, false),
    },
  );
}
