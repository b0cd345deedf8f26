import { DurableError } from "../core/errors.ts";

/** Far longer than what instances may hold, and short of what a string can. */
const LONGEST_LINE = 256 * 1024 * 1024;

/**
 * The lines of UTF-8 bytes, as they come, without their ends. Only a line feed ends a line: the line and paragraph separators of
 * Unicode, at which node:readline splits too, may stand inside a JSON text.
 *
 * @throws {DurableError} INVALID_ARGUMENT for bytes that are not UTF-8, PAYLOAD_TOO_LARGE for a line of more than 256 Mi characters
 */
export async function* textLines(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder("utf-8", { fatal: true });
  const decode = (piece?: Uint8Array): string => {
    try {
      return piece === undefined ? decoder.decode() : decoder.decode(piece, { stream: true });
    } catch (cause) {
      throw new DurableError("INVALID_ARGUMENT", "What was to be read is not text in UTF-8.", { cause });
    }
  };
  let begun: string[] = [];
  let length = 0;
  for await (const piece of bytes) {
    const [first = "", ...rest] = decode(piece).split("\n");
    begun.push(first);
    length += first.length;
    if (length > LONGEST_LINE) {
      throw new DurableError("PAYLOAD_TOO_LARGE", `A line has more than ${LONGEST_LINE} characters.`);
    }
    for (const next of rest) {
      yield withoutReturn(begun.join(""));
      begun = [next];
      length = next.length;
    }
  }
  begun.push(decode());
  const last = begun.join("");
  if (last !== "") yield withoutReturn(last);
}

const withoutReturn = (line: string): string => (line.endsWith("\r") ? line.slice(0, -1) : line);
