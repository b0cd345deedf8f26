import { describe, expect, test } from "vitest";
import { QueryParameters } from "../../src/http/query-parameters.ts";

const parse = (query: string) => new QueryParameters(new URL(`http://hub.example/?${query}`));

describe("text", () => {
  test.each([
    ["taskHub=A", "A"],
    ["TASKHUB=A", "A"],
    ["taskhub=A", "A"],
    ["%74askHub=A", "A"],
    ["+taskHub+=+A+B+", "A B"],
    ["taskHub=%20A%2CB%20", "A,B"],
    ["taskHub=A&TaskHub=B", "A,B"],
  ])("H-11 names have no case, values are decoded, trimmed and joined: %s", (query, expected) => {
    expect(parse(query).text("taskHub")).toBe(expected);
  });

  test.each(["", "taskHub", "taskHub=", "taskHub=%20%20", "other=1"])("H-9 nothing is in %s", (query) => {
    expect(parse(query).text("taskHub")).toBeUndefined();
  });
});

describe("flag", () => {
  test.each(["true", "TRUE", "True", "%20true%20"])("H-12 %s is true", (value) => {
    expect(parse(`showInput=${value}`).flag("showInput", false)).toBe(true);
  });

  test.each(["false", "FALSE", "+false"])("H-12 %s is false", (value) => {
    expect(parse(`showInput=${value}`).flag("showInput", true)).toBe(false);
  });

  test.each(["1", "0", "yes", "no", "", "tru", "true,true"])("H-12 %s is the default", (value) => {
    const query = parse(`showInput=${value}`);

    expect([query.flag("showInput", true), query.flag("showInput", false)]).toEqual([true, false]);
  });
});

describe("seconds", () => {
  test.each([
    ["10", 10_000],
    ["0", 0],
    ["0.25", 250],
    [".5", 500],
    ["-1", -1000],
    ["%2B2", 2000],
  ])("H-16 %s is a number of seconds", (value, expected) => {
    expect(parse(`timeout=${value}`).seconds("timeout")).toBe(expected);
  });

  test.each(["", "ten", "1e3", "0x10", "1,5", "Infinity", "NaN", "5s"])("H-16 %s is absent", (value) => {
    expect(parse(`timeout=${value}`).seconds("timeout")).toBeUndefined();
  });
});
