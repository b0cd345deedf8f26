import { describe, expect, test } from "vitest";
import type { MessageEvent } from "../../src/core/history-event.ts";
import { createTimer, scheduleTask } from "../support/actions.ts";
import {
  childCompleted,
  EXECUTION_ID,
  eventRaised,
  resumed,
  SECOND,
  suspended,
  T0,
  taskCompleted,
  taskFailed,
  terminated,
  timerFired,
} from "../support/history.ts";
import { type Handler, newSession, orchestrate } from "../support/orchestration.ts";

const working: Handler = function* (context) {
  const first = yield* context.callActivity("first");
  return [first, yield* context.callActivity("second")];
};

test("S-24: a suspended orchestration has the reason of its suspension, a resumed one has none", async () => {
  const run = await orchestrate(working, [suspended("month's end")], [resumed("go on")]);

  expect(run.episodes.map((each) => each.suspension)).toEqual([
    undefined,
    { reason: "month's end" },
    undefined,
  ]);
});

test("S-51: actions that were produced and not committed are parked until the resume", async () => {
  const run = await orchestrate(
    working,
    [taskCompleted(0), suspended()],
    [resumed()],
    [taskCompleted(1, "two")],
  );

  expect(run.episodes.map((each) => each.actions)).toEqual([
    [scheduleTask(0, "first")],
    [],
    [scheduleTask(1, "second")],
    [],
  ]);
  expect(run.end?.output).toEqual([null, "two"]);
});

test("S-57: a suspend that arrives with the start parks what the code asks for first", async () => {
  const run = await orchestrate({ withStart: [suspended()], handler: working }, [resumed()]);

  expect(run.episodes.map((each) => each.actions)).toEqual([[], [scheduleTask(0, "first")]]);
});

describe("S-53: while suspended, the code does not run for", () => {
  const outcomes: readonly [string, MessageEvent][] = [
    ["an activity's result", taskCompleted(0, "A")],
    ["a timer", timerFired(1)],
    ["a child's result", childCompleted(2, `${EXECUTION_ID}:2`, "C")],
    ["an external event", eventRaised("go", "E")],
  ];

  test.each(outcomes)("%s, which is recorded and applied with the resume", async (_what, last) => {
    const others = outcomes.flatMap(([, each]) => (each === last ? [] : [each]));

    const run = await orchestrate(
      function* (context) {
        return yield context.all<unknown>([
          context.callActivity("work"),
          context.createTimer(T0),
          context.callSubOrchestrator("Child"),
          context.waitForExternalEvent("go"),
        ]);
      },
      [suspended()],
      others,
      [last],
      [resumed()],
    );

    expect(run.episodes[3]).toMatchObject({ actions: [], end: undefined });
    expect(run.episodes[3]?.accepted.map((event) => event.type)).toEqual([last.type]);
    expect(run.end?.output).toEqual(["A", null, "C", "E"]);
  });

  test("an activity's failure", async () => {
    const run = await orchestrate(working, [suspended()], [taskFailed(0, "no")], [resumed()]);

    expect(run.episodes[2]?.end).toBeUndefined();
    expect(run.end?.output).toMatch("failed: no");
  });
});

test("S-55: parked actions are restored first, then the events that waited are applied in order of arrival", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("first");
      const slow = context.createTimer(T0 + SECOND);
      const got: unknown[] = [];
      for (let i = 0; i < 3; i++) got.push(yield context.waitForExternalEvent("go"));
      slow.cancel();
      return got;
    },
    [eventRaised("go", 1), taskCompleted(0), suspended()],
    [eventRaised("go", 2)],
    [eventRaised("go", 3)],
    [resumed()],
  );

  expect(run.episodes.map((each) => each.actions)).toEqual([
    [scheduleTask(0, "first")],
    [],
    [],
    [],
    [createTimer(1, T0 + SECOND)],
  ]);
  expect(run.end?.output).toEqual([1, 2, 3]);
});

