import { describe, expect, test } from "vitest";
import { deterministicGuid, guidTime, NEW_GUID_NAMESPACE } from "../../src/core/deterministic-guid.ts";
import { isDurableError } from "../../src/core/errors.ts";
import { sha1 } from "../../src/core/sha1.ts";
import { utf8 } from "../../src/core/utf8.ts";
import { SECOND, T0, taskCompleted, timerFired } from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

const IN_PROCESS_NAMESPACE = "9e952959-5e33-4daf-827f-2fa12937b875";

describe("newGuid", () => {
  test.each([
    ["S-121: in-process .NET", IN_PROCESS_NAMESPACE, 0, "34994850-4d2c-56e3-af45-19cc3dc621bf"],
    ["S-121: in-process .NET", IN_PROCESS_NAMESPACE, 1, "cadbb7bc-d3bf-58ac-a49b-cf71c3c32240"],
    ["S-122: .NET isolated", NEW_GUID_NAMESPACE, 0, "706797c6-62d8-589a-8b95-ec0e0c03129c"],
    ["S-122: .NET isolated", NEW_GUID_NAMESPACE, 1, "6741c6a0-7ac1-5d7f-b602-659bcb802c00"],
  ])("%s gives the vector of namespace %s and counter %i", (_sdk, namespace, counter, expected) => {
    expect(deterministicGuid("abc123", "2024-01-02T03:04:05.1234567Z", counter, namespace)).toBe(expected);
  });

  test.each([
    [0, "fd5a5dd8-18c6-5683-bc20-50ee6ac5484f"],
    [1, "655d8e23-d3a8-5922-816b-93493855f821"],
  ])(
    "S-122: a time of three digits gives the vector of the JavaScript SDK for counter %i",
    (counter, expected) => {
      expect(deterministicGuid("abc123", "2024-01-02T03:04:05.123Z", counter)).toBe(expected);
    },
  );

  test("S-123: uses the namespace of .NET isolated and a time of seven digits", async () => {
    const at = T0 + 123;
    const run = await orchestrate(
      function* (context) {
        yield context.callActivity("work");
        return [context.newGuid(), context.newGuid()];
      },
      { at, messages: [taskCompleted(0)] },
    );

    expect(guidTime(at)).toBe("2024-01-02T03:04:05.1230000Z");
    expect(run.end?.output).toEqual(
      [0, 1].map((n) => deterministicGuid("abc123", "2024-01-02T03:04:05.1230000Z", n)),
    );
  });

  test("S-120: counts on through the episodes of an execution", async () => {
    const run = await orchestrate(
      function* (context) {
        const guids = [context.newGuid()];
        yield context.callActivity("work");
        guids.push(context.newGuid(), context.newGuid());
        return guids;
      },
      [taskCompleted(0)],
    );

    expect(run.end?.output).toEqual([
      deterministicGuid("abc123", guidTime(T0), 0),
      deterministicGuid("abc123", guidTime(T0 + SECOND), 1),
      deterministicGuid("abc123", guidTime(T0 + SECOND), 2),
    ]);
  });

  test("S-121: starting an orchestration without an id takes a number of the counter", async () => {
    const run = await orchestrate((context) => [context.startOrchestration("Other"), context.newGuid()]);

    expect(run.end?.output).toEqual([0, 1].map((n) => deterministicGuid("abc123", guidTime(T0), n)));
  });
});

describe("SHA-1", () => {
  const hex = (text: string): string =>
    Array.from(sha1(utf8(text)), (byte) => byte.toString(16).padStart(2, "0")).join("");

  test.each([
    ["", "da39a3ee5e6b4b0d3255bfef95601890afd80709"],
    ["abc", "a9993e364706816aba3e25717850c26c9cd0d89d"],
    ["abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq", "84983e441c3bd26ebaae4aa1f95129e5e54670f1"],
    ["a".repeat(1_000_000), "34aa973cd4c4daa4f61eeb2bdbad27316534016f"],
  ])("of %.20s is the digest of the standard", (text, digest) => {
    expect(hex(text)).toBe(digest);
  });

  test.each([55, 56, 63, 64, 65, 119, 120])("of %i bytes is what Node.js says", async (length) => {
    const { createHash } = await import("node:crypto");
    const text = "x".repeat(length);

    expect(hex(text)).toBe(createHash("sha1").update(text).digest("hex"));
  });
});

