import { expect, test } from "vitest";
import { isAffected } from "../../src/providers/sqlite/kept-handles.ts";

test.each([
  ["20.19.0", "12.11.1", false],
  ["24.18.1", "12.11.1", false],
  ["24.19.0", "12.11.1", true],
  ["24.21.0", "13.2.0", false],
  ["25.0.0", "12.9.0", true],
  ["26.10.0", "12.11.1", true],
  ["26.10.0", "13.0.0", false],
])("Node.js %s with driver %s keeps its handles: %s", (node, driver, expected) => {
  expect(isAffected(node, driver)).toBe(expected);
});
