import { describe, expect, test } from "vitest";
import { foldHistory } from "../../src/core/runtime-state.ts";
import { eventRaised, started, taskCompleted, taskFailed } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, rewind } from "../support/rewinding.ts";

const before: Handler = function* (context) {
  const first = yield* context.callActivity("first");
  const last = yield* context.callActivity("last");
  return [first, last];
};

const after: Handler = function* (context) {
  const first = yield* context.callActivity("first");
  if (context.patched("check")) yield context.callActivity("check");
  const last = yield* context.callActivity("last");
  return [first, last, context.patched("check")];
};

const marks = (history: readonly { readonly type: string }[]): readonly object[] =>
  history.filter(({ type }) => type === "PatchMarked");

describe("patched", () => {
  test("counts for code that runs for the first time, warm and cold", async () => {
    const run = await orchestrate(after, [taskCompleted(0, 1)], [taskCompleted(1, 2)], [taskCompleted(2, 3)]);

    expect(run.end).toEqual({ status: "Completed", output: [1, 3, true] });
    expect(marks(run.history)).toMatchObject([{ patchId: "check" }]);
  });

  test("takes no sequence number", async () => {
    const run = await orchestrate(after, [taskCompleted(0, 1)]);

    expect(run.last.actions).toMatchObject([{ type: "ScheduleTask", id: 1, name: "check" }]);
  });

  test("does not count for a history that has passed this point without it", async () => {
    const old = await orchestrate(before, [taskCompleted(0, 1)]);

    const run = await orchestrate({ handler: after, past: old.history }, [taskCompleted(1, 2)]);

    expect(run.end).toEqual({ status: "Completed", output: [1, 2, false] });
    expect(marks(run.history)).toEqual([]);
  });

  test("counts for an old history that has not come to this point yet", async () => {
    const old = await orchestrate(before);

    const run = await orchestrate(
      { handler: after, past: old.history },
      [taskCompleted(0, 1)],
      [taskCompleted(1)],
      [taskCompleted(2, 3)],
    );

    expect(run.end?.output).toEqual([1, 3, true]);
  });

  test("one that did not count does not count later in the same execution either", async () => {
    const waits: Handler = function* (context) {
      const answers = [];
      for (let round = 0; round < 2; round++) {
        if (context.patched("early")) answers.push(round);
        yield context.waitForExternalEvent("go");
      }
      return answers;
    };
    const old = await orchestrate(function* (context) {
      yield context.waitForExternalEvent("go");
      yield context.waitForExternalEvent("go");
    });

    const run = await orchestrate(
      { handler: waits, past: old.history },
      [eventRaised("go")],
      [eventRaised("go")],
    );

    expect(run.end?.output).toEqual([]);
  });

  test("is marked in the episode in which an orchestration is suspended, too", async () => {
    const run = await orchestrate(
      after,
      [taskCompleted(0, 1), { type: "ExecutionSuspended", timestamp: 0 }],
      [{ type: "ExecutionResumed", timestamp: 0 }],
      [taskCompleted(1)],
      [taskCompleted(2, 3)],
    );

    expect(run.end?.output).toEqual([1, 3, true]);
    expect(marks(run.history)).toHaveLength(1);
  });

  test("stays as it was when the orchestration is rewound", async () => {
    const failed = await orchestrate(after, [taskCompleted(0, 1)], [taskCompleted(1)], [taskFailed(2)]);

    const run = await goOn(after, await rewind(after, failed), [taskCompleted(2, 3)]);

    expect(run.end?.output).toEqual([1, 3, true]);
    expect(marks(run.history)).toHaveLength(1);
  });

  test("stays out of a rewound history that never had it", async () => {
    const failed = await orchestrate(before, [taskCompleted(0, 1)], [taskFailed(1)]);

    const run = await goOn(after, await rewind(after, failed), [taskCompleted(1, 2)]);

    expect(run.end?.output).toEqual([1, 2, false]);
  });

  test.each([[""], [undefined], [7], ["x".repeat(257)]])("of %o is refused", async (id) => {
    const run = await orchestrate(function* (context) {
      yield* [];
      context.patched(id as string);
    });

    expect(run.last.failure).toMatchObject({ properties: { code: "INVALID_ARGUMENT" } });
  });

  test("means nothing to who folds a history", () => {
    const { eventCount, ...state } = foldHistory([
      started(),
      { type: "PatchMarked", timestamp: 1, patchId: "a" },
    ]);

    expect(eventCount).toBe(2);
    expect(state).toMatchObject({ activities: [], timers: [], children: [], returned: false });
  });
});
