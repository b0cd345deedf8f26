import { describe, expect, test } from "vitest";
import type { MessageEvent } from "../../src/core/history-event.ts";
import { createChild, createTimer, scheduleTask, sendEvent } from "../support/actions.ts";
import {
  childCompleted,
  childFailed,
  EXECUTION_ID,
  eventRaised,
  SECOND,
  T0,
  taskCompleted,
  taskFailed,
  timerFired,
} from "../support/history.ts";
import { type Handler, newSession, orchestrate } from "../support/orchestration.ts";

const started = T0 + 60 * SECOND;

const open: readonly [string, Handler, MessageEvent][] = [
  ["an activity's result", (context) => void context.callActivity("work"), taskCompleted(0)],
  ["an activity's failure", (context) => void context.callActivity("work"), taskFailed(0)],
  [
    "a child's result",
    (context) => void context.callSubOrchestrator("Child"),
    childCompleted(0, `${EXECUTION_ID}:0`),
  ],
  [
    "a child's failure",
    (context) => void context.callSubOrchestrator("Child"),
    childFailed(0, `${EXECUTION_ID}:0`),
  ],
  ["a timer", (context) => void context.createTimer(started), timerFired(0, started)],
];

describe("S-17: an orchestration that has returned ends only after", () => {
  test.each(open)("%s", async (_what, leave, last) => {
    const run = await orchestrate(
      (context) => {
        leave(context);
        return "returned";
      },
      [eventRaised("unrelated")],
      [last],
    );

    expect(run.episodes.map((each) => each.end?.status)).toEqual([undefined, undefined, "Completed"]);
    expect(run.end?.output).toBe("returned");
  });
});

describe("S-17: an orchestration that has thrown fails only after", () => {
  test.each(open)("%s", async (_what, leave, last) => {
    const run = await orchestrate(
      (context) => {
        leave(context);
        throw new Error("thrown");
      },
      [last],
    );

    expect(run.episodes.map((each) => each.end?.status)).toEqual([undefined, "Failed"]);
    expect(run.end?.output).toMatch("thrown");
  });
});

test("S-17: waits for events, events sent and orchestrations started hold nothing up", async () => {
  const run = await orchestrate((context) => {
    context.waitForExternalEvent("never");
    context.sendEvent("other", "hello");
    context.startOrchestration("Other", undefined, { instanceId: "other" });
    return "returned";
  });

  expect(run.end?.status).toBe("Completed");
  expect(run.last.actions.map((action) => action.type)).toEqual(["SendEvent", "CreateSubOrchestration"]);
});

test("S-18: a canceled timer holds nothing up", async () => {
  const run = await orchestrate((context) => {
    context.createTimer(T0 + 60 * SECOND).cancel();
    return "returned";
  });

  expect(run.end?.status).toBe("Completed");
});

test("S-19: what arrives after the return is consumed and changes nothing", async () => {
  const run = await orchestrate(
    (context) => {
      context.callActivity("slow");
      context.callActivity("slower");
      return "returned";
    },
    [taskFailed(0)],
    [eventRaised("go")],
    [taskCompleted(1)],
  );

  expect(run.episodes.map((each) => each.accepted.length)).toEqual([1, 1, 1, 1]);
  expect(run.end).toEqual({ status: "Completed", output: "returned" });
});

test("S-19: the output appears only at the end", async () => {
  const run = await orchestrate((context) => {
    context.callActivity("slow");
    return "returned";
  });

  expect(run.end).toBeUndefined();
  expect(run.history.map((event) => event.type)).not.toContain("ExecutionCompleted");
});

test("S-30: the end has the number it got when the function returned", async () => {
  const run = await orchestrate(
    (context) => {
      context.callActivity("slow");
      return "returned";
    },
    [taskCompleted(0)],
  );

  expect(run.history.find((event) => event.type === "ExecutionCompleted")).toMatchObject({ eventId: 1 });
});

test("S-19: a session says that its function has returned, and is not due before it may end", async () => {
  const session = newSession({ handler: (context) => void context.callActivity("slow") });

  await session.execute([session.started], T0);

  expect([session.hasReturned, session.isDue]).toEqual([true, false]);
});

describe("an orchestration that completes on return", () => {
  test("ends at once; what it left open is abandoned and what it had not begun never begins", async () => {
    const run = await orchestrate(
      {
        completeOnReturn: true,
        *handler(context) {
          context.callActivity("begun");
          yield context.waitForExternalEvent("go");
          context.callActivity("not begun");
          context.callSubOrchestrator("not begun");
          context.createTimer(T0);
          context.sendEvent("other", "bye");
          context.startOrchestration("Other", undefined, { instanceId: "other" });
          return "returned";
        },
      },
      [eventRaised("go")],
    );

    expect(run.end).toEqual({ status: "Completed", output: "returned" });
    expect(run.last.actions).toEqual([
      sendEvent(4, "other", "bye"),
      createChild(5, "Other", { instanceId: "other", fireAndForget: true }),
    ]);
    expect(run.last.abandoned).toEqual([0, 1, 2, 3]);
  });

  test("fails at once, too", async () => {
    const run = await orchestrate({
      completeOnReturn: true,
      handler: (context) => {
        context.callActivity("work");
        throw new Error("thrown");
      },
    });

    expect(run.end?.status).toBe("Failed");
    expect(run.last.actions).toEqual([]);
  });

  test("continues as new at once, too", async () => {
    const run = await orchestrate({
      completeOnReturn: true,
      handler: (context) => {
        context.callActivity("work");
        context.continueAsNew("next");
      },
    });

    expect(run.end?.status).toBe("ContinuedAsNew");
    expect(run.last.abandoned).toEqual([0]);
  });

  test("waits for its tasks as usual as long as it has not returned", async () => {
    const run = await orchestrate(
      {
        completeOnReturn: true,
        *handler(context) {
          return yield context.all([context.callActivity("a"), context.createTimer(T0)]);
        },
      },
      [taskCompleted(0, "A")],
      [timerFired(1)],
    );

    expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "a"), createTimer(1, T0)]);
    expect(run.end?.output).toEqual(["A", null]);
  });
});
