import { describe, expect, onTestFinished, test, vi } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { getClient } from "../../src/sdk/open-hubs.ts";
import { TestHub, type TestHubOptions } from "../../src/testing/index.ts";

const DAY = 24 * 3_600_000;

const app = new App();
app.orchestration("trial", async (ctx, days: number) => {
  for (let day = 0; day < days; day++) await ctx.createTimer({ afterMs: DAY });
  return ctx.currentUtcDateTime.toISOString();
});
app.orchestration("approval", async (ctx) => {
  const answer = ctx.waitForExternalEvent<string>("answer", { timeoutMs: 3 * DAY, defaultValue: "nobody" });
  return await answer;
});
app.orchestration("forEver", async (ctx) => ctx.waitForExternalEvent<string>("go"));
app.orchestration("parent", async (ctx) =>
  ctx.callSubOrchestrator("forEver", undefined, { instanceId: "child" }),
);
app.activity("hangs", () => new Promise<never>(() => undefined));
app.activity("slow", async () => {
  for (let turn = 0; turn < 500; turn++) await new Promise((resolve) => void setImmediate(resolve));
  return "done";
});
app.orchestration("calls", async (ctx, name: string) => ctx.callActivity(name));
app.orchestration("restless", async (ctx) => ctx.continueAsNew());
app.orchestration("eternal", async (ctx) => {
  await ctx.createTimer({ afterMs: 3_600_000 });
  ctx.continueAsNew();
});

async function startHub(options: Partial<TestHubOptions> = {}): Promise<TestHub> {
  const hub = await TestHub.start({ app, ...options });
  onTestFinished(() => hub.stop());
  return hub;
}

describe("time", () => {
  test("a workflow of thirty days runs to its end at once", async () => {
    const hub = await startHub({ startAt: "2026-01-01T00:00:00Z" });
    const id = await hub.client.startNew("trial", { input: 30 });

    const { output } = await hub.run(id);

    expect(output).toBe("2026-01-31T00:00:00.000Z");
    expect(hub.now).toEqual(new Date("2026-01-31T00:00:00Z"));
  });

  test("a workflow of a thousand timers does so too", async () => {
    const hub = await startHub({ startAt: "2026-01-01T00:00:00Z" });
    const id = await hub.client.startNew("trial", { input: 1_000 });

    expect((await hub.run(id)).output).toBe("2028-09-27T00:00:00.000Z");
  });

  test.each([
    [90_000, "2030-01-01T00:01:30.000Z"],
    ["90s", "2030-01-01T00:01:30.000Z"],
    ["1h 30m", "2030-01-01T01:30:00.000Z"],
    ["1w2d3h4m5s6ms", "2030-01-10T03:04:05.006Z"],
    ["1.5d", "2030-01-02T12:00:00.000Z"],
    [0, "2030-01-01T00:00:00.000Z"],
  ])("advance(%j) leads to %s", async (span, expected) => {
    const hub = await startHub();

    await hub.advance(span);

    expect(hub.now.toISOString()).toBe(expected);
  });

  test("stands still until it is moved, and what is due on the way happens", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("trial", { input: 3 });

    await hub.advance("2d 23h");
    expect((await hub.client.getStatus(id))?.runtimeStatus).toBe("Running");
    await hub.advanceTo("2030-01-04T00:00:00Z");

    expect((await hub.client.getStatus(id))?.output).toBe("2030-01-04T00:00:00.000Z");
  });

  test("an instance that is to start later starts then", async () => {
    const hub = await startHub();
    const startAt = new Date("2030-02-01T00:00:00Z");
    const id = await hub.client.startNew("trial", { input: 1, startAt });

    expect((await hub.run(id)).output).toBe("2030-02-02T00:00:00.000Z");
  });

  test("a wait with a limit is over when that time has passed, and not later", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("trial", { input: 30 });

    const waiting = hub.client.waitForCompletion(id, { timeoutMs: DAY / 2 });

    await expect(waiting).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining("It waits for a timer due at 2030-01-02T00:00:00.000Z."),
    });
    expect(hub.now).toEqual(new Date("2030-01-01T12:00:00Z"));
  });

  test("several waits share one clock", async () => {
    const hub = await startHub();
    const ids = await Promise.all([3, 1, 2].map((input) => hub.client.startNew("trial", { input })));

    const statuses = await Promise.all(ids.map((id) => hub.client.waitForCompletion(id)));

    expect(statuses.map(({ output }) => output)).toEqual([
      "2030-01-04T00:00:00.000Z",
      "2030-01-02T00:00:00.000Z",
      "2030-01-03T00:00:00.000Z",
    ]);
  });

  test("waits for activities that take real time", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("calls", { input: "slow" });

    await hub.settle();

    expect((await hub.client.getStatus(id))?.output).toBe("done");
  });
});

