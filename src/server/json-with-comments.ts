const STRING_OR_COMMENT = /"(?:\\.|[^"\\\n])*"|\/\/[^\n]*|\/\*[\s\S]*?\*\//g;
const STRING_OR_TRAILING_COMMA = /"(?:\\.|[^"\\\n])*"|,(?=\s*[}\]])/g;

/**
 * Parses JSON as host.json is written: comments and commas after the last element are allowed.
 *
 * @throws {SyntaxError} with line and column where they are known.
 */
export function parseJsonWithComments(text: string): unknown {
  const json = text
    .replace(/^\uFEFF/, " ")
    .replace(STRING_OR_COMMENT, blankUnlessString)
    .replace(STRING_OR_TRAILING_COMMA, blankUnlessString);
  try {
    return JSON.parse(json) as unknown;
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause);
    throw new SyntaxError(withPlace(message, json), { cause });
  }
}

/** Blanks keep every other character where it was, so that a position in an error is right. */
function blankUnlessString(match: string): string {
  return match.startsWith('"') ? match : match.replace(/[^\n]/g, " ");
}

function withPlace(message: string, json: string): string {
  const position = /at position (\d+)/.exec(message)?.[1];
  if (position === undefined) return message;
  const before = json.slice(0, Number(position)).split("\n");
  const place = `line ${before.length}, column ${(before.at(-1)?.length ?? 0) + 1}`;
  return `${message.replace(/ at position .*$/, "")} (${place})`;
}
