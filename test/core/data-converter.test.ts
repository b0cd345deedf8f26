import fc from "fast-check";
import { expect, test } from "vitest";
import {
  checkPayload,
  fromJsonText,
  MAX_PAYLOAD_CHARACTERS,
  toJsonText,
} from "../../src/core/data-converter.ts";
import { isDurableError } from "../../src/core/errors.ts";

const cyclic: Record<string, unknown> = {};
cyclic["self"] = cyclic;

const unwilling = {
  toJSON: () => {
    throw new Error("I will not");
  },
};

test("S-12: undefined has no text", () => {
  expect(toJsonText(undefined, "It")).toBeUndefined();
});

test("a value that JSON can hold comes back as it was", () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      expect(JSON.stringify(fromJsonText(toJsonText(value, "It")))).toBe(JSON.stringify(value));
    }),
    { seed: 20_240_102 },
  );
});

test.each<[string, unknown, string]>([
  ["a BigInt", 1n, "It cannot be written as JSON: Do not know how to serialize a BigInt"],
  ["a cycle", cyclic, "It cannot be written as JSON: Converting circular structure"],
  ["a function", () => 1, "It cannot be written as JSON: it is a function."],
  ["a symbol", Symbol("s"), "It cannot be written as JSON: it is a symbol."],
  ["an object that refuses", unwilling, "It cannot be written as JSON: I will not"],
])("%s has none either, and the error says why", (_what, value, message) => {
  expect(() => toJsonText(value, "It")).toThrow(
    expect.toSatisfy(
      (error) =>
        isDurableError(error, "INPUT_NOT_SERIALIZABLE") && (error as Error).message.startsWith(message),
    ),
  );
});

test("a text above the limit is refused with its size", () => {
  const text = "x".repeat(MAX_PAYLOAD_CHARACTERS + 1);

  expect(() => checkPayload(text, "It")).toThrow(
    expect.toSatisfy(
      (error) =>
        isDurableError(error, "PAYLOAD_TOO_LARGE") &&
        /It has 67108865 characters/.test((error as Error).message),
    ),
  );
});

test.each<[string | undefined | null, unknown]>([
  [undefined, undefined],
  [null, undefined],
  ["null", null],
  ["", ""],
  [" \n", ""],
  ["not JSON", "not JSON"],
  ['"text"', "text"],
  ["12345678901234567890", Number("12345678901234567890")],
])("H-24: the stored text %j is read as %j", (text, value) => {
  expect(fromJsonText(text)).toEqual(value);
});
