import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { bareResponse, jsonResponse } from "./responses.ts";
import { statusPayload } from "./status-payload.ts";

/** GET instances/{instanceId} (1.7). */
export async function getStatus(request: ApiRequest): Promise<Response> {
  const record = await request.hub.query.get(request.path["instanceId"] ?? "");
  if (record === undefined) return bareResponse(404);
  return instanceStatus(request, record, request.query.flag("returnInternalServerErrorOnFailure", false));
}

/** The status of an instance, with what the query wants to see of it, under the HTTP status that fits (H-50). */
export async function instanceStatus(
  request: ApiRequest,
  record: InstanceRecord,
  failureIsServerError: boolean,
): Promise<Response> {
  const showInput = request.query.flag("showInput", true);
  const historyEvents = await historyOf(request, record, showInput);
  const payload = statusPayload(record, { showInput, ...(historyEvents ? { historyEvents } : {}) });
  switch (phaseOf(record.status)) {
    case "live":
      return jsonResponse(202, payload, { Location: request.raw.url, "Retry-After": "5" });
    case "failed":
      return jsonResponse(failureIsServerError ? 500 : 200, payload);
    case "ended":
      return jsonResponse(200, payload);
  }
}

async function historyOf(request: ApiRequest, record: InstanceRecord, showInput: boolean) {
  if (!request.query.flag("showHistory", false)) return undefined;
  const status = await request.hub.client.getStatus(record.instanceId, {
    showHistory: true,
    showHistoryOutput: request.query.flag("showHistoryOutput", false),
    showInput,
  });
  return status?.historyEvents;
}

function phaseOf(status: RuntimeStatus): "live" | "failed" | "ended" {
  switch (status) {
    case "Pending":
    case "Running":
    case "Suspended":
    case "ContinuedAsNew":
      return "live";
    case "Failed":
      return "failed";
    case "Completed":
    case "Terminated":
    case "Canceled":
      return "ended";
  }
}
