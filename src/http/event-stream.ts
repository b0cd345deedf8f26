/** Server-sent events. The next one is made when the caller has taken the one before. */
export function eventStream(events: AsyncIterable<Uint8Array>): Response {
  return new Response(ReadableStream.from(events), {
    headers: { "Content-Type": "text/event-stream; charset=utf-8", "Cache-Control": "no-store" },
  });
}

/** A line break in JSON text is white space, and would end the event's data. */
export function serverSentEvent(name: string, json: string): Uint8Array {
  return new TextEncoder().encode(`event: ${name}\ndata: ${json.replaceAll(/[\r\n]/g, " ")}\n\n`);
}
