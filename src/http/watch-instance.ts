import { isTerminal } from "../core/orchestration-status.ts";
import { watchRecord } from "../engine/watch-record.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { eventStream, serverSentEvent } from "./event-stream.ts";
import { bareResponse } from "./responses.ts";
import { statusPayload } from "./status-payload.ts";

/**
 * GET instances/{instanceId}/watch: server-sent events, one `status` now and one for each change, until the instance
 * has ended or is gone (`gone`).
 */
export async function watchInstance(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  return eventStream(changes(request, record.instanceId));
}

async function* changes({ signal, hub, query }: ApiRequest, instanceId: string): AsyncGenerator<Uint8Array> {
  const showInput = query.flag("showInput", true);
  let hasEnded = false;
  for await (const record of watchRecord(instanceId, hub.query, signal)) {
    yield serverSentEvent("status", statusPayload(record, { showInput }));
    hasEnded = isTerminal(record.status);
  }
  if (!hasEnded && !signal.aborted) yield serverSentEvent("gone", "{}");
}
