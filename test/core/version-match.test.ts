import { describe, expect, test } from "vitest";
import { compareVersions, type VersionMatchStrategy, versionMatches } from "../../src/core/version-match.ts";

describe("S-200: versions in their order", () => {
  test.each<[string | undefined, "<" | "=" | ">", string | undefined, string]>([
    [undefined, "=", "", "none and the empty one are the same"],
    [undefined, "<", "0", "none comes before any"],
    ["1.0", ">", "", "and any after none"],
    ["1.2", "<", "1.10", "dotted numbers go by number"],
    ["9", "<", "10", "so does one number alone"],
    ["1.0.0", "=", "01.0.0", "whatever their zeros"],
    ["1.0", "<", "1.0.0", "the shorter of two that begin alike is the older"],
    ["2", ">", "1.9.9", "the first number that differs decides"],
    ["1.0-beta", ">", "1.0", "what is no number is a text"],
    ["v2", ">", "v10", "texts go letter by letter"],
    ["Beta", "=", "beta", "without regard to case"],
    ["alpha", "<", "BETA", "also in their order"],
  ])("%s %s %s: %s", (left, sign, right) => {
    const expected = { "<": -1, "=": 0, ">": 1 }[sign];

    expect(compareVersions(left, right)).toBe(expected);
    expect(compareVersions(right, left) + 0).toBe(-expected + 0);
  });
});

describe("S-200: which instances a worker runs", () => {
  test.each<[VersionMatchStrategy, string | undefined, string | undefined, boolean]>([
    ["None", "3.0", "2.0", true],
    ["None", undefined, "2.0", true],
    ["Strict", "2.0", "2.0", true],
    ["Strict", "2.0.0", "2.0", false],
    ["Strict", "1.0", "2.0", false],
    ["Strict", undefined, "2.0", false],
    ["CurrentOrOlder", "1.0", "2.0", true],
    ["CurrentOrOlder", "2.0", "2.0", true],
    ["CurrentOrOlder", "2.1", "2.0", false],
    ["CurrentOrOlder", "10.0", "9.0", false],
    ["CurrentOrOlder", undefined, "2.0", true],
    ["CurrentOrOlder", "3.0", undefined, true],
    ["Strict", "3.0", undefined, true],
  ])("%s: an instance of %s on a worker of %s: %s", (strategy, instance, worker, runs) => {
    expect(versionMatches(instance, worker, strategy)).toBe(runs);
  });
});
