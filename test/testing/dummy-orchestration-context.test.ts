import { describe, expect, test, vi } from "vitest";
import { App } from "../../src/sdk/app.ts";
import type { OrchestratorContext, Untyped } from "../../src/sdk/orchestrator-context.ts";
import { DummyOrchestrationContext, DummyTask } from "../../src/testing/index.ts";

const app = new App();
const sayHello = app.activity("sayHello", (city: string) => `Hello, ${city}!`);

function* helloSequence(context: OrchestratorContext): Generator<unknown, string[], Untyped> {
  const greetings: string[] = [];
  context.log("begins");
  greetings.push(yield context.df.callActivity("sayHello", "Tokyo"));
  greetings.push(yield* context.df.callActivity(sayHello, context.df.getInput<string>()));
  context.df.setCustomStatus("nearly there");
  yield context.df.Task.all([context.df.createTimer(context.df.currentUtcDateTime)]);
  return greetings;
}

describe("a generator driven by hand", () => {
  test("yields what it asks for, and goes on with what the test says", () => {
    const context = new DummyOrchestrationContext("hello", "some-id", () => undefined);
    vi.spyOn(context.df, "getInput").mockReturnValue("Rome");
    const orchestration = helloSequence(context);

    expect(orchestration.next().value).toMatchObject({ method: "callActivity", args: ["sayHello", "Tokyo"] });
    expect(orchestration.next("Hello, Tokyo!").value).toMatchObject({ args: [sayHello, "Rome"] });
    const all = orchestration.next("Hello, Rome!").value;
    expect(all).toEqual(
      new DummyTask("Task.all", [[new DummyTask("createTimer", [context.df.currentUtcDateTime])]]),
    );
    expect(context.df.customStatus).toBe("nearly there");
    expect(orchestration.next()).toEqual({ done: true, value: ["Hello, Tokyo!", "Hello, Rome!"] });
  });

  test("works with stubs in place of df, as in tests for durable-functions v3", () => {
    const context = new DummyOrchestrationContext("hello", "some-id", () => undefined);
    const callActivity = vi.fn((_name: unknown, city: unknown) => [`Hello, ${String(city)}!`]);
    context.df = {
      callActivity,
      getInput: () => "Rome",
      setCustomStatus: vi.fn(),
      createTimer: vi.fn(),
      Task: { all: vi.fn() },
    };
    const orchestration = helloSequence(context);

    let step = orchestration.next();
    while (!step.done) step = orchestration.next("a greeting");

    expect(callActivity.mock.calls).toEqual([
      ["sayHello", "Tokyo"],
      [sayHello, "Rome"],
    ]);
  });

  test("can be told of a failure", () => {
    const orchestration = helloSequence(new DummyOrchestrationContext("hello", "id", () => undefined));
    orchestration.next();

    expect(() => orchestration.throw(new Error("no answer"))).toThrow("no answer");
  });
});

test("a name, an id and a handler for logs can be given", () => {
  const lines: unknown[] = [];
  const context = new DummyOrchestrationContext("hello", "id-1", (...line) => lines.push(line));

  context.log("one", 1);
  context.log.warn("two");

  expect([context.functionName, context.invocationId, context.df.instanceId]).toEqual([
    "hello",
    "id-1",
    "id-1",
  ]);
  expect(lines).toEqual([
    ["information", "one", 1],
    ["warning", "two"],
  ]);
});

test("what has no stub says what to do", () => {
  const context = new DummyOrchestrationContext();

  expect(() => context.callActivity("sayHello", "Tokyo")).toThrow("run the orchestrator with TestHub");
});
