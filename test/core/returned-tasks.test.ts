import { describe, expect, test } from "vitest";
import { taskCompleted, taskFailed } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";

describe("a generator that returns a task", () => {
  const returnsTask: Handler = function* (context) {
    yield context.callActivity("first");
    return context.callActivity("work");
  };

  test("ends with what the task comes to", async () => {
    const run = await orchestrate(
      { handler: returnsTask, alsoAsync: false },
      [taskCompleted(0)],
      [taskCompleted(1, "done")],
    );

    expect(run.end).toEqual({ status: "Completed", output: "done" });
  });

  test("fails with the task", async () => {
    const run = await orchestrate(
      { handler: returnsTask, alsoAsync: false },
      [taskCompleted(0)],
      [taskFailed(1)],
    );

    expect(run.end?.status).toBe("Failed");
  });

  test("ends at once when the task has ended", async () => {
    const run = await orchestrate(
      {
        alsoAsync: false,
        *handler(context) {
          const task = context.callActivity("work");
          yield task;
          return task;
        },
      },
      [taskCompleted(0, "done")],
    );

    expect(run.end).toEqual({ status: "Completed", output: "done" });
  });

  test("waits for all of several", async () => {
    const run = await orchestrate(
      {
        alsoAsync: false,
        *handler(context) {
          yield context.callActivity("first");
          return context.all([context.callActivity("a"), context.callActivity("b")]);
        },
      },
      [taskCompleted(0)],
      [taskCompleted(1, 1)],
      [taskCompleted(2, 2)],
    );

    expect(run.end).toEqual({ status: "Completed", output: [1, 2] });
  });
});
