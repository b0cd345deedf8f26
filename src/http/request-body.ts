import { DurableError } from "../core/errors.ts";

/** The largest body that is read. */
export const MAX_BODY_BYTES = 64 * 1024 * 1024;

export type JsonBody =
  | { readonly type: "empty" }
  | { readonly type: "json"; readonly text: string }
  | { readonly type: "invalid"; readonly error: Error };

/**
 * Reads a body as JSON text, whatever its media type says, and keeps the text as it came: numbers stay as precise as
 * they were sent, and keys stay in their order (H-30, H-31).
 *
 * @throws {DurableError} PAYLOAD_TOO_LARGE
 */
export async function readJsonBody(request: Request): Promise<JsonBody> {
  const bytes = await readBytes(request);
  if (bytes.length === 0) return { type: "empty" };
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    JSON.parse(text);
    return { type: "json", text };
  } catch (error) {
    return { type: "invalid", error: error instanceof Error ? error : new Error(String(error)) };
  }
}

/** The same for a body that is JSON only when its media type says so; any other is a text, which becomes a JSON string (H-111). */
export async function readJsonOrText(request: Request): Promise<JsonBody> {
  if (saysJson(request)) return readJsonBody(request);
  const bytes = await readBytes(request);
  if (bytes.length === 0) return { type: "empty" };
  return { type: "json", text: JSON.stringify(new TextDecoder().decode(bytes)) };
}

/** Whether the media type is application/json; its parameters mean nothing. */
export function saysJson({ headers }: Request): boolean {
  return headers.get("Content-Type")?.split(";")[0]?.trim().toLowerCase() === "application/json";
}

async function readBytes(request: Request): Promise<Uint8Array> {
  if (Number(request.headers.get("Content-Length") ?? 0) > MAX_BODY_BYTES) throw tooLarge();
  const pieces: Uint8Array[] = [];
  let size = 0;
  if (request.body === null) return new Uint8Array();
  for await (const piece of request.body) {
    size += piece.length;
    if (size > MAX_BODY_BYTES) throw tooLarge();
    pieces.push(piece);
  }
  return Buffer.concat(pieces, size);
}

function tooLarge(): DurableError {
  return new DurableError(
    "PAYLOAD_TOO_LARGE",
    `The body of the request is larger than ${MAX_BODY_BYTES} bytes (64 MB). ` +
      "Keep large data elsewhere and pass a reference to it.",
  );
}
