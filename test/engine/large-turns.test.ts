import { describe, expect, test } from "vitest";
import { MAX_PAYLOAD_CHARACTERS } from "../../src/core/data-converter.ts";
import { EntityId } from "../../src/core/entity-id.ts";
import type { InstanceMessage } from "../../src/core/history-event.ts";
import { ActiveInstance, type PendingMessage } from "../../src/engine/active-instance.ts";
import { putFirst, takeMessages } from "../../src/engine/inbox.ts";
import { App } from "../../src/sdk/app.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { HubInMemory } from "./hub-in-memory.ts";

/** Its JSON text is as long as one may be; as text in the text of a history it is twice as long. */
const LARGEST = '"'.repeat(MAX_PAYLOAD_CHARACTERS / 2 - 1);
const COUNTER = new EntityId("counter", "a");

describe.each(["here", "elsewhere"])("an orchestration that asks for too much in one turn (%s)", (where) => {
  test("fails and lets go of what it holds; its neighbors go on", async () => {
    const hub = new HubInMemory();
    const app = new App();
    app.entity("counter", () => undefined);
    app.activity("work", () => "done");
    app.orchestration("greedy", function* (context) {
      yield context.lock(COUNTER);
      yield context.waitForExternalEvent("go");
      yield context.all(Array.from({ length: 5 }, () => context.callActivity("work", LARGEST)));
    });
    app.orchestration("modest", function* (context) {
      yield context.lock(COUNTER);
      return yield context.callActivity("work");
    });
    const elsewhere = new WorkersElsewhere(hub.clock);
    const { client } = await hub.host(where === "here" ? { app } : { remoteWorkers: elsewhere });
    if (where === "elsewhere") elsewhere.connect(app);
    for (const name of ["greedy", "modest"]) {
      await client.startNew(name, { instanceId: name });
      await hub.clock.settle();
    }
    const before = await client.getStatus("modest");

    await client.raiseEvent("greedy", "go");
    await hub.clock.settle();

    expect(await client.getStatus("greedy")).toMatchObject({
      runtimeStatus: "Failed",
      output: expect.stringContaining("larger than an entry of a history can be"),
    });
    expect((await client.getHistory("greedy")).map(({ type }) => type)).not.toContain("TaskScheduled");
    expect(before?.runtimeStatus).toBe("Running");
    expect((await client.getStatus("modest"))?.output).toBe("done");
  });
});

describe.each(["here", "elsewhere"])("a turn with more bytes than the store takes (%s)", (where) => {
  const limit = 100_000;
  const bytes = { three: "\u20ac", two: "\u00e9", one: "x" };

  test.each([
    ["fails its orchestration", bytes.three, 40_000, "Failed"],
    ["fails it though its characters are fewer", bytes.two, 60_000, "Failed"],
    ["is no matter when it has fewer", bytes.two, 49_000, "Completed"],
    ["is no matter though it might have", bytes.one, 90_000, "Completed"],
  ])("%s", async (_what, character, count, status) => {
    const hub = new HubInMemory({ settings: { maxEpisodeBytes: limit } });
    const app = new App();
    app.activity("work", () => "done");
    app.orchestration("greedy", function* (context) {
      return yield context.callActivity("work", character.repeat(count));
    });
    const elsewhere = new WorkersElsewhere(hub.clock);
    const { client } = await hub.host(where === "here" ? { app } : { remoteWorkers: elsewhere });
    if (where === "elsewhere") elsewhere.connect(app);

    const id = await client.startNew("greedy");
    await hub.clock.settle();

    const ended = await client.getStatus(id);
    const [failed] = (await client.getHistory(id)).filter(({ type }) => type === "ExecutionCompleted");
    expect(ended?.runtimeStatus).toBe(status);
    if (status === "Completed") return;
    expect(ended?.output).toContain("larger than an entry of a history can be");
    expect(failed).toMatchObject({ failure: { properties: { code: "PAYLOAD_TOO_LARGE" } } });
    expect(hub.complaints).toEqual([]);
  });
});

test.each(["here", "elsewhere"])(
  "a turn that is too large and leaves a critical section leaves it (%s)",
  async (where) => {
    const hub = new HubInMemory({ settings: { maxEpisodeBytes: 100_000 } });
    const app = new App();
    app.entity("counter", () => undefined);
    app.activity("work", () => "done");
    app.orchestration("greedy", function* (context) {
      const section = yield context.lock(COUNTER);
      section.release();
      return yield context.callActivity("work", "x".repeat(100_000));
    });
    const elsewhere = new WorkersElsewhere(hub.clock);
    const { client } = await hub.host(where === "here" ? { app } : { remoteWorkers: elsewhere });
    if (where === "elsewhere") elsewhere.connect(app);

    const id = await client.startNew("greedy");
    await hub.clock.advance(1_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Failed");
    expect((await client.getStatus(COUNTER.toString()))?.customStatus ?? {}).not.toHaveProperty("lockedBy");
  },
);

describe("the messages of one episode", () => {
  const half = "x".repeat(MAX_PAYLOAD_CHARACTERS / 2);
  const failure = { errorType: "Error", errorMessage: half, stackTrace: "x", innerFailure: undefined };

  const event = (more: object): PendingMessage => ({ event: { timestamp: 0, ...more } as InstanceMessage });
  const raised = (input?: string) => event({ type: "EventRaised", name: "e", input });
  const completed = (result?: string) => event({ type: "TaskCompleted", taskScheduledId: 0, result });
  const failed = (reason: string) => event({ type: "TaskFailed", taskScheduledId: 0, reason, failure });

  test.each<[string, readonly PendingMessage[], number]>([
    ["none", [], 0],
    ["small ones: all", Array.from({ length: 1_999 }, () => raised("1")), 1_999],
    ["very many: a part", Array.from({ length: 2_001 }, () => raised("1")), 2_000],
    ["as much data as there may be: all", [raised(half), completed(half), raised()], 3],
    ["more data: those that fit", [raised(half), completed(half), raised("1"), raised()], 2],
    ["a failure counts with all its texts", [failed(""), completed(half)], 1],
    ["one with more than that: alone", [failed(half), raised("1")], 1],
  ])("%s", (_what, messages, expected) => {
    const instance = new ActiveInstance("id");
    instance.inbox.push(...messages);

    expect(takeMessages(instance)).toHaveLength(expected);
    expect(instance.inbox).toHaveLength(messages.length - expected);
  });
});

test("messages that are put first come before those that wait, however many they are", () => {
  const [first, waiting] = [{ storedId: 1 }, { storedId: 2 }];
  const inbox: PendingMessage[] = [waiting];

  putFirst(
    inbox,
    Array.from({ length: 200_000 }, () => first),
  );

  expect(inbox).toHaveLength(200_001);
  expect([inbox[0], inbox.at(-1)]).toEqual([first, waiting]);
});
