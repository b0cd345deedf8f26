import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { decodeTimestamp, encodeTimestamp } from "../../src/wire/timestamp-codec.ts";

test.each([0, 1, 999, 1_000, 1_704_164_645_123, -1, -1_001, 8_640_000_000_000_000, -8_640_000_000_000_000])(
  "%i ms comes back as it was",
  (epochMs) => {
    expect(decodeTimestamp(encodeTimestamp(epochMs))).toBe(epochMs);
  },
);

test.each<[string, bigint, number, number]>([
  ["what is finer than a millisecond is cut off", 5n, 1_999_999, 5_001],
  ["the last moment of .NET is a date", 253_402_300_799n, 999_999_900, 253_402_300_799_999],
  ["what is later than any date is the last date", 9_000_000_000_000_000_000n, 0, 8_640_000_000_000_000],
  ["what is earlier than any date is the first date", -9_000_000_000_000_000_000n, 0, -8_640_000_000_000_000],
])("%s", (_, seconds, nanos, epochMs) => {
  expect(decodeTimestamp(create(TimestampSchema, { seconds, nanos }))).toBe(epochMs);
});
