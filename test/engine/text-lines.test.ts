import { expect, test } from "vitest";
import { textLines } from "../../src/engine/text-lines.ts";

async function linesOf(pieces: readonly (string | Uint8Array)[]): Promise<string[]> {
  async function* bytes() {
    for (const piece of pieces) yield typeof piece === "string" ? new TextEncoder().encode(piece) : piece;
  }
  const lines: string[] = [];
  for await (const line of textLines(bytes())) lines.push(line);
  return lines;
}

test.each([
  ["nothing", [], []],
  ["lines with an end", ["a\nb\n"], ["a", "b"]],
  ["a last line without", ["a\nb"], ["a", "b"]],
  ["empty lines", ["\n\na\n"], ["", "", "a"]],
  ["the line ends of Windows", ["a\r\nb\r\n"], ["a", "b"]],
  ["a line in many pieces", ["a", "b", "c\nd", "\n"], ["abc", "d"]],
  ["a line end in two pieces", ["a\r", "\nb"], ["a", "b"]],
  ["separators of Unicode inside a line", ['"a\u2028b\u2029c\u0085d"\n'], ['"a\u2028b\u2029c\u0085d"']],
  ["a character in two pieces", [new Uint8Array([0xc3]), new Uint8Array([0xbc, 10])], ["ü"]],
  ["a byte order mark", ["\ufeffa\n"], ["a"]],
] as const)("%s", async (_what, pieces, expected) => {
  expect(await linesOf(pieces)).toEqual(expected);
});

test.each([
  ["in the middle", [new Uint8Array([0xff, 0xfe, 10])]],
  ["cut at the end", ["a\n", new Uint8Array([0xc3])]],
])("what is no UTF-8, %s, is refused", async (_what, pieces) => {
  await expect(linesOf(pieces)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});
