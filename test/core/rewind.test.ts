import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { createTimer, scheduleTask } from "../support/actions.ts";
import { eventRaised, SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, NEW_EXECUTION_ID, rewind } from "../support/rewinding.ts";

/** What a history says was asked for and what came of it, without the frames of the episodes. */
function outline(history: readonly HistoryEvent[]): readonly string[] {
  return history.flatMap((event) => {
    switch (event.type) {
      case "TaskScheduled":
        return `${event.eventId} ${event.name}`;
      case "TimerCreated":
        return `${event.eventId} timer`;
      case "TaskCompleted":
        return `${event.taskScheduledId} completed`;
      case "TaskFailed":
        return `${event.taskScheduledId} failed`;
      case "TimerFired":
        return `${event.timerId} fired`;
      case "OrchestratorStarted":
      case "OrchestratorCompleted":
        return [];
      default:
        return event.type;
    }
  });
}

const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };

describe("a failed activity", () => {
  const handler: Handler = function* (context) {
    const first = yield context.callActivity("first", 1);
    return [first, yield context.callActivity("second", first)];
  };
  const failing = () => orchestrate(handler, [taskCompleted(0, "one")], [taskFailed(1)]);

  test("S-136: is taken out of the history together with its failure and the end", async () => {
    const { history } = await rewind(handler, await failing());

    expect(outline(history)).toEqual(["ExecutionStarted", "0 first", "0 completed"]);
  });

  test("S-132: is asked for again, and nothing else is", async () => {
    const run = await goOn(handler, await rewind(handler, await failing()), [taskCompleted(1, "two")]);

    expect(run.episodes[0]?.actions).toEqual([scheduleTask(1, "second", "one")]);
    expect(run.end).toEqual({ status: "Completed", output: ["one", "two"] });
  });

  test("S-136: leaves a history with a new execution id and the frames of its episodes", async () => {
    const failed = await failing();

    const { history } = await rewind(handler, failed);

    expect(history.find((event) => event.type === "ExecutionStarted")).toMatchObject({
      executionId: NEW_EXECUTION_ID,
      instanceId: "abc123",
    });
    const frames = (events: readonly HistoryEvent[]) =>
      events.filter((event) => event.type === "OrchestratorStarted").map((event) => event.timestamp);
    expect(frames(history)).toEqual(frames(failed.history));
  });

  test("S-136: can fail and be rewound again", async () => {
    const again = await goOn(handler, await rewind(handler, await failing()), [taskFailed(1)]);

    const run = await goOn(handler, await rewind(handler, again), [taskCompleted(1, "two")]);

    expect(run.history.filter((event) => event.type === "ExecutionRewound")).toHaveLength(2);
    expect(run.end?.output).toEqual(["one", "two"]);
  });
});

describe("a fan-out", () => {
  const handler: Handler = function* (context) {
    return yield context.all([1, 2, 3, 4].map((n) => context.callActivity("work", n)));
  };

  test("S-132: all its failed activities are asked for again, each with its own input and number", async () => {
    const failed = await orchestrate(
      handler,
      [taskFailed(0), taskCompleted(1, "two")],
      [taskFailed(2), taskCompleted(3, "four")],
    );

    const run = await goOn(handler, await rewind(handler, failed), [
      taskCompleted(0, "one"),
      taskCompleted(2, "three"),
    ]);

    expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "work", 1), scheduleTask(2, "work", 3)]);
    expect(run.end?.output).toEqual(["one", "two", "three", "four"]);
  });

  test("S-132: a result stays with the call it was for, also among calls of one name and input", async () => {
    const twins: Handler = function* (context) {
      return yield context.all([context.callActivity("dice"), context.callActivity("dice")]);
    };
    const failed = await orchestrate(twins, [taskFailed(0), taskCompleted(1, 6)]);

    const run = await goOn(twins, await rewind(twins, failed), [taskCompleted(0, 1)]);

    expect(run.end?.output).toEqual([1, 6]);
  });
});

describe("retries", () => {
  const handler: Handler = function* (context) {
    const first = yield context.callActivity("first", undefined, { retry });
    const second = yield context.callActivity("second", undefined, { retry });
    yield context.createTimer(T0 + 60 * SECOND);
    return [first, second, yield context.callActivity("third")];
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
      return [yield steady, yield context.callActivity("next"), yield shaky];
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
      const late = yield context.callActivity("late", undefined, { retry });
      return [late, yield shaky];
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

describe("a failure that was not an activity's", () => {
  test("S-138: the code's own throw is not cured: it fails again", async () => {
    const handler: Handler = function* (context) {
      yield context.callActivity("work");
      throw new Error("own fault");
    };
    const failed = await orchestrate(handler, [taskCompleted(0)]);

    const rewound = await rewind(handler, failed);

    expect(outline(rewound.history)).toEqual(["ExecutionStarted", "0 work", "0 completed"]);
    const run = await goOn(handler, rewound);
    expect(run.episodes[0]?.actions).toEqual([]);
    expect(run.end).toEqual(failed.end);
  });

  test("S-138: mended code goes on where the old one failed", async () => {
    const broken: Handler = function* (context) {
      yield context.callActivity("work");
      throw new Error("own fault");
    };
    const mended: Handler = function* (context) {
      return yield context.callActivity("work");
    };
    const failed = await orchestrate(broken, [taskCompleted(0, "kept")]);

    const run = await goOn(mended, await rewind(mended, failed));

    expect(run.end?.output).toBe("kept");
  });

  test("S-138: code that does not follow its history keeps it, and fails again", async () => {
    const changed: Handler = function* (context) {
      yield context.callActivity("renamed");
    };
    const failed = await orchestrate(
      function* (context) {
        yield context.callActivity("work");
        throw new Error("own fault");
      },
      [taskCompleted(0)],
    );

    const run = await goOn(changed, await rewind(changed, failed));

    expect(run.end?.output).toMatch("Non-Deterministic workflow detected: ");
  });
});

test("S-136: external events stay, those nobody waited for too", async () => {
  const handler: Handler = function* (context) {
    const first = yield context.waitForExternalEvent("go");
    yield context.callActivity("work");
    return [first, yield context.waitForExternalEvent("go")];
  };
  const failed = await orchestrate(handler, [eventRaised("go", 1), eventRaised("go", 2)], [taskFailed(0)]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(0)]);

  expect(run.end?.output).toEqual([1, 2]);
});

test("S-139: the custom status is left as it was until the code sets another", async () => {
  const handler: Handler = function* (context) {
    context.setCustomStatus("before");
    yield context.callActivity("work");
    context.setCustomStatus("after");
  };
  const failed = await orchestrate(handler, [taskFailed(0)]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(0)]);

  expect(run.episodes.map((each) => each.customStatus)).toEqual([undefined, { value: "after" }]);
});