describe("beside a test runner", () => {
  test("goes on when the runner has put other timers in place of those of Node.js", async () => {
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const hub = await startHub({ patienceMs: 20 });
    const id = await hub.client.startNew("trial", { input: 3 });
    const hanging = await hub.client.startNew("calls", { input: "hangs" });

    expect((await hub.run(id)).runtimeStatus).toBe("Completed");
    await expect(hub.run(hanging)).rejects.toThrow("Activity 'hangs' is running");
  });
});

describe("the hub", () => {
  test("is the one that getClient finds, while it runs", async () => {
    const hub = await startHub();
    expect(getClient()).toBe(hub.client);

    await hub.stop();

    expect(getClient).toThrow("No task hub is open in this process.");
  });

  test("makes the answers to HTTP requests that the application makes", async () => {
    const hub = await startHub({ webhookUrl: "https://flows.example.org" });
    const id = await hub.client.startNew("trial", { input: 2 });
    const answer = (timeoutInMilliseconds: number): Promise<Response> =>
      hub.client.waitForCompletionOrCreateCheckStatusResponse(undefined, id, { timeoutInMilliseconds });

    expect((await answer(DAY)).status).toBe(202);
    expect(hub.now).toEqual(new Date("2030-01-02T00:00:00Z"));
    expect((await answer(2 * DAY)).status).toBe(200);
  });
});

describe("a wait that cannot end", () => {
  test.each([
    ["forEver", undefined, "It waits for external event 'go'."],
    ["parent", undefined, "That one: It waits for external event 'go'."],
    ["calls", "hangs", "Activity 'hangs' is running since 2030-01-01T00:00:00.000Z."],
  ])("for an instance of %s(%s) says why", async (name, input, reason) => {
    const hub = await startHub({ patienceMs: 20 });
    const id = await hub.client.startNew(name, { input });

    await expect(hub.run(id)).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: expect.stringContaining(reason),
    });
  });

  test("for an orchestration that goes round in a circle says so", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("restless");

    await expect(hub.run(id)).rejects.toThrow("The hub does not come to rest");
  }, 60_000);

  test("because the orchestration is eternal says so, and with a limit it is over in time", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("eternal");

    await expect(hub.client.waitForCompletion(id, { timeoutMs: 10 * DAY })).rejects.toThrow("864000000 ms");
    await expect(hub.run(id)).rejects.toThrow("The instance has not ended after 10000 timers");
  }, 60_000);

  test("for an instance that does not exist says so", async () => {
    const hub = await startHub();

    await expect(hub.run("nobody")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
  });
});

describe("a script", () => {
  test("raises an event at its time", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("approval");
    hub.at("2d", () => hub.client.raiseEvent(id, "answer", "yes"));

    expect((await hub.run(id)).output).toBe("yes");
    expect(hub.now).toEqual(new Date("2030-01-03T00:00:00Z"));
  });

  test("that comes too late changes nothing", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew("approval");
    hub.at(new Date("2030-01-05T00:00:00Z"), () => hub.client.raiseEvent(id, "answer", "yes"));

    expect((await hub.run(id)).output).toBe("nobody");
  });

  test("that fails, fails whoever moves the time", async () => {
    const hub = await startHub();
    hub.at("1h", () => {
      throw new Error("the script is wrong");
    });

    await hub.advance("59m");
    await expect(hub.advance("1m")).rejects.toThrow("the script is wrong");
  });

  test("cannot move the time", async () => {
    const hub = await startHub();
    hub.at("1h", () => hub.advance("1h"));

    await expect(hub.advance("1h")).rejects.toThrow("Time stands still while a scripted action runs");
  });
});
