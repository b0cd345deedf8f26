import { DurableError } from "../core/errors.ts";

/** Milliseconds, or a text such as "30d", "90s" or "1h 30m": weeks, days, hours, minutes, seconds and milliseconds. */
export type Span = number | string;

const UNITS: Readonly<Record<string, number>> = {
  w: 7 * 24 * 3_600_000,
  d: 24 * 3_600_000,
  h: 3_600_000,
  m: 60_000,
  s: 1_000,
  ms: 1,
};

const PART = /(\d+(?:\.\d+)?)\s*(ms|[wdhms])\s*/y;

/** In milliseconds. @throws {DurableError} INVALID_ARGUMENT for what is no span of time, or a negative one */
export function spanMs(span: Span): number {
  const ms = typeof span === "number" ? span : parse(String(span).trim());
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `${JSON.stringify(span)} is no span of time that can pass. Give milliseconds, 0 or more, or a text such as "30d", "90s" or "1h 30m".`,
  );
}

/** The point in time, in milliseconds since 1970. @throws {DurableError} INVALID_ARGUMENT for what is no date */
export function timeOf(date: Date | string): number {
  const time = date instanceof Date ? date.getTime() : Date.parse(date);
  if (!Number.isNaN(time)) return time;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `${String(date)} is no date. Give a Date or a text in ISO 8601.`,
  );
}

function parse(text: string): number {
  const parts = new RegExp(PART);
  let ms = text === "" ? Number.NaN : 0;
  while (parts.lastIndex < text.length) {
    const found = parts.exec(text);
    if (found === null) return Number.NaN;
    ms += Number(found[1]) * (UNITS[found[2] ?? ""] ?? Number.NaN);
  }
  return ms;
}
