import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { ERROR_CODES } from "../../src/core/errors.ts";

const page = readFileSync(new URL("../../docs/errors.md", import.meta.url), "utf8");

const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()))
  .map(([, code = "", family = "", http = ""]) => [
    code.replaceAll("`", ""),
    { family, httpStatus: Number(http) },
  ]);

test("docs/errors.md and the code name the same errors with the same family and HTTP status", () => {
  expect(Object.fromEntries(rows)).toEqual(ERROR_CODES);
});

test("docs/errors.md names each error once", () => {
  const codes = rows.map(([code]) => code);

  expect(new Set(codes).size).toBe(codes.length);
});
