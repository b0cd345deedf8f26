import { expect, test } from "vitest";
import { isDurableError, TaskFailedError } from "../../src/core/errors.ts";
import type { MessageEvent } from "../../src/core/history-event.ts";
import { scheduleTask } from "../support/actions.ts";
import {
  childCompleted,
  failure,
  SECOND,
  T0,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerFired,
} from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

test("S-30: actions are numbered from 0 in program order, and the end takes a number too", async () => {
  const run = await orchestrate(
    function* (context) {
      const first = context.callActivity("first", { n: 1 });
      context.sendEvent("other", "hello");
      yield context.all([first, context.callActivity("second"), context.createTimer(T0)]);
    },
    [taskCompleted(0), taskCompleted(2), timerFired(3)],
  );

  const asked = run.episodes[0]?.actions.map((action) => [action.id, action.type]);
  expect(asked).toEqual([
    [0, "ScheduleTask"],
    [1, "SendEvent"],
    [2, "ScheduleTask"],
    [3, "CreateTimer"],
  ]);
  expect(run.history.find((event) => event.type === "ExecutionCompleted")).toMatchObject({ eventId: 4 });
});

test("S-12: the input is stored as JSON text, and undefined as no input", async () => {
  const run = await orchestrate(function* (context) {
    yield context.all(
      [undefined, null, 0, "", { a: [1] }].map((input) => context.callActivity("work", input)),
    );
  });

  expect(run.last.actions).toEqual([
    scheduleTask(0, "work"),
    scheduleTask(1, "work", null),
    scheduleTask(2, "work", 0),
    scheduleTask(3, "work", ""),
    scheduleTask(4, "work", { a: [1] }),
  ]);
});

test("S-12: an input that JSON cannot hold is refused where the activity is called", async () => {
  const run = await orchestrate((context) => {
    for (const input of [1n, () => 1, Symbol("s")]) {
      expect(() => context.callActivity("work", input)).toThrow(
        "The input of activity 'work' cannot be written as JSON",
      );
    }
  });

  expect(run.end?.status).toBe("Completed");
  expect(run.last.actions).toEqual([]);
});

test("S-32: after each event the code runs until it blocks", async () => {
  const run = await orchestrate(
    function* (context) {
      const [a, b] = [context.callActivity("a"), context.callActivity("b")];
      const second = [yield* b, yield* a];
      return second;
    },
    [taskCompleted(0, "A")],
    [taskCompleted(1, "B")],
  );

  expect(run.episodes[1]?.end).toBeUndefined();
  expect(run.end).toEqual({ status: "Completed", output: ["B", "A"] });
});

test("S-31: the history of an episode is what arrived, then what the code asked for", async () => {
  const run = await orchestrate(
    function* (context) {
      const value = yield* context.callActivity("first", 1);
      yield context.callActivity("second", value);
    },
    [taskCompleted(0, "one")],
  );

  expect(run.history.slice(-4)).toEqual([
    { type: "OrchestratorStarted", timestamp: T0 + SECOND },
    { ...taskCompleted(0, "one"), timestamp: T0 + SECOND },
    { ...taskScheduled(1, "second", "one"), timestamp: T0 + SECOND },
    { type: "OrchestratorCompleted", timestamp: T0 + SECOND },
  ]);
});

test.each<[string, MessageEvent]>([
  ["a second result of one activity", taskCompleted(0, "again")],
  ["a failure after the result", taskFailed(0)],
  ["a result for a number nobody used", taskCompleted(7)],
  ["an activity's result for a timer", taskCompleted(1)],
  ["a timer's firing for an activity", timerFired(2)],
  ["the result of a child nobody started", childCompleted(2, "stranger")],
])("S-33: %s is ignored and not recorded", async (_what, stray) => {
  const run = await orchestrate(
    function* (context) {
      const [first, , last] = [
        context.callActivity("first"),
        context.createTimer(T0 + SECOND),
        context.callActivity("last"),
      ];
      return [yield* first, yield* last];
    },
    [taskCompleted(0, "once")],
    [stray],
    [timerFired(1), taskCompleted(2, "last")],
  );

  expect(run.episodes[2]).toMatchObject({ accepted: [], actions: [] });
  expect(run.end).toEqual({ status: "Completed", output: ["once", "last"] });
});

test("S-33: of two results in one batch the first counts", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callActivity("work");
    },
    [taskCompleted(0, "first"), taskCompleted(0, "second"), taskFailed(0)],
  );

  expect(run.last.accepted).toHaveLength(1);
  expect(run.end?.output).toBe("first");
});

