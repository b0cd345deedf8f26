import { expect, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { HubInMemory } from "./hub-in-memory.ts";

const never = (): Promise<never> => new Promise(() => undefined);

function hubThatWaits(): HubInMemory {
  const hub = new HubInMemory({ settings: { maxConcurrentActivityFunctions: 1 } });
  hub.app.activity("hangs", never);
  hub.app.activity("fails", () => {
    throw new Error("no");
  });
  hub.app.orchestration("activity", function* (ctx) {
    return yield ctx.callActivity("hangs");
  });
  hub.app.orchestration("event", function* (ctx) {
    return yield ctx.any([ctx.waitForExternalEvent("yes"), ctx.waitForExternalEvent("no")]);
  });
  hub.app.orchestration("limitedEvent", function* (ctx) {
    return yield ctx.waitForExternalEvent("answer", { timeoutMs: 5_000 });
  });
  hub.app.orchestration("timer", function* (ctx) {
    yield ctx.createTimer({ afterMs: 5_000 });
  });
  hub.app.orchestration("retry", function* (ctx) {
    const retry = { firstRetryIntervalInMilliseconds: 5_000, maxNumberOfAttempts: 2 };
    return yield ctx.callActivityWithRetry("fails", retry);
  });
  hub.app.orchestration("child", function* (ctx) {
    return yield ctx.callSubOrchestrator("event", undefined, { instanceId: "the-child" });
  });
  hub.app.orchestration("returned", function* (ctx) {
    ctx.createTimer({ afterMs: 5_000 });
    yield ctx.createTimer({ afterMs: 0 });
    return "done";
  });
  return hub;
}

test.each([
  [
    "activity",
    { type: "activity", name: "hangs", state: "running" },
    /^Activity 'hangs' is running since 20/,
  ],
  [
    "event",
    { type: "event", names: ["no", "yes"] },
    /^It waits for external event '(yes|no)', '(yes|no)'\.$/,
  ],
  [
    "limitedEvent",
    { type: "event", names: ["answer"] },
    /^It waits for external event 'answer' \(and 1 more\)\.$/,
  ],
  ["limitedEvent", { type: "timer", purpose: "event-timeout" }, /answer/],
  ["timer", { type: "timer", purpose: "timer" }, /^It waits for a timer due at 2030-01-01T00:00:05\.0/],
  ["retry", { type: "timer", purpose: "retry" }, /^A failed call is tried again at 2030-01-01T00:00:05\.0/],
  [
    "child",
    { type: "sub-orchestration", instanceId: "the-child" },
    /sub-orchestration 'event' \(instance 'the-child'\)/,
  ],
  ["returned", { type: "returned", openTasks: 1 }, /^Its function has returned; it ends when the task/],
])("%s", async (name, reason, sentence) => {
  const hub = hubThatWaits();
  const { client } = await hub.host();
  const id = await client.startNew(name);
  await hub.clock.advance(10);

  const explained = await client.whyWaiting(id);

  const sorted = explained?.reasons.map((each) =>
    each.type === "event" ? { ...each, names: each.names.toSorted() } : each,
  );
  expect(sorted).toContainEqual(expect.objectContaining(reason));
  expect(explained?.sentence).toMatch(sentence);
});

test("an activity that waits for a slot says so", async () => {
  const hub = hubThatWaits();
  const { client } = await hub.host();
  await client.startNew("activity");
  const id = await client.startNew("activity");
  await hub.clock.settle();

  expect((await client.whyWaiting(id))?.sentence).toContain("Activity 'hangs' waits for a free slot since");
});

test("a suspended instance says since when, and why", async () => {
  const hub = hubThatWaits();
  const { client } = await hub.host();
  const id = await client.startNew("event");
  await client.suspend(id, "lunch");

  expect((await client.whyWaiting(id))?.sentence).toContain(
    "It is suspended since 2030-01-01T00:00:00.000Z: lunch (and 1 more).",
  );
});

test("a host without the orchestrator says that", async () => {
  const hub = hubThatWaits();
  const first = await hub.host();
  const id = await first.client.startNew("event");
  first.worker.kill();
  const { client } = await hub.host({ app: new App() });

  expect((await client.whyWaiting(id))?.sentence).toContain("No worker has the orchestrator 'event'");
});

test("a client without a worker tells what the history tells", async () => {
  const hub = hubThatWaits();
  const { client } = await hub.host();
  const id = await client.startNew("activity");
  await hub.clock.settle();

  expect(await (await hub.client()).whyWaiting(id)).toMatchObject({
    reasons: [{ type: "activity", name: "hangs", state: "unknown" }],
  });
});

test("messages that no host has picked up are counted", async () => {
  const hub = hubThatWaits();
  const first = await hub.host();
  const id = await first.client.startNew("event");
  first.worker.kill();
  const outside = await hub.client();
  await outside.raiseEvent(id, "maybe");
  await outside.raiseEvent(id, "perhaps");

  expect((await outside.whyWaiting(id))?.reasons).toContainEqual({ type: "messages", count: 2 });
});

test("nothing that has ended waits, and nobody knows of what does not exist", async () => {
  const hub = hubThatWaits();
  const { client } = await hub.host();
  const id = await client.startNew("timer");
  await hub.clock.advance(6_000);

  expect(await client.whyWaiting(id)).toBeUndefined();
  await expect(client.whyWaiting("nobody")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
});
