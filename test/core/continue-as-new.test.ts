import { describe, expect, test } from "vitest";
import type { EventRaised } from "../../src/core/history-event.ts";
import { createTimer, sendEvent } from "../support/actions.ts";
import {
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
import { type Handler, orchestrate, type Run } from "../support/orchestration.ts";

const carried = ({ last }: Run): unknown[] =>
  last.carriedOver.map((event) => [(event as EventRaised).name, (event as EventRaised).input]);

test("S-75: the execution ends with the next one's input", async () => {
  const run = await orchestrate({
    started: { input: "1" },
    handler: (context) => context.continueAsNew({ n: 2 }),
  });

  expect(run.end).toEqual({ status: "ContinuedAsNew", output: { n: 2 } });
  expect(run.last).toMatchObject({ version: undefined, carriedOver: [] });
});

test("S-75: without an input the next execution has none", async () => {
  const run = await orchestrate({ started: { input: "1" }, handler: (context) => context.continueAsNew() });

  expect(run.end).toEqual({ status: "ContinuedAsNew", output: undefined });
});

test("S-201: a new version can be given", async () => {
  const run = await orchestrate((context) => context.continueAsNew(1, { version: "2.0" }));

  expect(run.last.version).toBe("2.0");
});

test("S-81: code after the call runs until it returns, and the value it returns is not looked at", async () => {
  const run = await orchestrate(
    function* (context) {
      context.continueAsNew("next");
      yield context.callActivity("work");
      context.sendEvent("other", "bye");
      return "ignored";
    },
    [taskCompleted(0)],
  );

  expect(run.last.actions).toEqual([sendEvent(1, "other", "bye")]);
  expect(run.end).toEqual({ status: "ContinuedAsNew", output: "next" });
});

test("S-81: of two calls the last wins", async () => {
  const run = await orchestrate((context) => {
    context.continueAsNew("first", { version: "1" });
    context.continueAsNew("second");
  });

  expect(run.end?.output).toBe("second");
  expect(run.last.version).toBeUndefined();
});

test("S-81: a throw after the call fails the orchestration", async () => {
  const run = await orchestrate((context) => {
    context.continueAsNew("next");
    throw new Error("after all");
  });

  expect(run.end).toEqual({
    status: "Failed",
    output: "Orchestrator function 'Orchestrator' failed: after all",
  });
});

test("S-12: an input that JSON cannot hold is refused where the call is made", async () => {
  const run = await orchestrate((context) => context.continueAsNew(1n));

  expect(run.end?.status).toBe("Failed");
  expect(run.end?.output).toMatch("The input of continueAsNew cannot be written as JSON");
});

describe("events nobody has waited for", () => {
  const handler = (preserveUnprocessedEvents: boolean | undefined): Handler =>
    function* (context) {
      yield context.callActivity("work");
      const options = preserveUnprocessedEvents === undefined ? {} : { preserveUnprocessedEvents };
      context.continueAsNew("next", options);
    };

  test.each([[undefined], [false]])("S-79: are lost when the flag is %j", async (flag) => {
    const run = await orchestrate(handler(flag), [eventRaised("a", 1)], [taskCompleted(0)]);

    expect(run.end?.status).toBe("ContinuedAsNew");
    expect(carried(run)).toEqual([]);
  });

  test("S-77: are carried over in order when the flag is true", async () => {
    const run = await orchestrate(
      handler(true),
      [eventRaised("b", 1), eventRaised("a", 2)],
      [eventRaised("b", 3), taskCompleted(0)],
    );

    expect(carried(run)).toEqual([
      ["b", "1"],
      ["a", "2"],
      ["b", "3"],
    ]);
  });

  test.each([[false], [true]])(
    "S-78: that came after the call are carried over when the flag is %j",
    async (flag) => {
      const run = await orchestrate(handler(flag), [
        taskCompleted(0),
        eventRaised("a", 1),
        eventRaised("b", 2),
      ]);

      expect(carried(run)).toEqual([
        ["a", "1"],
        ["b", "2"],
      ]);
    },
  );

  test("S-77: before the call come before those after it", async () => {
    const run = await orchestrate(handler(true), [
      eventRaised("a", 1),
      taskCompleted(0),
      eventRaised("a", 2),
    ]);

    expect(carried(run)).toEqual([
      ["a", "1"],
      ["a", "2"],
    ]);
  });

  test("S-78: that came between two calls are carried over", async () => {
    const run = await orchestrate(
      function* (context) {
        context.continueAsNew("first");
        yield context.callActivity("work");
        context.continueAsNew("second");
      },
      [eventRaised("a", 1)],
      [taskCompleted(0), eventRaised("a", 2)],
    );

    expect(carried(run)).toEqual([
      ["a", "1"],
      ["a", "2"],
    ]);
  });

  test("S-77: but taken after the call are not carried over as well", async () => {
    const run = await orchestrate(
      function* (context) {
        yield context.callActivity("work");
        context.continueAsNew("next", { preserveUnprocessedEvents: true });
        yield context.waitForExternalEvent("a");
      },
      [eventRaised("a", 1), eventRaised("a", 2)],
      [taskCompleted(0)],
    );

    expect(carried(run)).toEqual([["a", "2"]]);
  });
});

describe("open tasks", () => {
  test("S-76: an activity that was not awaited has to end first", async () => {
    const run = await orchestrate(
      (context) => {
        context.callActivity("work");
        context.continueAsNew("next");
      },
      [eventRaised("a", 1)],
      [taskFailed(0)],
    );

    expect(run.episodes.map((each) => each.end?.status)).toEqual([undefined, undefined, "ContinuedAsNew"]);
    expect(carried(run)).toEqual([["a", "1"]]);
  });

  test("S-76: so has a timer that was not canceled", async () => {
    const run = await orchestrate(
      (context) => {
        context.createTimer(T0 + 60 * SECOND);
        context.continueAsNew("next");
      },
      [timerFired(0)],
    );

    expect(run.episodes[0]).toMatchObject({ actions: [createTimer(0, T0 + 60 * SECOND)], end: undefined });
    expect(run.end?.status).toBe("ContinuedAsNew");
  });

  test("S-76: a canceled timer holds nothing up", async () => {
    const run = await orchestrate((context) => {
      context.createTimer(T0 + 60 * SECOND).cancel();
      context.continueAsNew("next");
    });

    expect(run.end?.status).toBe("ContinuedAsNew");
  });

  test("S-64: nor does a wait for an event", async () => {
    const run = await orchestrate((context) => {
      context.waitForExternalEvent("never");
      context.continueAsNew("next");
    });

    expect(run.end?.status).toBe("ContinuedAsNew");
  });
});

test("S-44: a terminate that is waiting when the call is made wins", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      context.continueAsNew("next");
    },
    [taskCompleted(0), terminated("enough")],
  );

  expect(run.end).toEqual({ status: "Terminated", output: "enough" });
});

test("S-51: a suspend that is waiting when the call is made holds the next execution up until the resume", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      context.continueAsNew("next");
    },
    [taskCompleted(0), suspended("hold on")],
    [eventRaised("a", 1)],
    [resumed()],
  );

  expect(run.episodes[1]).toMatchObject({ end: undefined, suspension: { reason: "hold on" } });
  expect(run.end?.status).toBe("ContinuedAsNew");
  expect(carried(run)).toEqual([["a", "1"]]);
});
