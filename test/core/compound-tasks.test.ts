import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import type { Task } from "../../src/core/task.ts";
import { eventRaised, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

describe("all", () => {
  test("S-196: completes with all results in the order of the list", async () => {
    const run = await orchestrate(
      function* (context) {
        return yield context.all([1, 2, 3].map((n) => context.callActivity("work", n)));
      },
      [taskCompleted(2, "c"), taskCompleted(0, "a")],
      [taskCompleted(1, "b")],
    );

    expect(run.end?.output).toEqual(["a", "b", "c"]);
  });

  test("S-196: fails with the first failure, but the orchestration ends only with its open tasks", async () => {
    const run = await orchestrate(
      function* (context) {
        yield context.all([1, 2, 3].map((n) => context.callActivity("work", n)));
      },
      [taskFailed(1, "first")],
      [taskFailed(0, "second")],
      [taskCompleted(2)],
    );

    expect(run.episodes.map((each) => each.end?.status)).toEqual([undefined, undefined, undefined, "Failed"]);
    expect(run.end?.output).toMatch("failed: first");
  });

  test("S-196: can be waited for again after it failed", async () => {
    const run = await orchestrate(
      function* (context) {
        const all = context.all([context.callActivity("a"), context.callActivity("b")]);
        const caught: unknown[] = [];
        for (let i = 0; i < 2; i++) {
          try {
            yield all;
          } catch (error) {
            caught.push((error as Error).message);
          }
        }
        return caught;
      },
      [taskFailed(0, "no"), taskCompleted(1)],
    );

    expect(run.end?.output).toEqual(Array(2).fill("Activity function 'work' failed: no"));
  });

  test("S-197: of an empty list completes at once", async () => {
    const run = await orchestrate(function* (context) {
      return yield context.all([]);
    });

    expect(run.end).toEqual({ status: "Completed", output: [] });
  });

  test("S-196: takes tasks of every kind, one of them twice, and other lists", async () => {
    const run = await orchestrate(
      function* (context) {
        const work = context.callActivity("work");
        const inner = context.all([context.waitForExternalEvent("go"), work]);
        return yield context.all<unknown>([work, context.createTimer(T0), inner]);
      },
      [timerFired(1), eventRaised("go", "went")],
      [taskCompleted(0, "done")],
    );

    expect(run.end?.output).toEqual(["done", null, ["went", "done"]]);
  });

  test("S-196: of tasks that have all completed is complete", async () => {
    const run = await orchestrate(
      function* (context) {
        const work = context.callActivity("work");
        yield work;
        return context.all([work, work]).isCompleted;
      },
      [taskCompleted(0)],
    );

    expect(run.end?.output).toBe(true);
  });

  test("S-196: of ten thousand tasks comes to its end in a moment", async () => {
    const count = 10_000;
    const results = Array.from({ length: count }, (_, n) => taskCompleted(n, n));

    const run = await orchestrate(
      function* (context) {
        const values = yield* context.all(
          Array.from({ length: count }, (_, n) => context.callActivity("work", n)),
        );
        return (values as number[]).reduce((sum, n) => sum + n);
      },
      results.slice(0, 5_000).toReversed(),
      results.slice(5_000),
    );

    expect(run.end?.output).toBe((count * (count - 1)) / 2);
  });
});

describe("any", () => {
  test("S-196: completes with the task that completed first", async () => {
    const run = await orchestrate(
      function* (context) {
        const tasks = [context.callActivity("a"), context.callActivity("b")];
        const winner = yield* context.any(tasks);
        return [tasks.indexOf(winner), winner.result];
      },
      [taskCompleted(1, "B"), taskCompleted(0, "A")],
    );

    expect(run.end?.output).toEqual([1, "B"]);
  });

  test("S-196: completes, and does not fail, with a task that failed first", async () => {
    const run = await orchestrate(
      function* (context) {
        const winner = yield* context.any([context.callActivity("a"), context.createTimer(T0)]);
        return [winner.isFaulted, (winner.error as Error).message];
      },
      [taskFailed(0, "no"), timerFired(1)],
    );

    expect(run.end?.output).toEqual([true, "Activity function 'work' failed: no"]);
  });

  test("S-196: of tasks one of which has completed completes with the first such in the list", async () => {
    const run = await orchestrate(
      function* (context) {
        const [a, b] = [context.callActivity("a"), context.callActivity("b")];
        yield b;
        const winner: Task = yield* context.any([a, b, b]);
        return [winner === b, yield* a];
      },
      [taskCompleted(1)],
      [taskCompleted(0, "A")],
    );

    expect(run.end?.output).toEqual([true, "A"]);
  });

  test("S-197: of an empty list is refused: it would never end", async () => {
    const run = await orchestrate((context) => {
      try {
        context.any([]);
      } catch (error) {
        return isDurableError(error, "INVALID_ARGUMENT");
      }
    });

    expect(run.end?.output).toBe(true);
  });

  test("S-18: leaves the tasks that lost open", async () => {
    const run = await orchestrate(
      function* (context) {
        yield context.any([context.callActivity("work"), context.createTimer(T0)]);
        return "returned";
      },
      [timerFired(1)],
      [taskCompleted(0)],
    );

    expect(run.episodes[1]).toMatchObject({ end: undefined, openTasks: [0] });
    expect(run.end?.output).toBe("returned");
  });
});

test.each([
  ["a number", 1],
  ["nothing", undefined],
  ["a promise", Promise.resolve(1)],
])("S-36: a list that holds %s instead of a task is refused", async (_what, wrong) => {
  const run = await orchestrate((context) => {
    const tasks = [context.waitForExternalEvent("go"), wrong] as Task[];
    return [() => context.all(tasks), () => context.any(tasks)].map((make) => {
      try {
        make();
        return "accepted";
      } catch (error) {
        return isDurableError(error, "NOT_A_TASK");
      }
    });
  });

  expect(run.end?.output).toEqual([true, true]);
});
