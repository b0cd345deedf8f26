import { describe, expect, test } from "vitest";
import { type Gate, gate, HubInMemory } from "./hub-in-memory.ts";

/** An activity that says when it runs, and goes on when the test lets it. */
function held(hub: HubInMemory, name = "held", options: { readonly timeoutMs?: number } = {}) {
  const running: unknown[] = [];
  const signals: AbortSignal[] = [];
  const gates: Gate[] = [];
  hub.app.activity(name, {
    ...options,
    handler: async (input: unknown, context) => {
      running.push(input);
      signals.push(context.signal);
      const next = gate();
      gates.push(next);
      await next.opened;
      return input;
    },
  });
  const open = (): void => {
    for (const each of gates) each.open();
  };
  return { running, signals, gates, open };
}

describe("maxConcurrentActivityFunctions", () => {
  test("so many activities run at a time, the others in the order they were asked for", async () => {
    const hub = new HubInMemory({ settings: { maxConcurrentActivityFunctions: 3 } });
    const { running, gates } = held(hub);
    hub.app.orchestration("fan", function* (ctx) {
      return yield ctx.all([0, 1, 2, 3, 4].map((each) => ctx.callActivity("held", each)));
    });
    const { client } = await hub.host();
    const id = await client.startNew("fan");
    await hub.clock.settle();
    expect(running).toEqual([0, 1, 2]);

    gates[1]?.open();
    await hub.clock.settle();
    expect(running).toEqual([0, 1, 2, 3]);

    for (let turn = 0; turn < 2; turn++) {
      for (const each of gates) each.open();
      await hub.clock.settle();
    }
    expect((await client.waitForCompletion(id)).output).toEqual([0, 1, 2, 3, 4]);
  });
});

describe("a time limit", () => {
  test("an activity that takes longer fails, is asked to stop, and its late result is of no use", async () => {
    const hub = new HubInMemory();
    const { signals, open } = held(hub, "slow", { timeoutMs: 1_000 });
    hub.app.orchestration("limited", function* (ctx) {
      try {
        return yield ctx.callActivity("slow", 1);
      } catch (error) {
        yield ctx.createTimer({ afterMs: 5_000 });
        return (error as Error).message;
      }
    });
    const { client } = await hub.host();
    const id = await client.startNew("limited");

    await hub.clock.advance(999);
    expect(signals[0]?.aborted).toBe(false);
    await hub.clock.advance(1);
    expect(signals[0]?.aborted).toBe(true);
    expect(signals[0]?.reason).toMatchObject({ code: "ACTIVITY_TIMEOUT" });
    open();
    await hub.clock.advance(5_000);

    const { output } = await client.waitForCompletion(id);
    expect(output).toContain("Activity 'slow' did not finish within its 1000 ms.");
    const results = (await client.getHistory(id)).filter(({ type }) => /^Task(Completed|Failed)$/.test(type));
    expect(results.map(({ type }) => type)).toEqual(["TaskFailed"]);
  });

  test("an activity that is in time leaves no alarm behind", async () => {
    const hub = new HubInMemory();
    const { signals, open } = held(hub, "quick", { timeoutMs: 1_000 });
    hub.app.orchestration("limited", function* (ctx) {
      return yield ctx.callActivity("quick", 1);
    });
    const { client } = await hub.host();
    const id = await client.startNew("limited");
    await hub.clock.settle();
    open();
    await client.waitForCompletion(id);

    await hub.clock.advance(10_000);

    expect(signals[0]?.aborted).toBe(false);
  });
});

describe("an activity whose orchestration has ended without it is asked to stop", () => {
  test("S-45: after terminate", async () => {
    const hub = new HubInMemory();
    const { signals, open } = held(hub);
    hub.app.orchestration("waits", function* (ctx) {
      return yield ctx.callActivity("held", 1);
    });
    const { client } = await hub.host();
    const id = await client.startNew("waits");
    await hub.clock.settle();

    await client.terminate(id, "enough");
    open();
    await hub.clock.settle();

    expect(signals[0]?.aborted).toBe(true);
    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
    expect((await client.getHistory(id)).map(({ type }) => type)).not.toContain("TaskCompleted");
  });

  test("completeOnReturn: the losers of a race are canceled when the function returns", async () => {
    const hub = new HubInMemory();
    const { signals } = held(hub);
    hub.app.activity("quick", () => "quick");
    hub.app.orchestration("hasty", {
      completeOnReturn: true,
      handler: async (ctx) => ctx.any([ctx.callActivity("held", 1), ctx.callActivity("quick")]),
    });
    const { client } = await hub.host();

    const { output } = await client.waitForCompletion(await client.startNew("hasty"));

    expect(output).toBe("quick");
    expect(signals[0]?.aborted).toBe(true);
  });

  test("S-17: without it the instance ends when the losers have ended", async () => {
    const hub = new HubInMemory();
    const { signals, open } = held(hub);
    hub.app.activity("quick", () => "quick");
    hub.app.orchestration("patient", async (ctx) =>
      ctx.any([ctx.callActivity("held", 1), ctx.callActivity("quick")]),
    );
    const { client } = await hub.host();
    const id = await client.startNew("patient");
    await hub.clock.settle();
    expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");

    open();

    expect(await client.waitForCompletion(id)).toMatchObject({ output: "quick" });
    expect(signals[0]?.aborted).toBe(false);
  });
});

describe("a call that cannot be carried out fails, and the orchestrator may catch it", () => {
  const calls: readonly [title: string, name: string, message: RegExp][] = [
    ["S-11: an unknown activity", "nowhere", /'nowhere'.*is not registered|'nowhere'/],
    ["a result that is no JSON", "cyclic", /result of activity 'cyclic'/i],
  ];

  test.each(calls)("%s", async (_title, name, message) => {
    const hub = new HubInMemory();
    hub.app.activity("cyclic", () => {
      const cycle: { self?: unknown } = {};
      cycle.self = cycle;
      return cycle;
    });
    hub.app.orchestration("calls", function* (ctx) {
      try {
        return yield ctx.callActivity(name);
      } catch (error) {
        return (error as Error).message;
      }
    });
    const { client } = await hub.host();

    expect((await client.waitForCompletion(await client.startNew("calls"))).output).toMatch(message);
  });
});

test("whatever an activity throws reaches the client with its type, its properties and its cause", async () => {
  class OutOfStock extends Error {
    override name = "OutOfStock";
    readonly item = "bolt";
  }
  const hub = new HubInMemory();
  hub.app.activity("sells", () => {
    throw new OutOfStock("no bolts", { cause: new RangeError("0 < 1") });
  });
  hub.app.orchestration("buys", function* (ctx) {
    return yield ctx.callActivity("sells");
  });
  const { client } = await hub.host();

  const { failureDetails } = await client.waitForCompletion(await client.startNew("buys"));

  expect(failureDetails).toMatchObject({
    errorType: "TaskFailedError",
    innerFailure: {
      errorType: "OutOfStock",
      errorMessage: "no bolts",
      properties: { item: "bolt" },
      stackTrace: expect.stringContaining("activities.test.ts"),
      innerFailure: { errorType: "RangeError", errorMessage: "0 < 1" },
    },
  });
});
