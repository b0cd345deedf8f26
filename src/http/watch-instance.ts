import { isTerminal } from "../core/orchestration-status.ts";
import { watchRecord } from "../engine/watch-record.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { bareResponse } from "./responses.ts";
import { statusPayload } from "./status-payload.ts";

/**
 * GET instances/{instanceId}/watch: server-sent events, one `status` now and one for each change, until the instance
 * has ended or is gone (`gone`).
 */
export async function watchInstance(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  return new Response(ReadableStream.from(changes(request, record.instanceId)), {
    headers: { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store" },
  });
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

/** A line break in JSON text is white space, and would end the event's data. */
function serverSentEvent(name: string, json: string): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\ndata: ${json.replaceAll(/[\r\n]/g, " ")}\n\n`);
}
