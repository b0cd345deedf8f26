import { describe, expect, test } from "vitest";

describe("while core tests run", () => {
  test.each([
    ["Date.now()", () => Date.now()],
    ["new Date()", () => new Date()],
    ["Date()", () => Date()],
    ["Math.random()", () => Math.random()],
  ])("%s throws", (_name, ask) => {
    expect(ask).toThrow("is locked in the core");
  });

  test("a date made from a given time is an ordinary date", () => {
    const date = new Date(Date.UTC(2024, 1, 29));

    expect(date).toBeInstanceOf(Date);
    expect(date.toISOString()).toBe("2024-02-29T00:00:00.000Z");
    expect(Date.parse("1970-01-01T00:00:01Z")).toBe(1_000);
  });
});