test.each(["", "plain", "ÄÖÜ", "日本語", "𝒳 and 🎉", "\ud800 alone", "\u0000\u007f\u0080\u07ff\u0800\uffff"])(
  "the UTF-8 bytes of %j are those of TextEncoder",
  (text) => {
    expect(utf8(text)).toEqual(new TextEncoder().encode(text));
  },
);

describe("the clock of an orchestration", () => {
  test("S-31: stands still within an episode and is the time of the episode", async () => {
    const run = await orchestrate(
      function* (context) {
        const times = [context.currentTime];
        yield context.callActivity("a");
        times.push(context.currentTime);
        yield context.callActivity("b");
        times.push(context.currentTime);
        return times;
      },
      { at: T0 + 500, messages: [taskCompleted(0)] },
      { at: T0 + 999, messages: [taskCompleted(1)] },
    );

    expect(run.end?.output).toEqual([T0, T0 + 500, T0 + 999]);
  });

  test("S-31: never goes back, although the clock of the host does", async () => {
    const run = await orchestrate(
      function* (context) {
        const times = [context.currentTime];
        yield context.callActivity("a");
        times.push(context.currentTime);
        yield context.createTimer(context.currentTime + SECOND);
        times.push(context.currentTime);
        return [...times, context.newGuid()];
      },
      { at: T0 - 5 * SECOND, messages: [taskCompleted(0)] },
      { at: T0 - 3 * SECOND, messages: [timerFired(1)] },
    );

    expect(run.end?.output).toEqual([T0, T0, T0, deterministicGuid("abc123", guidTime(T0), 0)]);
  });

  test("S-31: does not move with an episode that leaves no trace", async () => {
    const run = await orchestrate(
      function* (context) {
        yield context.callActivity("work");
        return context.currentTime;
      },
      { at: T0 + 9 * SECOND, messages: [taskCompleted(7)] },
      { at: T0 + 5 * SECOND, messages: [taskCompleted(0)] },
    );

    expect(run.end?.output).toBe(T0 + 5 * SECOND);
  });
});

test("S-124: isReplaying is true while the past is applied, and false for what is new", async () => {
  const seen: boolean[][] = [];
  const run = await orchestrate(
    {
      alsoAsync: false,
      *handler(context) {
        const log: boolean[] = [];
        seen.push(log);
        log.push(context.isReplaying);
        yield context.callActivity("a");
        log.push(context.isReplaying);
        yield context.callActivity("b");
        log.push(context.isReplaying);
      },
    },
    [taskCompleted(0)],
    [taskCompleted(1)],
  );

  expect(run.end?.status).toBe("Completed");
  expect(seen).toEqual([[false, false, false], [false], [true, false], [true, true, false]]);
});

describe("the custom status", () => {
  test("S-125: is handed out by the episode that set it, and the last one counts", async () => {
    const run = await orchestrate(
      function* (context) {
        context.setCustomStatus("first");
        context.setCustomStatus({ step: 1 });
        yield context.callActivity("a");
        yield context.callActivity("b");
        context.setCustomStatus(null);
        yield context.callActivity("c");
        context.setCustomStatus(undefined);
      },
      [taskCompleted(0)],
      [taskCompleted(1)],
      [taskCompleted(2)],
    );

    expect(run.episodes.map((each) => each.customStatus)).toEqual([
      { value: { step: 1 } },
      undefined,
      { value: null },
      { value: undefined },
    ]);
  });

  test.each([
    ["16 KB", 8 * 1_024, true],
    ["one character less than 17 KB", 17 * 512 - 1, true],
    ["17 KB", 17 * 512, false],
    ["a megabyte", 512 * 1_024, false],
  ])("S-125: of %s of UTF-16 text is within the limit: %3$s", async (_size, characters, allowed) => {
    const value = "x".repeat(characters - '""'.length);

    const run = await orchestrate((context) => {
      try {
        context.setCustomStatus(value);
        return "set";
      } catch (error) {
        return isDurableError(error, "CUSTOM_STATUS_TOO_LARGE") ? (error as Error).message : "other";
      }
    });

    if (allowed) expect(run.end?.output).toBe("set");
    else expect(run.end?.output).toMatch(/has \d+ KB of UTF-16 text; at most 16 KB are allowed/);
    expect(run.last.customStatus).toEqual(allowed ? { value } : undefined);
  });
});
