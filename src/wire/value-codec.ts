import type { MessageInitShape } from "@bufbuild/protobuf";
import { NullValue, type Value, type ValueSchema } from "@bufbuild/protobuf/wkt";

type ValueInit = MessageInitShape<typeof ValueSchema>;

/**
 * Readers of protobuf give up at a hundred messages inside each other, and a level of JSON is up to three of them. What
 * lies deeper is sent as JSON text.
 */
const MAX_DEPTH = 16;

/** A JSON value as a google.protobuf.Value. */
export function encodeValue(value: unknown, depth = 0): ValueInit {
  if (value === null || value === undefined)
    return { kind: { case: "nullValue", value: NullValue.NULL_VALUE } };
  if (typeof value === "boolean") return { kind: { case: "boolValue", value } };
  if (typeof value === "number") return { kind: { case: "numberValue", value } };
  if (typeof value === "string") return { kind: { case: "stringValue", value } };
  if (typeof value !== "object") return encodeValue(undefined);
  if (depth >= MAX_DEPTH) return { kind: { case: "stringValue", value: JSON.stringify(value) } };
  if (Array.isArray(value)) {
    const values = value.map((item: unknown) => encodeValue(item, depth + 1));
    return { kind: { case: "listValue", value: { values } } };
  }
  return { kind: { case: "structValue", value: { fields: encodeFields(value, depth + 1) } } };
}

export function encodeFields(values: object, depth = 0): Record<string, ValueInit> {
  return Object.fromEntries(Object.entries(values).map(([key, value]) => [key, encodeValue(value, depth)]));
}

/** The JSON value; what JSON cannot hold (NaN, infinities, a value without a kind) is null. */
export function decodeValue({ kind }: Value): unknown {
  switch (kind.case) {
    case "boolValue":
    case "stringValue":
      return kind.value;
    case "numberValue":
      return Number.isFinite(kind.value) ? kind.value : null;
    case "listValue":
      return kind.value.values.map(decodeValue);
    case "structValue":
      return decodeFields(kind.value.fields);
    case "nullValue":
    case undefined:
      return null;
  }
}

export function decodeFields(fields: Readonly<Record<string, Value>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, decodeValue(value)]));
}
