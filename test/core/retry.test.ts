import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import type { FailureDetails } from "../../src/core/failure-details.ts";
import type { MessageEvent } from "../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import { checkRetryPolicy, nextRetryDelay, type RetryPolicy } from "../../src/core/retry-policy.ts";
import { createTimer, scheduleTask } from "../support/actions.ts";
import { failure, SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";

const policy = (more: Partial<RetryPolicy> = {}): RetryPolicy => ({
  firstRetryIntervalInMilliseconds: SECOND,
  maxNumberOfAttempts: 5,
  ...more,
});

/** Calls an activity that is tried again, and answers what came of it. */
const withRetry = (retry: RetryPolicy): Handler =>
  function* (context: OrchestrationContext) {
    return yield context.callActivity("work", 1, { retry });
  };

describe("the wait before the next attempt", () => {
  const waits = (retry: RetryPolicy): (number | undefined)[] =>
    Array.from({ length: retry.maxNumberOfAttempts }, (_, index) =>
      nextRetryDelay(retry, { attempt: index + 1, failure: failure("no"), firstAttemptAt: T0, now: T0 }),
    );

  test.each<[string, RetryPolicy, (number | undefined)[]]>([
    [
      "S-102: grows by the coefficient up to the longest interval",
      policy({ backoffCoefficient: 2, maxRetryIntervalInMilliseconds: 5 * SECOND }),
      [1_000, 2_000, 4_000, 5_000, undefined],
    ],
    ["S-100: stays the same without a coefficient", policy(), [1_000, 1_000, 1_000, 1_000, undefined]],
    ["S-100: is not there when only one attempt is allowed", policy({ maxNumberOfAttempts: 1 }), [undefined]],
    [
      "S-101: has no limit by default",
      policy({ backoffCoefficient: 10, maxNumberOfAttempts: 7 }),
      [1e3, 1e4, 1e5, 1e6, 1e7, 1e8, undefined],
    ],
    [
      "S-102: is never longer than the longest interval, not even the first",
      policy({ maxRetryIntervalInMilliseconds: 400, maxNumberOfAttempts: 2 }),
      [400, undefined],
    ],
  ])("%s", (_title, retry, expected) => {
    expect(waits(retry)).toEqual(expected);
  });

  test("S-102: stays a time that a timer can have, however fast it grows", () => {
    const [first, second] = waits(policy({ backoffCoefficient: Number.MAX_VALUE, maxNumberOfAttempts: 3 }));

    expect(first).toBe(SECOND);
    expect(Number.isNaN(new Date(T0 + (second ?? Number.NaN)).getTime())).toBe(false);
  });

  test.each<[string, Partial<RetryPolicy>, Partial<FailureDetails>, number, boolean]>([
    ["the failure is marked non-retriable", {}, { isNonRetriable: true }, T0, false],
    ["the predicate says no", { handle: () => false }, {}, T0, false],
    ["the predicate says yes", { handle: () => true }, {}, T0, true],
    ["the time is just up", { retryTimeoutInMilliseconds: 3 * SECOND }, {}, T0 + 3 * SECOND, false],
    ["the time is not quite up", { retryTimeoutInMilliseconds: 3 * SECOND }, {}, T0 + 3 * SECOND - 1, true],
  ])("S-103: when %s, there is one: %4$s", (_when, more, details, now, expected) => {
    const delay = nextRetryDelay(policy(more), {
      attempt: 1,
      failure: failure("no", details),
      firstAttemptAt: T0,
      now,
    });

    expect(delay !== undefined).toBe(expected);
  });

  test("S-103: the predicate sees the failure", () => {
    const seen: FailureDetails[] = [];
    const details = failure("no paper", { errorType: "PrinterError" });

    nextRetryDelay(policy({ handle: (each) => seen.push(each) > 0 }), {
      attempt: 1,
      failure: details,
      firstAttemptAt: T0,
      now: T0,
    });

    expect(seen).toEqual([details]);
  });
});

test.each<[string, Partial<Record<keyof RetryPolicy, unknown>>]>([
  ["no first interval", { firstRetryIntervalInMilliseconds: undefined }],
  ["a first interval of 0", { firstRetryIntervalInMilliseconds: 0 }],
  ["a first interval that is no number", { firstRetryIntervalInMilliseconds: Number.NaN }],
  ["a first interval in words", { firstRetryIntervalInMilliseconds: "1s" }],
  ["no number of attempts", { maxNumberOfAttempts: undefined }],
  ["0 attempts", { maxNumberOfAttempts: 0 }],
  ["a coefficient below 1", { backoffCoefficient: 0.5 }],
  ["a longest interval of 0", { maxRetryIntervalInMilliseconds: 0 }],
  ["a timeout below 0", { retryTimeoutInMilliseconds: -1 }],
])("S-107: %s is refused", (_what, wrong) => {
  expect(() => checkRetryPolicy({ ...policy(), ...wrong } as RetryPolicy)).toThrow(
    expect.toSatisfy((error) => isDurableError(error, "INVALID_RETRY_OPTIONS")),
  );
});

test("S-107: wrong options fail the call before anything is scheduled", async () => {
  const run = await orchestrate(withRetry(policy({ maxNumberOfAttempts: 0 })));

  expect(run.end?.output).toMatch("maxNumberOfAttempts must be a number at least 1");
  expect(run.last.actions).toEqual([]);
});

test("S-104: the waits are durable timers that bear the number of the first attempt", async () => {
  const run = await orchestrate(
    withRetry(policy()),
    [taskFailed(0)],
    [timerFired(1)],
    [taskFailed(2)],
    [timerFired(3)],
    [taskCompleted(4, "at last")],
  );

  expect(run.episodes.map((each) => each.actions)).toEqual([
    [scheduleTask(0, "work", 1)],
    [createTimer(1, T0 + 2 * SECOND, { retryOf: 0 })],
    [scheduleTask(2, "work", 1, 0)],
    [createTimer(3, T0 + 4 * SECOND, { retryOf: 0 })],
    [scheduleTask(4, "work", 1, 0)],
    [],
  ]);
  expect(run.end).toEqual({ status: "Completed", output: "at last" });
});

test("S-102: attempts after 1, 2, 4 and 5 seconds, then the last error", async () => {
  const retry = policy({ backoffCoefficient: 2, maxRetryIntervalInMilliseconds: 5 * SECOND });
  let now = T0;
  const wait = (seconds: number, messages: readonly MessageEvent[]) => {
    now += seconds * SECOND;
    return { at: now, messages };
  };

  const run = await orchestrate(
    withRetry(retry),
    wait(0, [taskFailed(0, "first")]),
    wait(1, [timerFired(1)]),
    wait(0, [taskFailed(2, "second")]),
    wait(2, [timerFired(3)]),
    wait(0, [taskFailed(4, "third")]),
    wait(4, [timerFired(5)]),
    wait(0, [taskFailed(6, "fourth")]),
    wait(5, [timerFired(7)]),
    wait(0, [taskFailed(8, "fifth")]),
  );

  const timers = run.history.flatMap((event) =>
    event.type === "TimerCreated" ? event.fireAt - event.timestamp : [],
  );
  expect(timers).toEqual([1_000, 2_000, 4_000, 5_000]);
  expect(run.end?.output).toMatch("failed: fifth");
});

test("S-105: after the last attempt there is no further timer", async () => {
  const run = await orchestrate(
    withRetry(policy({ maxNumberOfAttempts: 2 })),
    [taskFailed(0)],
    [timerFired(1)],
    [taskFailed(2)],
  );

  expect(run.last.actions).toEqual([]);
  expect(run.end?.status).toBe("Failed");
});

test("S-103: the timeout is looked at before a wait, so that one wait may overrun it", async () => {
  const run = await orchestrate(
    withRetry(policy({ retryTimeoutInMilliseconds: 1_500 })),
    { at: T0 + 1_499, messages: [taskFailed(0)] },
    { at: T0 + 2_499, messages: [timerFired(1)] },
    { at: T0 + 2_499, messages: [taskFailed(2, "too late")] },
  );

  expect(run.episodes[2]?.actions).toEqual([scheduleTask(2, "work", 1, 0)]);
  expect(run.end?.output).toMatch("too late");
});

test.each<[string, Partial<RetryPolicy>, Partial<FailureDetails>]>([
  ["a predicate that says no", { handle: (each) => each.errorType !== "Fatal" }, { errorType: "Fatal" }],
  ["a non-retriable failure", {}, { isNonRetriable: true }],
])("S-103: %s ends the call at once", async (_what, more, details) => {
  const run = await orchestrate(withRetry(policy(more)), [taskFailed(0, "no", details)]);

  expect(run.last.actions).toEqual([]);
  expect(run.end?.status).toBe("Failed");
});

test("S-103: a predicate that throws fails the call with what it threw", async () => {
  const handle = (): boolean => {
    throw new TypeError("the predicate is broken");
  };

  const run = await orchestrate(withRetry(policy({ handle })), [taskFailed(0)]);

  expect(run.end?.output).toBe("Orchestrator function 'Orchestrator' failed: the predicate is broken");
});

test("S-37: an attempt above the limit of actions fails the call", async () => {
  const run = await orchestrate(
    { handler: withRetry(policy()), maxActions: 2 },
    [taskFailed(0)],
    [timerFired(1)],
  );

  expect(run.end?.output).toMatch("more than 2 actions");
});

test("S-37: a wait above the limit of actions fails the call", async () => {
  const run = await orchestrate({ handler: withRetry(policy()), maxActions: 1 }, [taskFailed(0)]);

  expect(run.end?.output).toMatch("more than 1 actions");
});

test("S-102: a wait ends on a whole millisecond, and not before its time", async () => {
  const run = await orchestrate(withRetry(policy({ firstRetryIntervalInMilliseconds: 0.25 })), [
    taskFailed(0),
  ]);

  expect(run.last.actions).toEqual([createTimer(1, T0 + SECOND + 1, { retryOf: 0 })]);
});

test("S-102: retried calls side by side keep their own attempts apart", async () => {
  const run = await orchestrate(
    function* (context) {
      const retry = policy({ maxNumberOfAttempts: 2 });
      return yield context.all([
        context.callActivity("a", undefined, { retry }),
        context.callActivity("b", undefined, { retry }),
      ]);
    },
    [taskFailed(1), taskFailed(0)],
    [timerFired(3), timerFired(2)],
    [taskCompleted(5, "B"), taskCompleted(4, "A")],
  );

  expect(run.episodes[1]?.actions).toEqual([
    createTimer(2, T0 + 2 * SECOND, { retryOf: 1 }),
    createTimer(3, T0 + 2 * SECOND, { retryOf: 0 }),
  ]);
  expect(run.episodes[2]?.actions).toEqual([
    scheduleTask(4, "a", undefined, 0),
    scheduleTask(5, "b", undefined, 1),
  ]);
  expect(run.end?.output).toEqual(["A", "B"]);
});
