import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { scheduleTask } from "../support/actions.ts";
import { eventRaised, taskCompleted, taskFailed } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, NEW_EXECUTION_ID, outline, rewind } from "../support/rewinding.ts";

describe("a failed activity", () => {
  const handler: Handler = function* (context) {
    const first = yield* context.callActivity("first", 1);
    return [first, yield* context.callActivity("second", first)];
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

  test("S-132: each call keeps its result when one rewind is not enough", async () => {
    const failed = await orchestrate(
      handler,
      [taskFailed(0), taskFailed(1), taskCompleted(2, "three")],
      [taskFailed(3)],
    );
    const again = await goOn(handler, await rewind(handler, failed), [
      taskCompleted(3, "four"),
      taskFailed(0),
      taskCompleted(1, "two"),
    ]);

    const run = await goOn(handler, await rewind(handler, again), [taskCompleted(0, "one")]);

    expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "work", 1)]);
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
    const first = yield* context.waitForExternalEvent("go");
    yield context.callActivity("work");
    return [first, yield* context.waitForExternalEvent("go")];
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
