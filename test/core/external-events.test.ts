import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import { createTimer, sendEvent } from "../support/actions.ts";
import { eventRaised, SECOND, T0, taskCompleted, timerFired } from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

test("S-60: names match without regard to case", async () => {
  const run = await orchestrate(
    function* (context) {
      return [
        yield* context.waitForExternalEvent("Approval"),
        yield* context.waitForExternalEvent("APPROVAL"),
      ];
    },
    [eventRaised("aPPROVAL", 1)],
    [eventRaised("approval", 2)],
  );

  expect(run.end?.output).toEqual([1, 2]);
});

test("S-61: events without a wait are kept per name, first in first out", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      const names = ["b", "a", "a", "B"];
      const values: unknown[] = [];
      for (const name of names) values.push(yield context.waitForExternalEvent(name));
      return values;
    },
    [eventRaised("a", 1), eventRaised("b", 2)],
    [eventRaised("a", 3), eventRaised("b", 4)],
    [taskCompleted(0)],
  );

  expect(run.end?.output).toEqual([2, 1, 3, 4]);
});

test("S-61: a thousand early events all wait their turn", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      let sum = 0;
      for (let i = 0; i < 1_000; i++) sum += yield* context.waitForExternalEvent<number>("n");
      return sum;
    },
    Array.from({ length: 1_000 }, (_, i) => eventRaised("n", i)),
    [taskCompleted(0)],
  );

  expect(run.end?.output).toBe(499_500);
});

test("S-62: of several waits for one name the latest gets the next event", async () => {
  const run = await orchestrate(
    function* (context) {
      const waits = [1, 2, 3].map(() => context.waitForExternalEvent("go"));
      return yield context.all(waits);
    },
    [eventRaised("go", "first")],
    [eventRaised("go", "second"), eventRaised("go", "third")],
  );

  expect(run.end?.output).toEqual(["third", "second", "first"]);
});

test("S-62: a wait that lost a race leaves the next event to the wait that came after it", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.any([context.waitForExternalEvent("go"), context.createTimer(T0)]);
      return yield context.waitForExternalEvent("go");
    },
    [timerFired(0)],
    [eventRaised("go", "for the second")],
  );

  expect(run.end?.output).toBe("for the second");
});

test("S-62: a canceled wait never takes an event", async () => {
  const run = await orchestrate(
    function* (context) {
      const canceled = context.waitForExternalEvent("go") as unknown as { cancel(): void };
      yield context.callActivity("work");
      canceled.cancel();
      canceled.cancel();
      yield context.callActivity("more");
      return yield context.waitForExternalEvent("go");
    },
    [taskCompleted(0)],
    [eventRaised("go", "kept")],
    [taskCompleted(1)],
  );

  expect(run.episodes[1]?.awaitedEvents).toEqual([]);
  expect(run.end?.output).toBe("kept");
});

test("S-64: a wait is not an open task", async () => {
  const run = await orchestrate((context) => {
    context.waitForExternalEvent("never");
    return "done";
  });

  expect(run.end).toEqual({ status: "Completed", output: "done" });
});

test("S-67: an event that arrives with the start is delivered", async () => {
  const run = await orchestrate({
    withStart: [eventRaised("go", 1)],
    *handler(context) {
      return yield context.waitForExternalEvent("go");
    },
  });

  expect(run.end?.output).toBe(1);
});

test("S-33: a second event with the same message id is dropped, also after a replay", async () => {
  const run = await orchestrate(
    function* (context) {
      return [yield* context.waitForExternalEvent("go"), yield* context.waitForExternalEvent("go")];
    },
    [eventRaised("go", "once", "m1"), eventRaised("go", "again", "m1")],
    [eventRaised("go", "again", "m1")],
    [eventRaised("go", "another", "m2")],
  );

  expect(run.episodes.map((each) => each.accepted.length)).toEqual([1, 1, 0, 1]);
  expect(run.end?.output).toEqual(["once", "another"]);
});

test("S-69: a payload may be null or missing", async () => {
  const run = await orchestrate(
    function* (context) {
      return [
        yield* context.waitForExternalEvent("a"),
        (yield* context.waitForExternalEvent("b")) === undefined,
      ];
    },
    [eventRaised("a", null), eventRaised("b")],
  );

  expect(run.end?.output).toEqual([null, true]);
});

test.each<[string, unknown]>([
  ["empty", ""],
  ["missing", undefined],
  ["a number", 7],
])("S-69: a name that is %s is refused for waiting and for sending", async (_what, name) => {
  const invalid = expect.toSatisfy((error) => isDurableError(error, "INVALID_EVENT_NAME"));

  const run = await orchestrate((context) => {
    expect(() => context.waitForExternalEvent(name as string)).toThrow(invalid);
    expect(() => context.sendEvent("other", name as string)).toThrow(invalid);
  });

  expect(run.end?.status).toBe("Completed");
  expect(run.last.actions).toEqual([]);
});

