import { describe, expect, onTestFinished, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { after, type CrashPoint, TestHub, type TestHubOptions } from "../../src/testing/index.ts";

const app = new App();
const first = app.activity("first", (value: number) => value + 1);
const second = app.activity("second", (value: number) => value * 2);
const steps = app.orchestration("steps", async (ctx, value: number) => {
  const one = await ctx.callActivity(first, value);
  await ctx.createTimer({ afterMs: 3_600_000 });
  const two = await ctx.callActivity(second, one);
  return [two, await ctx.waitForExternalEvent<string>("go", { timeoutMs: 60_000, defaultValue: "nobody" })];
});

async function startHub(options: Partial<TestHubOptions> = {}): Promise<TestHub> {
  const hub = await TestHub.start({ app, ...options });
  onTestFinished(() => hub.stop());
  return hub;
}

test("after a crash another worker goes on from the store, and done activities are not done again", async () => {
  const hub = await startHub();
  const id = await hub.client.startNew(steps, { input: 1 });
  await hub.advance("30m");

  await hub.crash();
  const { output } = await hub.run(id);

  expect(output).toEqual([4, "nobody"]);
  expect(hub.crashes).toBe(1);
  expect(hub.calls(first)).toHaveLength(1);
  expect(hub.now).toEqual(new Date("2030-01-01T01:01:00Z"));
});

describe("a crash", () => {
  test.each<[string, CrashPoint, number, number]>([
    ["before the result of first is written", { activity: first }, 2, 1],
    ["after the result of first is written", { activity: "first", when: "after" }, 1, 1],
    ["before the result of second is written", { activity: second, when: "before" }, 1, 2],
    ["after the result of second is written", { activity: second, when: "after" }, 1, 1],
  ])("%s: it is found again", async (_where, point, firsts, seconds) => {
    const hub = await startHub();
    hub.crashNext(point);

    const { output } = await hub.run(await hub.client.startNew(steps, { input: 1 }));

    expect(output).toEqual([4, "nobody"]);
    expect(hub.crashes).toBe(1);
    expect([hub.calls(first).length, hub.calls(second).length]).toEqual([firsts, seconds]);
  });

  test("loses the call that was under way", async () => {
    const hub = await startHub();
    hub.crashNext({ activity: first });

    await hub.run(await hub.client.startNew(steps, { input: 1 }));

    expect(hub.calls(first).map(({ state }) => state)).toEqual(["lost", "completed"]);
  });

  test.each(
    [1, 2, 3, 4, 5].flatMap((commit) => [
      { commit, when: "before" as const },
      { commit, when: "after" as const },
    ]),
  )("%o: the workflow comes to the same end, each activity ran at least once", async (point) => {
    const hub = await startHub();
    const id = await hub.client.startNew(steps, { input: 1, startAt: new Date(hub.now.getTime() + 1) });
    hub.crashNext(point);

    const { output } = await hub.run(id);

    expect(output).toEqual([4, "nobody"]);
    expect(hub.crashes).toBe(1);
    expect(hub.calls(first).length).toBeGreaterThanOrEqual(1);
    expect(hub.calls(second).length).toBeGreaterThanOrEqual(1);
  });

  test("is not brought about by what a dead worker still had under way", async () => {
    const hub = await startHub();
    hub.fake(first, after("10s", 2));
    const id = await hub.client.startNew(steps, { input: 1 });
    await hub.advance("5s");
    await hub.crash();
    hub.crashNext({ activity: first, call: 2 });

    await hub.run(id);

    expect(hub.crashes).toBe(1);
    expect(hub.calls(first).map(({ state }) => state)).toEqual(["lost", "completed"]);
  });

  test("while a client waits does not end the wait", async () => {
    const hub = await startHub();
    const id = await hub.client.startNew(steps, { input: 1 });
    hub.at("10m", () => hub.crash());
    hub.at("20m", () => hub.crash());

    expect((await hub.client.waitForCompletion(id)).output).toEqual([4, "nobody"]);
    expect(hub.crashes).toBe(2);
  });

  test("during a start is told to who has asked for it, and nothing is there", async () => {
    const hub = await startHub();
    hub.crashNext({ commit: 1 });

    await expect(hub.client.startNew(steps, { input: 1, instanceId: "s" })).rejects.toMatchObject({
      code: "HOST_STOPPING",
    });

    await hub.settle();
    expect(await hub.client.getStatus("s")).toBeUndefined();
  });

  test("again and again at one point puts the instance into quarantine", async () => {
    const hub = await startHub();
    for (let crash = 0; crash < 10; crash++) hub.crashNext({ activity: first, call: 1 + crash });

    const running = hub.run(await hub.client.startNew(steps, { input: 1 }));

    await expect(running).rejects.toThrow("It is in quarantine: The process died 5 times");
  });
});
