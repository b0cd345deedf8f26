export interface ServerSentEvent {
  readonly event: string;
  readonly data: string;
}

/** The events of a response, as they come; ends quietly when the signal says so. */
export async function* serverSentEvents(
  response: Response,
  signal: AbortSignal,
): AsyncGenerator<ServerSentEvent> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    for await (const piece of response.body ?? []) {
      text += decoder.decode(piece, { stream: true });
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) yield eventOf(block);
    }
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

function eventOf(block: string): ServerSentEvent {
  const fields = new Map(
    block.split("\n").map((line): [string, string] => {
      const [name = "", ...rest] = line.split(": ");
      return [name, rest.join(": ")];
    }),
  );
  return { event: fields.get("event") ?? "message", data: fields.get("data") ?? "" };
}
