import { expect, test } from "vitest";
import { systemClock } from "../../src/engine/clock.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import { defaultSettings } from "../../src/engine/settings.ts";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import { TaskHubWorker } from "../../src/engine/task-hub-worker.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App } from "../../src/sdk/app.ts";
import { DurableClient } from "../../src/sdk/durable-client.ts";
import { RetryOptions } from "../../src/sdk/retry-options.ts";

async function open(app: App) {
  const storage = createMemoryStorage({ clock: systemClock } as never);
  await storage.taskHubs.ensure("h");
  const store = await storage.openTaskHub("h");
  const settings = defaultSettings();
  const executor = new LocalExecutor({
    registry: app.registry,
    clock: systemClock,
    maxOrchestrationActions: 100000,
  });
  const logger = { debug() {}, info() {}, warn: console.warn, error: console.error };
  const worker = new TaskHubWorker({ store, executor, settings, logger });
  await worker.start();
  return { worker, client: new DurableClient(new TaskHubClient({ store, settings, worker }), app.schemas) };
}

test("smoke", async () => {
  const app = new App();
  const hello = app.activity("hello", async (c: string) => `Hello, ${c}!`);
  let fails = 2;
  app.activity("flaky", () => {
    if (fails-- > 0) throw new TypeError("flaky");
    return "ok";
  });
  app.activity("boom", () => {
    throw new RangeError("boom");
  });
  const seq = app.orchestration("seq", function* (ctx) {
    const out: string[] = [];
    out.push(yield ctx.df.callActivity("hello", "Tokyo"));
    out.push(yield* ctx.callActivity(hello, "Seattle"));
    out.push(yield ctx.callActivity("hello", "London"));
    return out;
  });
  const par = app.orchestration("par", async (ctx, cities: string[]) =>
    ctx.all(cities.map((c) => ctx.callActivity(hello, c))),
  );
  app.orchestration("misc", function* (ctx) {
    const t = ctx.createTimer({ afterMs: 20 });
    yield t;
    const r = yield ctx.callActivityWithRetry("flaky", new RetryOptions(5, 5));
    const c = yield ctx.callSubOrchestrator("seq");
    const e = yield ctx.waitForExternalEvent("go");
    const l = yield ctx.waitForExternalEvent("never", { timeoutMs: 10, defaultValue: "late" });
    return { r, c, e, l };
  });
  app.orchestration("eternal", function* (ctx, n: number) {
    yield ctx.callActivity("hello", String(n));
    if (n < 5) {
      ctx.continueAsNew(n + 1);
      return;
    }
    return n;
  });
  app.orchestration("stray", async (ctx) => {
    await ctx.callActivity("hello", "x");
    await new Promise((r) => setTimeout(r, 50));
    return 1;
  });
  let rw = 1;
  app.activity("once", () => {
    if (rw-- > 0) throw new Error("not yet");
    return "fine";
  });
  app.orchestration("rewindme", function* (ctx) {
    yield ctx.callActivity("hello", "a");
    return yield ctx.callActivity("once");
  });
  const { client, worker } = await open(app);
  const id1 = await client.startNew(seq);
  expect((await client.waitForCompletion(id1)).output).toEqual([
    "Hello, Tokyo!",
    "Hello, Seattle!",
    "Hello, London!",
  ]);
  const id2 = await client.startNew(par, { input: ["a", "b"] });
  expect((await client.waitForCompletion(id2)).output).toEqual(["Hello, a!", "Hello, b!"]);
  const id3 = await client.startNew("misc");
  await client.raiseEvent(id3, "GO", { x: 1 });
  const s3 = await client.waitForCompletion(id3, { timeoutMs: 3000 }).catch(async (e) => {
    console.log(await client.whyWaiting(id3));
    throw e;
  });
  expect(s3.output).toEqual({
    r: "ok",
    c: ["Hello, Tokyo!", "Hello, Seattle!", "Hello, London!"],
    e: { x: 1 },
    l: "late",
  });
  const id4 = await client.startNew("eternal", { input: 1 });
  console.log(
    await client
      .waitForCompletion(id4, { timeoutMs: 500 })
      .catch(async (e) => [await client.whyWaiting(id4), await client.getStatus(id4, { showHistory: true })]),
  );
  const id5 = await client.startNew("stray");
  console.log((await client.waitForCompletion(id5, { timeoutMs: 3000 })).output);
  const id6 = await client.startNew("rewindme");
  expect((await client.waitForCompletion(id6, { timeoutMs: 3000 })).runtimeStatus).toBe("Failed");
  console.log(await client.getStatus(id6, { showHistory: true, showHistoryOutput: true }));
  await client.rewind(id6, "again");
  const s6 = await client.waitForCompletion(id6, { timeoutMs: 3000 }).catch(async (e) => {
    console.log(await client.whyWaiting(id6));
    throw e;
  });
  expect(s6.output).toBe("fine");
  console.log(await client.countByStatus());
  await worker.stop();
});
