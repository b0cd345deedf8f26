import { expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import { createTimer } from "../support/actions.ts";
import { eventRaised, SECOND, T0, taskCompleted, timerFired } from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

test("S-91: a timer completes when its firing arrives", async () => {
  const run = await orchestrate(
    function* (context) {
      const result: undefined = yield context.createTimer(T0 + 60 * SECOND);
      return [result === undefined, context.currentTime];
    },
    { at: T0 + 61 * SECOND, messages: [timerFired(0, T0 + 60 * SECOND)] },
  );

  expect(run.episodes[0]?.actions).toEqual([createTimer(0, T0 + 60 * SECOND)]);
  expect(run.end?.output).toEqual([true, T0 + 61 * SECOND]);
});

test.each([
  ["in the past", T0 - SECOND],
  ["now", T0],
  ["before 1970", -1],
])("S-90: a timer due %s goes through the store like any other", async (_when, fireAt) => {
  const run = await orchestrate(
    function* (context) {
      yield context.createTimer(fireAt);
      return "fired";
    },
    [timerFired(0, fireAt)],
  );

  expect(run.episodes[0]).toMatchObject({ actions: [createTimer(0, fireAt)], end: undefined });
  expect(run.end?.output).toBe("fired");
});

test("S-95: a timer of a thousand years is one timer", async () => {
  const fireAt = Date.UTC(3024, 0, 1);

  const run = await orchestrate(function* (context) {
    yield context.createTimer(fireAt);
  });

  expect(run.last.actions).toEqual([createTimer(0, fireAt)]);
});

test.each([
  ["no number", Number.NaN],
  ["without end", Number.POSITIVE_INFINITY],
  ["later than a date can be", 8.64e15 + 1],
  ["a text", "tomorrow"],
])("a timer whose time is %s is refused", async (_what, fireAt) => {
  const run = await orchestrate((context) => {
    expect(() => context.createTimer(fireAt as number)).toThrow(
      expect.toSatisfy((error) => isDurableError(error, "INVALID_ARGUMENT")),
    );
  });

  expect(run.end?.status).toBe("Completed");
  expect(run.last.actions).toEqual([]);
});

test("S-91: a timer due between two milliseconds fires at the later one", async () => {
  const run = await orchestrate(function* (context) {
    yield context.createTimer(T0 + 0.5);
  });

  expect(run.last.actions).toEqual([createTimer(0, T0 + 1)]);
});

test("S-18: a canceled timer is no longer open and is reported once", async () => {
  const run = await orchestrate(
    function* (context) {
      const timer = context.createTimer(T0 + 60 * SECOND);
      yield context.callActivity("work");
      timer.cancel();
      return [timer.isCanceled, timer.isCompleted];
    },
    [taskCompleted(1)],
  );

  expect(run.episodes.map((each) => each.canceledTimers)).toEqual([[], [0]]);
  expect(run.end).toEqual({ status: "Completed", output: [true, true] });
});

test("S-92: the firing of a canceled timer is ignored, and no event tells of the cancellation", async () => {
  const run = await orchestrate(
    function* (context) {
      const timer = context.createTimer(T0 + 60 * SECOND);
      yield context.callActivity("first");
      timer.cancel();
      yield context.callActivity("second");
    },
    [taskCompleted(1)],
    [timerFired(0)],
  );

  expect(run.last).toMatchObject({ accepted: [], actions: [] });
  expect(run.history.map((event) => event.type)).not.toContain("TimerFired");
});

test("S-92: a timer that fires in the very batch that cancels it stays canceled", async () => {
  const run = await orchestrate(
    function* (context) {
      const timer = context.createTimer(T0 + SECOND);
      const winner = yield* context.any([context.waitForExternalEvent("go"), timer]);
      timer.cancel();
      return winner === timer ? "timer" : "event";
    },
    [eventRaised("go"), timerFired(0)],
  );

  expect(run.end?.output).toBe("event");
});

test("S-92: canceling twice, or after the timer fired, does nothing", async () => {
  const run = await orchestrate(
    function* (context) {
      const [fired, canceled] = [context.createTimer(T0), context.createTimer(T0 + 60 * SECOND)];
      yield fired;
      fired.cancel();
      canceled.cancel();
      canceled.cancel();
      return [fired.isCanceled, canceled.isCanceled];
    },
    [timerFired(0)],
  );

  expect(run.last.canceledTimers).toEqual([1]);
  expect(run.end?.output).toEqual([false, true]);
});

test("S-92: waiting for a canceled timer throws", async () => {
  const run = await orchestrate(function* (context) {
    const timer = context.createTimer(T0 + SECOND);
    timer.cancel();
    try {
      yield timer;
    } catch (error) {
      return isDurableError(error, "TASK_CANCELED");
    }
    return "not thrown";
  });

  expect(run.end?.output).toBe(true);
});

test("S-18: a timer created and canceled in one episode leaves in its numbered place", async () => {
  const run = await orchestrate(
    function* (context) {
      context.createTimer(T0 + SECOND).cancel();
      yield context.callActivity("work");
      return "done";
    },
    [taskCompleted(1)],
  );

  expect(run.episodes[0]?.actions.map((action) => action.id)).toEqual([0, 1]);
  expect(run.episodes[0]?.canceledTimers).toEqual([0]);
  expect(run.end?.output).toBe("done");
});
