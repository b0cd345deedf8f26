/*
 * SQLite compares ids by the bytes of their UTF-8, which is the order of their code points. The end of a range of ids may
 * be missing: no text is above all others. Then it is a blob, which is.
 */

const LAST_CHARACTER = "\u{10ffff}";
const LAST_BEFORE_SURROGATES = 0xd7ff;
const FIRST_AFTER_SURROGATES = 0xe000;

/** The smallest text above the given one. */
export function successorOf(instanceId: string): string {
  return `${instanceId}\0`;
}

/** The smallest text above all that begin with the prefix; `undefined` where there is none. */
export function endOfPrefix(prefix: string): string | undefined {
  let end = prefix.length;
  while (prefix.endsWith(LAST_CHARACTER, end)) end -= LAST_CHARACTER.length;
  if (end === 0) return undefined;
  const at = (prefix.codePointAt(end - 2) ?? 0) > 0xffff ? end - 2 : end - 1;
  const last = prefix.codePointAt(at) ?? 0;
  return (
    prefix.slice(0, at) +
    String.fromCodePoint(last === LAST_BEFORE_SURROGATES ? FIRST_AFTER_SURROGATES : last + 1)
  );
}

/** SQL: the column is below the parameter, or anything when that is null. */
export function isBelow(column: string): string {
  return `${column} < coalesce(?, x'')`;
}

/** SQL: the column is at most the parameter, or anything when that is null. */
export function isUpTo(column: string): string {
  return `${column} <= coalesce(?, x'')`;
}
