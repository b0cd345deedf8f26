import type { HubChange } from "../engine/watch-hub.ts";
import type { ApiRequest } from "./api-request.ts";
import { eventStream, serverSentEvent } from "./event-stream.ts";
import { instancesOf } from "./instance-filter.ts";
import { statusPayload } from "./status-payload.ts";

/**
 * GET watch: server-sent events, one `status` for each change of an instance that matches, and `missed` when so many
 * changed at once that the caller has to list them. It ends when the host no longer runs the hub. A comment comes first, so
 * that the caller knows from when on it is told.
 */
export async function watchInstances({ hub, query, signal }: ApiRequest): Promise<Response> {
  const changes = hub.client.watchAll(instancesOf(query), { signal });
  return eventStream(events(changes, query.flag("showInput", true)));
}

async function* events(changes: AsyncIterable<HubChange>, showInput: boolean): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(": watching\n\n");
  for await (const change of changes) {
    yield change.type === "missed"
      ? serverSentEvent("missed", "{}")
      : serverSentEvent("status", statusPayload(change.record, { showInput }));
  }
}
