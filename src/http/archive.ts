import { exportHistory } from "../engine/export-history.ts";
import { importHistory } from "../engine/import-history.ts";
import { textLines } from "../engine/text-lines.ts";
import type { ApiRequest } from "./api-request.ts";
import { filterOf } from "./instance-filter.ts";

/** GET export: instances with their whole histories, as lines of an archive. */
export async function exportInstances({ hub, query }: ApiRequest): Promise<Response> {
  const instanceId = query.text("instanceId");
  const filter = instanceId === undefined ? filterOf(query) : { instanceId };
  return ndjson(exportHistory(hub.client.taskHubName, hub.query, filter));
}

/**
 * POST import: brings the instances of an archive into the hub. The answer has a line for each while it goes on, and at the
 * end one that says `done`, or `failed` and why.
 */
export async function importInstances({ hub, raw }: ApiRequest): Promise<Response> {
  return ndjson(outcomes(importHistory(textLines(bytesOf(raw)), hub.client)));
}

async function* bytesOf({ body }: Request): AsyncGenerator<Uint8Array> {
  if (body !== null) yield* body;
}

async function* outcomes(imported: ReturnType<typeof importHistory>): AsyncGenerator<string> {
  const count = { imported: 0, skipped: 0 };
  try {
    for await (const each of imported) {
      count[each.type] += 1;
      yield JSON.stringify(each);
    }
    yield JSON.stringify({ type: "done", ...count });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    yield JSON.stringify({ type: "failed", message, ...count });
  }
}

/** What goes wrong before the first line is an error like any other; after that the answer is on its way. */
async function ndjson(lines: AsyncGenerator<string>): Promise<Response> {
  const first = await lines.next();
  return new Response(ReadableStream.from(encoded(first, lines)), {
    headers: { "Content-Type": "application/x-ndjson; charset=utf-8" },
  });
}

async function* encoded(
  first: IteratorResult<string>,
  lines: AsyncIterable<string>,
): AsyncGenerator<Uint8Array> {
  const encoder = new TextEncoder();
  if (!first.done) yield encoder.encode(`${first.value}\n`);
  for await (const line of lines) yield encoder.encode(`${line}\n`);
}
