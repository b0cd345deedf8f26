import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import { eventRaised, T0, taskCompleted } from "../support/history.ts";
import { newSession, orchestrate } from "../support/orchestration.ts";

describe("S-36: yielding", () => {
  test.each<[string, unknown, string]>([
    ["undefined", undefined, "yielded a value of type undefined"],
    ["null", null, "yielded null"],
    ["a number", 7, "yielded a value of type number"],
    ["a text", "task", "yielded a value of type string"],
    ["an object", { isCompleted: true }, "yielded a value of type object"],
    ["a promise", Promise.resolve(1), "yielded a value of type object"],
    ["an array", [], "yielded an array"],
    ["a function", () => 1, "yielded a value of type function"],
  ])("%s fails the orchestration and says what it was", async (_what, value, text) => {
    const run = await orchestrate({
      alsoAsync: false,
      *handler() {
        yield value;
      },
    });

    expect(run.end?.status).toBe("Failed");
    expect(run.end?.output).toMatch(`Orchestrator 'Orchestrator' ${text}`);
    expect(run.last.failure).toMatchObject({ properties: { code: "NOT_A_TASK" } });
  });

  test.each([true, false])(
    "a rejected promise that a generator yields (%s) or returns fails it, and nothing else",
    async (yields) => {
      const promise = Promise.reject(new Error("lost"));
      const run = await orchestrate(
        {
          alsoAsync: false,
          *handler(context) {
            yield context.callActivity("work");
            if (yields) yield promise;
            return promise;
          },
        },
        [taskCompleted(0)],
      );

      expect(run.end?.status).toBe("Failed");
      expect(run.last.failure).toMatchObject({ properties: { code: "NOT_A_TASK" } });
    },
  );

  test("undefined comes with a hint at a forgotten return, an array with one at Task.all", async () => {
    const outputs = [];
    for (const value of [undefined, []]) {
      const run = await orchestrate({
        alsoAsync: false,
        *handler() {
          yield value;
        },
      });
      outputs.push(run.end?.output);
    }

    expect(outputs[0]).toMatch("forgotten to be returned");
    expect(outputs[1]).toMatch("Task.all");
  });

  test("nothing that is a task fails later than at the yield, also after durable work", async () => {
    const run = await orchestrate(
      {
        alsoAsync: false,
        *handler(context) {
          yield context.callActivity("work");
          yield 1;
        },
      },
      [taskCompleted(0)],
    );

    expect(run.end?.output).toMatch("yielded a value of type number");
  });
});

test("S-36: an async generator is no orchestrator, and does not even begin", async () => {
  const run = await orchestrate({
    async *handler(context) {
      yield context.callActivity("work");
    },
  });

  expect(run.end?.output).toMatch("Orchestrator 'Orchestrator' is an async generator.");
  expect(run.last.actions).toEqual([]);
});

describe("S-36: the context outside its episode", () => {
  const uses: readonly [string, (context: OrchestrationContext) => unknown][] = [
    ["callActivity", (context) => context.callActivity("work")],
    ["callSubOrchestrator", (context) => context.callSubOrchestrator("Child")],
    ["startOrchestration", (context) => context.startOrchestration("Other")],
    ["createTimer", (context) => context.createTimer(T0)],
    ["waitForExternalEvent", (context) => context.waitForExternalEvent("go")],
    ["sendEvent", (context) => context.sendEvent("other", "hello")],
    ["all", (context) => context.all([])],
    ["any", (context) => context.any([])],
    ["continueAsNew", (context) => context.continueAsNew()],
    ["setCustomStatus", (context) => context.setCustomStatus(1)],
    ["newGuid", (context) => context.newGuid()],
  ];

  test.each(uses)("%s is refused", async (_name, use) => {
    let kept: OrchestrationContext | undefined;
    const session = newSession({
      *handler(context) {
        kept = context;
        yield context.callActivity("work");
      },
    });
    await session.execute([session.started], T0);

    expect(() => use(kept as OrchestrationContext)).toThrow(
      expect.toSatisfy((error) => isDurableError(error, "CONTEXT_OUTSIDE_EPISODE")),
    );
    expect(session.isDue).toBe(false);
  });

  test("can still be asked what does not change: its id, its input, its time", async () => {
    let kept: OrchestrationContext | undefined;
    const session = newSession({
      started: { input: "1" },
      *handler(context) {
        kept = context;
        yield context.callActivity("work");
      },
    });
    await session.execute([session.started], T0);

    expect([kept?.instanceId, kept?.inputText, kept?.currentTime]).toEqual(["abc123", "1", T0]);
  });
});

describe("S-37: the limit of actions", () => {
  test("counts activities, timers, children, events sent and starts, and names the setting", async () => {
    const run = await orchestrate({
      maxActions: 5,
      completeOnReturn: true,
      handler: (context) => {
        context.callActivity("work");
        context.createTimer(T0);
        context.callSubOrchestrator("Child");
        context.sendEvent("other", "hello");
        context.startOrchestration("Other");
        context.callActivity("one too many");
      },
    });

    expect(run.end?.status).toBe("Failed");
    expect(run.end?.output).toMatch("more than 5 actions");
    expect(run.end?.output).toMatch("maxOrchestrationActions");
  });

  test("counts those that are replayed", async () => {
    const run = await orchestrate(
      {
        maxActions: 2,
        *handler(context) {
          for (;;) yield context.callActivity("work");
        },
      },
      [taskCompleted(0)],
      [taskCompleted(1)],
    );

    expect(run.end?.output).toMatch("more than 2 actions");
  });

  test("does not count waits for events", async () => {
    const run = await orchestrate(
      {
        maxActions: 1,
        *handler(context) {
          for (let i = 0; i < 3; i++) yield context.waitForExternalEvent("go");
          yield context.callActivity("work");
          return "done";
        },
      },
      [eventRaised("go"), eventRaised("go"), eventRaised("go")],
      [taskCompleted(0)],
    );

    expect(run.end?.output).toBe("done");
  });
});