test("S-33: a result that comes before its activity was asked for is not kept for it", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("first");
      return yield context.callActivity("second");
    },
    [taskCompleted(1, "too early"), taskCompleted(0)],
    [taskCompleted(1, "in time")],
  );

  expect(run.end?.output).toBe("in time");
});

test("S-193: a failed activity throws a TaskFailedError whose cause is the rebuilt error", async () => {
  let caught: unknown;
  const run = await orchestrate(
    function* (context) {
      try {
        yield context.callActivity("work");
      } catch (error) {
        caught = error;
      }
      return "handled";
    },
    [
      taskFailed(0, "no paper", {
        errorType: "PrinterError",
        innerFailure: failure("tray is empty"),
        properties: { tray: 2 },
      }),
    ],
  );

  expect(run.end).toEqual({ status: "Completed", output: "handled" });
  expect(caught).toBeInstanceOf(TaskFailedError);
  expect(isDurableError(caught, "TASK_FAILED")).toBe(true);
  const { message, cause } = caught as TaskFailedError;
  expect(message).toBe("Activity function 'work' failed: no paper");
  expect(cause).toMatchObject({ name: "PrinterError", message: "no paper", tray: 2 });
  expect((cause as Error).cause).toMatchObject({ message: "tray is empty" });
});

test("S-194: an error nobody catches fails the orchestration with the function's name and the message", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
    },
    [taskFailed(0, "no paper")],
  );

  expect(run.end).toEqual({
    status: "Failed",
    output: "Orchestrator function 'Orchestrator' failed: Activity function 'work' failed: no paper",
  });
  expect(run.last.failure).toMatchObject({
    errorType: "TaskFailedError",
    innerFailure: { errorType: "Error", errorMessage: "no paper" },
  });
});

test("S-194: code that throws by itself fails the orchestration", async () => {
  const run = await orchestrate(() => {
    throw new RangeError("out of range");
  });

  expect(run.end).toEqual({
    status: "Failed",
    output: "Orchestrator function 'Orchestrator' failed: out of range",
  });
  expect(run.last.failure).toMatchObject({ errorType: "RangeError" });
});

test("S-194: a result that JSON cannot hold fails the orchestration", async () => {
  const run = await orchestrate(() => 1n);

  expect(run.end?.status).toBe("Failed");
  expect(run.end?.output).toMatch("The result of orchestrator 'Orchestrator' cannot be written as JSON");
});

test("S-22: the output is the returned value as JSON, and nothing for undefined", async () => {
  expect((await orchestrate(() => ({ a: [1, null] }))).end?.output).toEqual({ a: [1, null] });
  expect((await orchestrate(() => undefined)).end).toEqual({ status: "Completed", output: undefined });
});

test("H-24: a result that is not JSON reaches the code as the text it is", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callActivity("work");
    },
    [{ type: "TaskCompleted", timestamp: 0, taskScheduledId: 0, result: "not JSON" }],
  );

  expect(run.end?.output).toBe("not JSON");
});

test("yield* gives the result with its type, and yield the same without", async () => {
  const run = await orchestrate(
    function* (context) {
      const word: string = yield* context.waitForExternalEvent<string>("word");
      const values: number[] = yield* context.all([context.waitForExternalEvent<number>("number")]);
      const untyped: unknown = yield context.callActivity("work");
      return { word: word.toUpperCase(), sum: values.reduce((a, b) => a + b), untyped };
    },
    [
      { type: "EventRaised", timestamp: 0, name: "word", input: '"hi"' },
      { type: "EventRaised", timestamp: 0, name: "number", input: "41" },
    ],
    [taskCompleted(2, true)],
    [taskCompleted(0, "ok")],
  );

  expect(run.end?.output).toEqual({ word: "HI", sum: 41, untyped: "ok" });
});

test("a task knows whether it is open, completed or failed", async () => {
  const run = await orchestrate(
    function* (context) {
      const [good, bad, open] = [
        context.callActivity("a"),
        context.callActivity("b"),
        context.callActivity("c"),
      ];
      const before = [good.isCompleted, good.isFaulted, good.result, good.error];
      yield good;
      try {
        yield bad;
      } catch {
        // Looked at below.
      }
      return {
        before,
        good: [good.isCompleted, good.isFaulted, good.result],
        bad: [bad.isCompleted, bad.isFaulted, bad.result, (bad.error as Error).message],
        open: [open.isCompleted, open.result],
      };
    },
    [taskCompleted(0, 1), taskFailed(1, "no")],
    [taskCompleted(2)],
  );

  expect(run.end?.output).toEqual({
    before: [false, false, null, null],
    good: [true, false, 1],
    bad: [true, true, null, "Activity function 'work' failed: no"],
    open: [false, null],
  });
});
