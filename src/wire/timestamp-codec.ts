import { create } from "@bufbuild/protobuf";
import { type Timestamp, TimestampSchema } from "@bufbuild/protobuf/wkt";

/** The first and the last moment a Date can hold; SDKs send later ones for "never". */
const MAX_MS = 8_640_000_000_000_000;

export function encodeTimestamp(epochMs: number, finerNanos = 0): Timestamp {
  const seconds = Math.floor(epochMs / 1_000);
  const nanos = Math.floor((epochMs - seconds * 1_000) * 1_000_000) + finerNanos;
  return create(TimestampSchema, { seconds: BigInt(seconds), nanos });
}

/** Milliseconds since 1970. What is finer is cut off, as in every SDK that counts in milliseconds. */
export function decodeTimestamp({ seconds, nanos }: Timestamp): number {
  const epochMs = Number(seconds) * 1_000 + Math.floor(nanos / 1_000_000);
  return Math.max(-MAX_MS, Math.min(epochMs, MAX_MS));
}

/** What `decodeTimestamp` cuts off, in nanoseconds; `undefined` for nothing. */
export function decodeFinerNanos(timestamp: Timestamp | undefined): number | undefined {
  const nanos = (timestamp?.nanos ?? 0) % 1_000_000;
  return nanos === 0 ? undefined : nanos;
}

export function encodeOptionalTimestamp(
  epochMs: number | undefined,
  finerNanos?: number,
): Timestamp | undefined {
  return epochMs === undefined ? undefined : encodeTimestamp(epochMs, finerNanos);
}

export function decodeOptionalTimestamp(timestamp: Timestamp | undefined): number | undefined {
  return timestamp === undefined ? undefined : decodeTimestamp(timestamp);
}
