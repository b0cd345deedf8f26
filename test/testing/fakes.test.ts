import { describe, expect, onTestFinished, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { after, inTurn, never, TestHub, type TestHubOptions } from "../../src/testing/index.ts";

const app = new App();
const sayHello = app.activity("sayHello", async (city: string) => `Hello, ${city}!`);
const charge = app.activity("charge", {
  timeoutMs: 60_000,
  handler: (_cents: number): { readonly receipt: string } => {
    throw new Error("no card in a test");
  },
});
const greet = app.orchestration("greet", async (ctx, cities: string[]) =>
  ctx.all(cities.map((city) => ctx.callActivity(sayHello, city))),
);
const pay = app.orchestration("pay", async (ctx, cents: number) => {
  const retry = { maxNumberOfAttempts: 3, firstRetryIntervalInMilliseconds: 1_000 };
  return (await ctx.callActivityWithRetry(charge, retry, cents)).receipt;
});
const child = app.orchestration("child", async (ctx, input: number) => {
  await ctx.createTimer({ afterMs: 1_000 });
  return input + 1;
});
const family = app.orchestration("family", async (ctx) => [
  await ctx.callSubOrchestrator(child, 1),
  await ctx.callSubOrchestrator(child, 2),
]);

async function startHub(options: Partial<TestHubOptions> = {}): Promise<TestHub> {
  const hub = await TestHub.start({ app, ...options });
  onTestFinished(() => hub.stop());
  return hub;
}

async function greeting(hub: TestHub): Promise<unknown> {
  const { output } = await hub.run(await hub.client.startNew(greet, { input: ["Tokyo", "Rome"] }));
  return output;
}

describe("an activity", () => {
  test("without a fake runs, and its calls are written down", async () => {
    const hub = await startHub();

    expect(await greeting(hub)).toEqual(["Hello, Tokyo!", "Hello, Rome!"]);
    expect(hub.calls(sayHello)).toMatchObject([
      { input: "Tokyo", state: "completed", result: "Hello, Tokyo!", at: new Date("2030-01-01T00:00:00Z") },
      { input: "Rome", state: "completed", result: "Hello, Rome!" },
    ]);
  });

  test("without a fake fails where real ones are refused", async () => {
    const hub = await startHub({ realActivities: "refuse" });

    expect(await greeting(hub)).toContain("Activity 'sayHello' has no fake");
  });

  test("can be a value", async () => {
    const hub = await startHub();
    hub.fake(sayHello, "Hi");

    expect(await greeting(hub)).toEqual(["Hi", "Hi"]);
  });

  test("can be a function of its input and context", async () => {
    const hub = await startHub();
    hub.fake(sayHello, async (city, context) => `${context.functionName} ${city.toUpperCase()}`);

    expect(await greeting(hub)).toEqual(["sayHello TOKYO", "sayHello ROME"]);
  });

  test("can fail", async () => {
    const hub = await startHub();
    hub.fake(sayHello, new RangeError("nobody home"));

    expect(await greeting(hub)).toContain("nobody home");
    expect(hub.calls(sayHello)[0]).toMatchObject({ state: "failed", error: { message: "nobody home" } });
  });

  test("can be faked by name when the hub starts, in any case", async () => {
    const hub = await startHub({ fakes: { SAYHELLO: "Hi" } });

    expect(await greeting(hub)).toEqual(["Hi", "Hi"]);
    expect(hub.calls("sayhello")).toHaveLength(2);
  });

  test("can fail twice and then succeed; the retries wait in virtual time", async () => {
    const hub = await startHub();
    hub.fake(charge, inTurn(new Error("busy"), new Error("still busy"), { receipt: "r-1" }));

    const { output } = await hub.run(await hub.client.startNew(pay, { input: 250 }));

    expect(output).toBe("r-1");
    expect(hub.calls(charge).map(({ input, state, at }) => [input, state, at.toISOString()])).toEqual([
      [250, "failed", "2030-01-01T00:00:00.000Z"],
      [250, "failed", "2030-01-01T00:00:01.000Z"],
      [250, "completed", "2030-01-01T00:00:02.000Z"],
    ]);
  });

  test("can take its time", async () => {
    const hub = await startHub();
    hub.fake(charge, after("45s", { receipt: "late" }));

    const { output } = await hub.run(await hub.client.startNew(pay, { input: 250 }));

    expect(output).toBe("late");
    expect(hub.now).toEqual(new Date("2030-01-01T00:00:45Z"));
  });

  test("that hangs runs into its timeout", async () => {
    const hub = await startHub();
    hub.fake(charge, inTurn<number, { receipt: string }>(never(), after("2m", { receipt: "too late" })));

    const { output } = await hub.run(await hub.client.startNew(pay, { input: 250 }));

    expect(output).toContain("Activity 'charge' did not finish within its 60000 ms.");
    expect(hub.calls(charge)).toHaveLength(3);
  });

  test("has the fake of one hub in that hub only", async () => {
    const first = await startHub({ fakes: { sayHello: "Hi" } });
    const second = await startHub();

    expect(await greeting(first)).toEqual(["Hi", "Hi"]);
    expect(await greeting(second)).toEqual(["Hello, Tokyo!", "Hello, Rome!"]);
  });
});

describe("a sub-orchestration", () => {
  test.each<[string, (hub: TestHub) => void, unknown]>([
    ["a value", (hub) => hub.fake(child, 7), [7, 7]],
    ["a function of its input", (hub) => hub.fake(child, (input) => input * 10), [10, 20]],
    ["outcomes in turn", (hub) => hub.fake(child, inTurn(5, 6)), [5, 6]],
    ["something that takes its time", (hub) => hub.fake(child, after("1d", 7)), [7, 7]],
  ])("can be %s", async (_what, fake, expected) => {
    const hub = await startHub({ settings: { sessionMemoryBytes: 0 } });
    fake(hub);

    const { output } = await hub.run(await hub.client.startNew(family));

    expect(output).toEqual(expected);
    expect(hub.calls(child).map(({ input, state }) => [input, state])).toEqual([
      [1, "completed"],
      [2, "completed"],
    ]);
  });

  test("can fail", async () => {
    const hub = await startHub();
    hub.fake(child, new Error("no child"));

    const { runtimeStatus, output } = await hub.run(await hub.client.startNew(family));

    expect(runtimeStatus).toBe("Failed");
    expect(output).toContain("no child");
  });

  test("that never ends is why its parent waits", async () => {
    const hub = await startHub();
    hub.fake(child, never());

    const running = hub.run(await hub.client.startNew(family));

    await expect(running).rejects.toThrow("the fake never comes to anything");
  });

  test("has to answer at once", async () => {
    const hub = await startHub();
    hub.fake("child", async () => 1);

    const { output } = await hub.run(await hub.client.startNew(family));

    expect(output).toContain("The fake of orchestrator 'child' returned a promise");
  });
});

describe("what cannot be meant", () => {
  test.each<[string, (hub: TestHub) => unknown, string]>([
    [
      "a fake of an unknown function",
      (hub) => hub.fake("sayHelo", 1),
      "The app has no activity and no orchestrator 'sayHelo'. Its activities: 'charge', 'sayHello'. " +
        "Its orchestrators: 'child', 'family', 'greet', 'pay'.",
    ],
    ["calls of an unknown function", (hub) => hub.calls("sayHelo"), "Its activities: 'charge', 'sayHello'."],
    ["a function as a name", (hub) => hub.fake((() => 1) as never, 1), "named by a text or by what"],
    ["nothing in turn", () => inTurn(), "inTurn takes at least one outcome."],
    ["a negative delay", () => after(-1, 1), "-1 is no span of time that can pass."],
    ["a negative time", (hub) => hub.advance(-1), "-1 is no span of time that can pass."],
    ["half a text", (hub) => hub.advance("2 fortnights"), '"2 fortnights" is no span of time'],
    ["an empty text", (hub) => hub.advance(""), '"" is no span of time'],
    ["no number", (hub) => hub.advance(Number.NaN), "is no span of time"],
    ["no end", (hub) => hub.advance("9999999d"), "Time in a test hub ends with the year 9999."],
    ["a past date", (hub) => hub.advanceTo("2029-12-31"), "Time does not go back: it is 2030-01-01"],
    ["no date", (hub) => hub.advanceTo("soon"), "soon is no date."],
    ["a script for the past", (hub) => hub.at(new Date(0), () => 1), "Time does not go back"],
    ["a crash at no commit", (hub) => hub.crashNext({ commit: 0 }), "commit is 0; allowed: a whole number"],
    ["a crash at no call", (hub) => hub.crashNext({ activity: sayHello, call: 0.5 }), "call is 0.5; allowed"],
    ["a crash of an orchestrator", (hub) => hub.crashNext({ activity: "greet" }), "'greet' is no activity"],
    ["a hub without an app", () => TestHub.start({} as never), "TestHub.start takes { app }"],
    ["a start at no date", () => startHub({ startAt: "once" }), "once is no date."],
    ["fakes of unknown functions", () => startHub({ fakes: { nobody: 1 } }), "no orchestrator 'nobody'"],
    ["another lease", () => startHub({ settings: { leaseMs: 1 } as never }), "leaseMs cannot be set"],
    ["a wrong setting", () => startHub({ settings: { maxOrchestrationActions: 0 } }), "allowed: a number"],
  ])("is refused: %s", async (_what, act, message) => {
    const hub = await startHub();

    await expect((async () => act(hub))()).rejects.toThrow(message);
  });

  test("is refused: anything after the end of the hub", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew(family);
    await hub.stop();
    await hub.stop();

    for (const act of [
      () => hub.advance(1),
      () => hub.client.startNew(greet, { input: [] }),
      () => hub.run(id),
      () => hub.fake(sayHello, "Hi"),
      () => hub.crash(),
      () => hub.at("1d", () => 1),
    ]) {
      await expect((async () => act())()).rejects.toThrow("This test hub was stopped.");
    }
  });
});
