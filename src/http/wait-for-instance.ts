import { DurableError, isDurableError } from "../core/errors.ts";
import type { ApiRequest } from "./api-request.ts";
import { instanceStatus } from "./instance-status.ts";
import { jsonResponse } from "./responses.ts";
import { jsonOf } from "./status-payload.ts";

/**
 * What a start is answered with: at once, or after a wait when the query has a `timeout` (H-33, H-34). The instance has
 * been started already, also when the wait is refused (H-39).
 *
 * @throws {DurableError} INVALID_ARGUMENT when the timeout is shorter than the polling interval.
 */
export async function startedResponse(request: ApiRequest, instanceId: string): Promise<Response> {
  const timeoutMs = request.query.seconds("timeout");
  const pollingIntervalMs = request.query.seconds("pollingInterval");
  if (timeoutMs === undefined) return checkStatusResponse(request, instanceId);
  if (pollingIntervalMs !== undefined && timeoutMs < pollingIntervalMs) {
    throw new DurableError(
      "INVALID_ARGUMENT",
      `timeout (${timeoutMs / 1000} s) must not be shorter than pollingInterval (${pollingIntervalMs / 1000} s). ` +
        `Instance '${instanceId}' was started all the same.`,
    );
  }
  return completionResponse(request, instanceId, timeoutMs);
}

/** 202, and where to look from now on (H-40). */
function checkStatusResponse(request: ApiRequest, instanceId: string): Response {
  const urls = request.urlsOf(instanceId);
  return jsonResponse(202, JSON.stringify(urls), { Location: urls.statusQueryGetUri, "Retry-After": "10" });
}

async function completionResponse(
  request: ApiRequest,
  instanceId: string,
  timeoutMs: number,
): Promise<Response> {
  const { client, query } = request.hub;
  const { signal } = request;
  const wait = (): Promise<unknown> => client.waitForCompletion(instanceId, { timeoutMs, signal });
  if (!(await hasEnded(wait, signal))) return checkStatusResponse(request, instanceId);
  const record = await query.get(instanceId);
  if (record?.status === "Completed") return jsonResponse(200, jsonOf(record.output));
  if (record === undefined) return checkStatusResponse(request, instanceId);
  return instanceStatus(request, record, false);
}

/** False when the time is up, the instance is gone, or nobody waits any more (H-48). */
async function hasEnded(wait: () => Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  try {
    await wait();
    return true;
  } catch (error) {
    const isOver = isDurableError(error, "WAIT_TIMEOUT") || isDurableError(error, "INSTANCE_NOT_FOUND");
    if (isOver || signal.aborted) return false;
    throw error;
  }
}