test("S-55: an orchestration may complete right with the resume", async () => {
  const run = await orchestrate(working, [suspended()], [taskCompleted(0)], [resumed(), taskCompleted(1)]);

  expect(run.last.actions).toEqual([scheduleTask(1, "second")]);
  expect(run.last.accepted.map((event) => event.type)).toEqual(["ExecutionResumed"]);
});

test("S-54: a second suspend is dropped, also in the batch of the first", async () => {
  const run = await orchestrate(
    working,
    [suspended("first"), suspended("second")],
    [suspended("third")],
    [resumed()],
  );

  expect(run.episodes.map((each) => each.accepted.length)).toEqual([1, 1, 0, 1]);
  expect(run.episodes[2]?.suspension).toEqual({ reason: "first" });
  expect(run.last.suspension).toBeUndefined();
});

test("S-54: a suspend after a resume in one batch counts", async () => {
  const run = await orchestrate(
    working,
    [suspended("first")],
    [resumed(), suspended("second")],
    [taskCompleted(0)],
    [resumed()],
  );

  expect(run.episodes[2]?.suspension).toEqual({ reason: "second" });
  expect(run.episodes[3]?.actions).toEqual([]);
  expect(run.last.actions).toEqual([scheduleTask(1, "second")]);
});

test("S-56: a resume of an orchestration that is not suspended does nothing", async () => {
  const run = await orchestrate(
    working,
    [resumed()],
    [taskCompleted(0, 1)],
    [resumed(), taskCompleted(1, 2)],
  );

  expect(run.episodes[1]?.actions).toEqual([]);
  expect(run.end?.output).toEqual([1, 2]);
});

test("S-33: a second result that arrives while suspended is still a duplicate", async () => {
  const run = await orchestrate(
    working,
    [suspended()],
    [taskCompleted(0, "once"), taskCompleted(0, "twice")],
    [taskCompleted(0, "thrice")],
    [resumed()],
    [taskCompleted(1)],
  );

  expect(run.episodes.map((each) => each.accepted.length)).toEqual([1, 1, 1, 0, 1, 1]);
  expect(run.end?.output).toEqual(["once", null]);
});

test("S-53: the clock of the orchestration moves on with each episode while it is suspended", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      return context.currentTime - T0;
    },
    [suspended()],
    [taskCompleted(0)],
    { at: T0 + 60 * SECOND, messages: [resumed()] },
  );

  expect(run.end?.output).toBe(60 * SECOND);
});

test("S-59: a history with several suspensions leads to the same order again", async () => {
  const run = await orchestrate(
    function* (context) {
      const order: unknown[] = [];
      while (order.length < 6) order.push(yield context.waitForExternalEvent("n"));
      return order;
    },
    [eventRaised("n", 1), suspended(), eventRaised("n", 2)],
    [eventRaised("n", 3), resumed(), eventRaised("n", 4), suspended()],
    [eventRaised("n", 5)],
    [resumed(), suspended(), eventRaised("n", 6)],
    [resumed()],
  );

  expect(run.end?.output).toEqual([1, 2, 3, 4, 5, 6]);
});

test("S-51: an orchestration whose function has returned can be suspended while it waits for open tasks", async () => {
  const run = await orchestrate(
    (context) => {
      context.callActivity("slow");
      return "returned";
    },
    [suspended()],
    [taskCompleted(0)],
    [resumed()],
  );

  expect(run.episodes.map((each) => each.end?.status)).toEqual([
    undefined,
    undefined,
    undefined,
    "Completed",
  ]);
});

test("S-44: a suspend after the end changes nothing", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callActivity("work");
    },
    [taskCompleted(0, "done"), suspended()],
  );

  expect(run.end?.output).toBe("done");
  expect(run.last.suspension).toBeUndefined();
});

test("S-42: a terminate in the batch of a suspend ends the orchestration", async () => {
  const run = await orchestrate(working, [suspended(), terminated("enough")]);

  expect(run.end).toEqual({ status: "Terminated", output: "enough" });
});

test("S-51: a suspended session with parked actions is not due", async () => {
  const session = newSession({ handler: working });

  await session.execute([session.started, { ...suspended(), timestamp: T0 }], T0);

  expect([session.actions.pending.length, session.isDue]).toEqual([1, false]);
});
