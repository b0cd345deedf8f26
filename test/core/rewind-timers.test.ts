import { describe, expect, test } from "vitest";
import { createTimer, scheduleTask } from "../support/actions.ts";
import { SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, outline, rewind } from "../support/rewinding.ts";

const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };

describe("retries", () => {
  const handler: Handler = function* (context) {
    const first = yield* context.callActivity("first", undefined, { retry });
    const second = yield* context.callActivity("second", undefined, { retry });
    yield context.createTimer(T0 + 60 * SECOND);
    return [first, second, yield* context.callActivity("third")];
  };

  test("S-137: of a call that failed in the end go, with their timers", async () => {
    const failed = await orchestrate(handler, [taskFailed(0)], [timerFired(1)], [taskFailed(2)]);

    const { history } = await rewind(handler, failed);

    expect(outline(history)).toEqual(["ExecutionStarted"]);
  });

  test("S-137: of a call that succeeded stay, with their timers", async () => {
    const failed = await orchestrate(
      handler,
      [taskFailed(0)],
      [timerFired(1)],
      [taskCompleted(2, "one")],
      [taskFailed(3)],
      [timerFired(4)],
      [taskFailed(5)],
    );

    const rewound = await rewind(handler, failed);

    expect(outline(rewound.history)).toEqual([
      "ExecutionStarted",
      "0 first",
      "0 failed",
      "1 timer",
      "1 fired",
      "2 first",
      "2 completed",
    ]);
    const run = await goOn(
      handler,
      rewound,
      [taskCompleted(3, "two")],
      [timerFired(4)],
      [taskCompleted(5, "three")],
    );
    expect(run.end?.output).toEqual(["one", "two", "three"]);
  });

  test("S-137: that go make room: what follows in program order is renumbered", async () => {
    const sideBySide: Handler = function* (context) {
      const shaky = context.callActivity("shaky", undefined, { retry });
      const steady = context.callActivity("steady");
      return [yield* steady, yield* context.callActivity("next"), yield* shaky];
    };
    const failed = await orchestrate(
      sideBySide,
      [taskFailed(0)],
      [timerFired(2)],
      [taskFailed(3), taskCompleted(1, "steady")],
      [taskCompleted(4, "next")],
    );

    const rewound = await rewind(sideBySide, failed);

    expect(outline(failed.history)).toContain("4 next");
    expect(outline(rewound.history)).toEqual([
      "ExecutionStarted",
      "1 steady",
      "1 completed",
      "2 next",
      "2 completed",
    ]);
    const run = await goOn(
      sideBySide,
      rewound,
      [taskFailed(0)],
      [timerFired(3)],
      [taskCompleted(4, "shaky")],
    );
    expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "shaky")]);
    expect(run.episodes[1]?.actions).toMatchObject([{ type: "CreateTimer", id: 3, retryOf: 0 }]);
    expect(run.episodes[2]?.actions).toEqual([scheduleTask(4, "shaky", undefined, 0)]);
    expect(run.end?.output).toEqual(["steady", "next", "shaky"]);
  });

  test("S-137: that stay keep pointing at their first attempt after the renumbering", async () => {
    const sideBySide: Handler = function* (context) {
      const shaky = context.callActivity("shaky", undefined, { retry });
      yield context.createTimer(T0);
      const late = yield* context.callActivity("late", undefined, { retry });
      return [late, yield* shaky];
    };
    const failed = await orchestrate(
      sideBySide,
      [taskFailed(0)],
      [timerFired(2)],
      [taskFailed(3)],
      [timerFired(1)],
      [taskFailed(4)],
      [timerFired(5)],
      [taskCompleted(6, "late")],
    );

    const { history } = await rewind(sideBySide, failed);

    expect(history.filter((event) => "retryOf" in event)).toMatchObject([
      { type: "TimerCreated", eventId: 3, retryOf: 2 },
      { type: "TaskScheduled", eventId: 4, retryOf: 2 },
    ]);
  });
});

describe("plain timers", () => {
  test("S-137: stay, fired or not, and those still to fire are named", async () => {
    const handler: Handler = function* (context) {
      yield context.createTimer(T0);
      const slow = context.createTimer(T0 + 60 * SECOND);
      const canceled = context.createTimer(T0 + 90 * SECOND);
      canceled.cancel();
      yield context.callActivity("work");
      yield slow;
      return "done";
    };
    const failed = await orchestrate(handler, [timerFired(0)], [taskFailed(3)], [timerFired(1)]);

    const { history, timers } = await rewind(handler, failed);

    expect(outline(history)).toEqual([
      "ExecutionStarted",
      "0 timer",
      "0 fired",
      "1 timer",
      "2 timer",
      "1 fired",
    ]);
    expect(timers).toEqual([]);
  });

  test("S-137: one that the failed run did not wait for is still to fire", async () => {
    const handler: Handler = function* (context) {
      yield context.callActivity("work");
    };
    const hasty: Handler = function* (context) {
      context.createTimer(T0 + 60 * SECOND);
      yield* handler(context) as Generator;
    };
    const failed = await orchestrate({ handler: hasty, completeOnReturn: true }, [taskFailed(1)]);

    const { timers } = await rewind(hasty, failed);

    expect(timers).toEqual([{ id: 0, fireAt: T0 + 60 * SECOND }]);
  });

  test("S-31: code that reads its clock reads the same again", async () => {
    const handler: Handler = function* (context) {
      const before = context.currentTime;
      yield context.callActivity("first");
      const guid = context.newGuid();
      yield context.createTimer(context.currentTime + SECOND);
      yield context.callActivity("second");
      return [before, guid];
    };
    const failed = await orchestrate(handler, [taskCompleted(0)], [timerFired(1)], [taskFailed(2)]);
    const never = await orchestrate(handler, [taskCompleted(0)], [timerFired(1)], [taskCompleted(2)]);

    const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(2)]);

    expect(run.end?.output).toEqual(never.end?.output);
    expect(run.history.filter((event) => event.type === "TimerCreated")).toMatchObject([
      { fireAt: createTimer(1, T0 + 2 * SECOND).fireAt },
    ]);
  });
});
