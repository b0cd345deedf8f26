import { expect, test } from "vitest";
import { eventRaised, suspended, taskCompleted, terminated } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";

const working: Handler = function* (context) {
  const result = yield* context.callActivity("work");
  return [result, yield* context.callActivity("more")];
};

test.each([
  ["a reason", "not needed any more", "not needed any more"],
  ["an empty reason", "", ""],
  ["no reason", undefined, undefined],
])("S-23: the output of a terminated orchestration is its reason: %s", async (_what, reason, output) => {
  const run = await orchestrate(working, [terminated(reason)]);

  expect(run.end).toEqual({ status: "Terminated", output });
});

test("S-17: a terminate does not wait for open tasks, which are abandoned", async () => {
  const run = await orchestrate(working, [terminated()]);

  expect(run.last.abandoned).toEqual([0]);
  expect(run.history.slice(-3).map((event) => event.type)).toEqual([
    "ExecutionTerminated",
    "ExecutionCompleted",
    "OrchestratorCompleted",
  ]);
});

test("S-42: a suspended orchestration can be terminated", async () => {
  const run = await orchestrate(working, [suspended("wait")], [taskCompleted(0)], [terminated("enough")]);

  expect(run.end).toEqual({ status: "Terminated", output: "enough" });
  expect(run.last.suspension).toBeUndefined();
});

test("S-43: an orchestration that is terminated before its first episode never runs", async () => {
  let ran = false;

  const run = await orchestrate({
    withStart: [eventRaised("go"), terminated("too late")],
    handler: () => {
      ran = true;
    },
  });

  expect(ran).toBe(false);
  expect(run.end).toEqual({ status: "Terminated", output: "too late" });
  expect(run.last.actions).toEqual([]);
});

test("S-44: a completion that is applied first stands", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callActivity("work");
    },
    [taskCompleted(0, "done"), terminated("too late")],
  );

  expect(run.end).toEqual({ status: "Completed", output: "done" });
});

test("S-44: a terminate that is applied first stands, and the code does not run on", async () => {
  const run = await orchestrate(working, [terminated("first"), taskCompleted(0), terminated("second")]);

  expect(run.end).toEqual({ status: "Terminated", output: "first" });
  expect(run.last.actions).toEqual([]);
});

test("S-44: what the code asked for in the batch that ends it does not go out", async () => {
  const run = await orchestrate(working, [taskCompleted(0), terminated("enough")]);

  expect(run.last.actions).toEqual([]);
  expect(run.end?.status).toBe("Terminated");
});

test.each<[string, Handler]>([
  ["returned", (context) => void context.callActivity("slow")],
  [
    "thrown",
    (context) => {
      context.callActivity("slow");
      throw new Error("thrown");
    },
  ],
  [
    "asked to continue as new",
    (context) => {
      context.callActivity("slow");
      context.continueAsNew();
    },
  ],
])(
  "S-44: an orchestration that has %s and waits for open tasks can be terminated",
  async (_what, handler) => {
    const run = await orchestrate(handler, [terminated("enough")]);

    expect(run.end).toEqual({ status: "Terminated", output: "enough" });
  },
);

test("S-44: a failure in the batch stands before a later terminate", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      throw new Error("own fault");
    },
    [taskCompleted(0), terminated("enough")],
  );

  expect(run.end?.status).toBe("Failed");
});
