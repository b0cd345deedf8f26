// by-hand.test.ts
import { expect, test, vi } from "vitest";
import type { OrchestratorContext } from "../../../src/sdk/index.ts";
import { DummyOrchestrationContext } from "../../../src/testing/index.ts";

function* helloSequence(context: OrchestratorContext) {
  const first: unknown = yield context.df.callActivity("sayHello", "Tokyo");
  const second: unknown = yield context.df.callActivity("sayHello", context.df.getInput());
  return [first, second];
}

test("helloSequence greets Tokyo and the city of its input", () => {
  const context = new DummyOrchestrationContext();
  const callActivity = vi.spyOn(context.df, "callActivity");
  vi.spyOn(context.df, "getInput").mockReturnValue("Seattle");

  const orchestration = helloSequence(context);
  orchestration.next();
  orchestration.next("Hello, Tokyo!");
  const { done, value } = orchestration.next("Hello, Seattle!");

  expect(callActivity.mock.calls).toEqual([
    ["sayHello", "Tokyo"],
    ["sayHello", "Seattle"],
  ]);
  expect({ done, value }).toEqual({ done: true, value: ["Hello, Tokyo!", "Hello, Seattle!"] });
});