test("S-68: an event is sent to another instance and forgotten", async () => {
  const run = await orchestrate((context) => {
    context.sendEvent("other", "hello", { n: 1 });
    context.sendEvent("other", "bye");
    return "done";
  });

  expect(run.last.actions).toEqual([sendEvent(0, "other", "hello", { n: 1 }), sendEvent(1, "other", "bye")]);
  expect(run.end?.output).toBe("done");
});

describe("a wait with a timeout", () => {
  const timeoutMs = 30 * SECOND;

  test("S-65: is a race with a timer that is created first and canceled when the event comes", async () => {
    const run = await orchestrate(
      function* (context) {
        return yield context.waitForExternalEvent("go", { timeoutMs });
      },
      [eventRaised("go", "in time")],
    );

    expect(run.episodes[0]?.actions).toEqual([createTimer(0, T0 + timeoutMs, { timeoutOf: "go" })]);
    expect(run.last.canceledTimers).toEqual([0]);
    expect(run.end?.output).toBe("in time");
  });

  test("S-65: ends with an error that names the event and the span", async () => {
    const run = await orchestrate(
      function* (context) {
        try {
          return yield context.waitForExternalEvent("go", { timeoutMs });
        } catch (error) {
          return [isDurableError(error, "EVENT_TIMEOUT"), (error as Error).message];
        }
      },
      [timerFired(0)],
    );

    expect(run.end?.output).toEqual([true, "External event 'go' did not arrive within 30000 ms."]);
  });

  test.each([["fallback"], [null], [undefined]])(
    "S-65: ends with the default value %j if there is one",
    async (value) => {
      const run = await orchestrate(
        function* (context) {
          return [yield* context.waitForExternalEvent("go", { timeoutMs, defaultValue: value })];
        },
        [timerFired(0)],
      );

      expect(run.end?.output).toEqual([value ?? null]);
    },
  );

  test("S-65: leaves a late event to the next wait", async () => {
    const run = await orchestrate(
      function* (context) {
        yield context.waitForExternalEvent("go", { timeoutMs, defaultValue: "none" });
        yield context.callActivity("work");
        return yield context.waitForExternalEvent("go");
      },
      [timerFired(0)],
      [eventRaised("go", "late")],
      [taskCompleted(1)],
    );

    expect(run.end?.output).toBe("late");
  });

  test("S-65: takes an event that is already there, and its timer is canceled at once", async () => {
    const run = await orchestrate({
      withStart: [eventRaised("go", "early")],
      *handler(context) {
        return yield context.waitForExternalEvent("go", { timeoutMs });
      },
    });

    expect(run.last.actions).toEqual([createTimer(0, T0 + timeoutMs, { timeoutOf: "go" })]);
    expect(run.last.canceledTimers).toEqual([0]);
    expect(run.end?.output).toBe("early");
  });

  test.each([
    ["the event", [eventRaised("go", "event"), timerFired(0)], "event"],
    ["the timer", [timerFired(0), eventRaised("go", "event")], "none"],
  ])("S-65: when both come in one batch, %s wins if it is first", async (_who, messages, output) => {
    const run = await orchestrate(function* (context) {
      return yield context.waitForExternalEvent("go", { timeoutMs, defaultValue: "none" });
    }, messages);

    expect(run.end?.output).toBe(output);
  });

  test("S-62: in a loop loses no event", async () => {
    const run = await orchestrate(
      function* (context) {
        const got: unknown[] = [];
        while (got.length < 4) {
          got.push(yield context.waitForExternalEvent("go", { timeoutMs, defaultValue: "none" }));
        }
        return got;
      },
      [timerFired(0)],
      [eventRaised("go", 1)],
      [timerFired(2), eventRaised("go", 2)],
    );

    expect(run.end?.output).toEqual(["none", 1, "none", 2]);
  });

  test.each([Number.NaN, Number.POSITIVE_INFINITY, "1s"])("is refused when it is %s", async (wrong) => {
    const run = await orchestrate((context) => {
      expect(() => context.waitForExternalEvent("go", { timeoutMs: wrong as number })).toThrow(
        expect.toSatisfy((error) => isDurableError(error, "INVALID_ARGUMENT")),
      );
    });

    expect(run.end?.status).toBe("Completed");
    expect(run.last.actions).toEqual([]);
    expect(run.last.awaitedEvents).toEqual([]);
  });
});
