import { expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import { checkChildId, checkInstanceId } from "../../src/core/instance-id.ts";

const controls = [...Array(0x20).keys(), ...Array.from({ length: 0x21 }, (_, index) => 0x7f + index)];

test.each([
  ["of 1 character", "a"],
  ["of 256 characters", "x".repeat(256)],
  ["with blanks at both ends", " a b "],
  ["with : . % & + and @ in it", "a:b.c%d&e+f@g"],
  ["that is not ASCII", "Größe-日本-🎉"],
  ["with a no-break space, the first character after the controls", "a\u00a0b"],
])("S-1: an id %s is valid", (_what, instanceId) => {
  expect(() => checkInstanceId(instanceId)).not.toThrow();
});

test.each<[string, unknown, string]>([
  ["is empty", "", "is empty"],
  ["has 257 characters", "x".repeat(257), "has 257 characters; at most 256 are allowed"],
  ["has 129 characters outside the basic plane", "🎉".repeat(129), "has 258 characters"],
  ["starts with @", "@entity@key", 'starts with "@"'],
  ["is no text", 7, "this is of type number"],
  ["is null", null, "this is of type object"],
  ["is an object without a text form", Object.create(null), "this is of type object"],
])("S-1: an id that %s is not", (_what, instanceId, problem) => {
  expect(() => checkInstanceId(instanceId as string)).toThrow(problem);
});

test.each(["/", "\\", "?", "#", "\ud83c", "\udf89", ...controls.map((code) => String.fromCharCode(code))])(
  "S-1: an id with %j in it is not",
  (character) => {
    for (const instanceId of [character, `a${character}`, `a${character}b`]) {
      expect(() => checkInstanceId(instanceId)).toThrow(
        expect.toSatisfy((error) => isDurableError(error, "INVALID_INSTANCE_ID")),
      );
    }
  },
);

test.each([
  ["any other", "x".repeat(256), "abc"],
  ["its parent's and a number", `${"p".repeat(256)}:${"0".repeat(11)}`, "p".repeat(256)],
  ["that of a parent that has a long one itself", `${"p".repeat(400)}:0001`, "p".repeat(400)],
])("a child's id may be %s", (_what, instanceId, parentId) => {
  expect(() => checkChildId(instanceId, parentId)).not.toThrow();
});

test.each([
  ["longer than others", "x".repeat(257), "abc", "has 257 characters; at most 256 are allowed"],
  ["long without its parent's", `${"q".repeat(400)}:0001`, "p".repeat(400), "at most 256 are allowed"],
  ["its parent's and much more", `abc:${"x".repeat(300)}`, "abc", "at most 256 are allowed"],
  ["an entity's", "@x@y", "abc", 'starts with "@"'],
  ["that of its parent", "abc", "abc", "is that of its parent"],
])("a child's id may not be %s", (_what, instanceId, parentId, problem) => {
  expect(() => checkChildId(instanceId, parentId)).toThrow(problem);
});
