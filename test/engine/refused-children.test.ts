import { describe, expect, test } from "vitest";
import type { MessageEvent } from "../../src/core/history-event.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

function hubOfTwins(): HubInMemory {
  const hub = new HubInMemory();
  hub.app.orchestration("kid", (ctx) => ctx.input);
  hub.app.orchestration("twins", function* (ctx) {
    const tasks = ["first", "second"].map((input) =>
      ctx.callSubOrchestrator("kid", input, { instanceId: "kid" }),
    );
    const outcomes: unknown[] = [];
    for (const task of tasks) {
      try {
        outcomes.push(yield task);
      } catch (error) {
        outcomes.push(String(error));
      }
    }
    return outcomes;
  });
  return hub;
}

async function expectTheFirst({ client }: Host): Promise<void> {
  expect(await client.getStatus("parent")).toMatchObject({
    runtimeStatus: "Completed",
    output: ["first", expect.stringContaining("already exists")],
  });
}

test("S-112: of two children with one id the first runs, and the second is refused", async () => {
  const hub = hubOfTwins();
  const host = await hub.host();

  await host.client.startNew("twins", { instanceId: "parent" });
  await hub.clock.advance(100);

  await expectTheFirst(host);
});

test("S-112: the next owner finds out which of the two was refused", async () => {
  const hub = hubOfTwins();
  const first = await hub.host({
    wrap: (worker) => ({
      ...worker,
      commit: async (episodes) => {
        await worker.commit(episodes);
        return new Promise(() => undefined);
      },
    }),
  });
  void first.client.startNew("twins", { instanceId: "parent" });
  await hub.clock.advance(100);
  first.worker.kill();

  const second = await hub.host();
  await hub.clock.advance(60_000);

  await expectTheFirst(second);
});

test("a rewind makes a child that was refused, and leaves aside what had its id", async () => {
  const hub = hubOfTwins();
  hub.app.orchestration("stranger", function* (ctx) {
    yield ctx.waitForExternalEvent("go");
    throw new Error("The stranger fails.");
  });
  hub.app.orchestration("parent", function* (ctx) {
    return yield ctx.callSubOrchestrator("kid", "mine", { instanceId: "shared" });
  });
  const { client } = await hub.host();
  await client.startNew("stranger", { instanceId: "shared" });
  await client.startNew("parent", { instanceId: "parent" });
  await client.waitForCompletion("parent");
  await client.raiseEvent("shared", "go");
  expect((await client.waitForCompletion("shared")).runtimeStatus).toBe("Failed");

  await client.rewind("parent");
  await hub.clock.advance(100);

  expect(await client.getStatus("parent")).toMatchObject({ runtimeStatus: "Completed", output: "mine" });
});

describe("what has the id of a child that was refused", () => {
  function hubWithStranger(): HubInMemory {
    const hub = new HubInMemory();
    hub.app.orchestration("stranger", function* (ctx) {
      return yield ctx.waitForExternalEvent("go");
    });
    hub.app.orchestration("parent", function* (ctx) {
      ctx.callSubOrchestrator("stranger", undefined, { instanceId: "shared" });
      yield ctx.waitForExternalEvent("never");
    });
    return hub;
  }

  const terminated = (parentInstanceId: string): MessageEvent => ({
    type: "ExecutionTerminated",
    timestamp: 0,
    recurse: true,
    parentInstanceId,
  });

  test.each(["in memory", "in the store"])("is not terminated with the parent: it is %s", async (where) => {
    const hub = hubWithStranger();
    const first = await hub.host();
    await first.client.startNew("stranger", { instanceId: "shared" });
    if (where === "in the store") await first.worker.stop();
    const { client } = where === "in the store" ? await hub.host() : first;

    await client.send("shared", terminated("another"));
    await hub.clock.advance(100);
    await client.raiseEvent("shared", "go", "still there");
    await hub.clock.advance(100);

    expect(await client.getStatus("shared")).toMatchObject({
      runtimeStatus: "Completed",
      output: "still there",
    });
  });

  test("is a child otherwise, and ends with its parent", async () => {
    const hub = hubWithStranger();
    const { client } = await hub.host();
    await client.startNew("parent", { instanceId: "parent" });
    await hub.clock.advance(100);

    await client.send("parent", { type: "ExecutionTerminated", timestamp: 0, recurse: true });
    await hub.clock.advance(100);

    expect((await client.getStatus("shared"))?.runtimeStatus).toBe("Terminated");
  });
});
