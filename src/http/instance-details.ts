import { decodeChunk } from "../core/history-chunk.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { filterOf } from "./instance-filter.ts";
import { bareResponse, jsonResponse } from "./responses.ts";

/** GET instances/{instanceId}/history: every event of the current execution as it is stored, one JSON object a line. */
export async function streamHistory(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  return new Response(ReadableStream.from(historyLines(request, record)), {
    headers: { "Content-Type": "application/x-ndjson; charset=utf-8" },
  });
}

/** A chunk at a time, so that a long history is never in memory as a whole. */
async function* historyLines({ hub }: ApiRequest, record: InstanceRecord): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  for await (const chunk of hub.query.history(record.instanceId)) {
    const lines = decodeChunk(chunk, record).map((event) => `${JSON.stringify(event)}\n`);
    yield encoder.encode(lines.join(""));
  }
}

/** GET instances/{instanceId}/waiting: why it has not ended; 410 when it has. */
export async function whyWaiting(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  const explanation = await request.hub.client.whyWaiting(record.instanceId);
  return explanation === undefined ? bareResponse(410) : jsonResponse(200, JSON.stringify(explanation));
}

/** GET counts: how many instances have which status, all or by prefix, name and time of creation. */
export async function countInstances({ query, hub }: ApiRequest): Promise<Response> {
  const { statuses: _, ...filter } = filterOf(query);
  return jsonResponse(200, JSON.stringify(await hub.query.count(filter)));
}
