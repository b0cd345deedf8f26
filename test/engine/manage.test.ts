import { describe, expect, test } from "vitest";
import { MAX_PAYLOAD_CHARACTERS } from "../../src/core/data-converter.ts";
import { HubInMemory } from "./hub-in-memory.ts";

function hubWithWaiters(settings = {}): HubInMemory {
  const hub = new HubInMemory({ settings });
  hub.app.orchestration("waits", function* (ctx) {
    return yield ctx.waitForExternalEvent("go");
  });
  hub.app.orchestration("parent", function* (ctx) {
    try {
      return yield ctx.callSubOrchestrator("waits", undefined, { instanceId: "child" });
    } catch (error) {
      return (error as Error).message;
    }
  });
  hub.app.orchestration("quick", () => "quick");
  hub.app.orchestration("throws", () => {
    throw new Error("broken");
  });
  return hub;
}

describe("terminate", () => {
  test("S-40: ends an instance with the reason as its output", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");

    await client.terminate(id, "enough");

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });

  test("with a reason that is too long as JSON is refused, and changes nothing", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");

    await expect(client.terminate(id, '"'.repeat(MAX_PAYLOAD_CHARACTERS / 2))).rejects.toMatchObject({
      code: "PAYLOAD_TOO_LARGE",
    });

    await client.raiseEvent(id, "go", "on");
    expect(await client.waitForCompletion(id)).toMatchObject({ runtimeStatus: "Completed", output: "on" });
  });

  test("S-42: works on a suspended instance", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");
    await client.suspend(id);

    await client.terminate(id, "enough");

    expect((await client.getHistory(id)).slice(-3).map(({ type }) => type)).toEqual([
      "ExecutionTerminated",
      "ExecutionCompleted",
      "OrchestratorCompleted",
    ]);
  });

  test("S-46: a terminated child is a failure to its parent; S-45: a terminated parent leaves its child alone", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const first = await client.startNew("parent");
    await hub.clock.settle();
    await client.terminate("child", "not today");
    expect((await client.waitForCompletion(first)).output).toContain("not today");

    const second = await client.startNew("parent");
    await hub.clock.settle();
    await client.terminate(second);

    expect((await client.getStatus("child"))?.runtimeStatus).toBe("Running");
  });
});

test("S-112: a child whose id a live instance has is a failure to its parent, and leaves that one alone", async () => {
  const hub = hubWithWaiters();
  const { client } = await hub.host();
  await client.startNew("waits", { instanceId: "child" });

  const id = await client.startNew("parent");

  expect((await client.waitForCompletion(id)).output).toContain(
    "An Orchestration instance with the status Running already exists.",
  );
  expect((await client.getStatus("child"))?.runtimeStatus).toBe("Running");
});

describe("suspend and resume", () => {
  test("S-53: what arrives meanwhile waits, and takes effect in its order", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");
    await client.suspend(id, "lunch");
    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Suspended", output: "lunch" });

    await client.raiseEvent(id, "go", "on");
    await hub.clock.advance(10_000);
    expect((await client.getStatus(id))?.runtimeStatus).toBe("Suspended");
    await client.resume(id);

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: "on" });
  });

  test("S-58: outlives the host", async () => {
    const hub = hubWithWaiters();
    const first = await hub.host();
    const id = await first.client.startNew("waits");
    await first.client.suspend(id);
    first.worker.kill();
    const { client } = await hub.host();
    await hub.clock.advance(20_000);

    await client.raiseEvent(id, "go", "on");
    expect((await client.getStatus(id))?.runtimeStatus).toBe("Suspended");
    await client.resume(id);

    expect((await client.getStatus(id))?.output).toBe("on");
  });
});

describe("what an instance's state does not allow is refused and named", () => {
  const ended = ["quick"] as const;
  test.each([
    ["S-41: terminate", ended, "terminate", "it is Completed"],
    ["S-50: suspend", ended, "suspend", "it is Completed"],
    ["S-50: resume", ended, "resume", "it is Completed"],
    ["S-130: rewind", ended, "rewind", "it is Completed. Not allowed unless it is Failed."],
    [
      "S-50: resume what is not suspended",
      ["waits"],
      "resume",
      "it is Running. Not allowed unless it is Suspended.",
    ],
    ["S-130: rewind what runs", ["waits"], "rewind", "it is Running. Not allowed unless it is Failed."],
  ] as const)("%s", async (_title, [name], verb, message) => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew(name);
    await hub.clock.settle();
    const before = await client.getHistory(id);

    await expect(client[verb](id)).rejects.toMatchObject({
      code: "INVALID_INSTANCE_STATE",
      message: expect.stringContaining(message),
    });

    expect(await client.getHistory(id)).toEqual(before);
  });

  test.each(["terminate", "suspend", "resume", "rewind"] as const)("%s needs an instance", async (verb) => {
    const { client } = await hubWithWaiters().host();

    await expect(client[verb]("nobody")).rejects.toMatchObject({
      code: "INSTANCE_NOT_FOUND",
      message: "No instance with ID 'nobody' was found.",
    });
  });

  test("S-50: a suspended instance is not suspended twice", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");
    await client.suspend(id, "first");

    await expect(client.suspend(id, "second")).rejects.toMatchObject({ code: "INVALID_INSTANCE_STATE" });
  });
});

describe("raise event", () => {
  test("S-66: for an instance that is missing or has ended it is discarded", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("quick");
    await client.waitForCompletion(id);

    await client.raiseEvent("nobody", "go");
    await client.raiseEvent(id, "go");

    expect((await client.listInstances()).instances).toHaveLength(1);
  });

  test("S-66: unless the host is to say so", async () => {
    const hub = hubWithWaiters({ throwStatusExceptionsOnRaiseEvent: true });
    const { client } = await hub.host();
    const id = await client.startNew("quick");
    await client.waitForCompletion(id);

    await expect(client.raiseEvent("nobody", "go")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
    await expect(client.raiseEvent(id, "go")).rejects.toMatchObject({ code: "INVALID_INSTANCE_STATE" });
  });

  test("with an idempotency key it counts once, whichever process raises it", async () => {
    const hub = new HubInMemory();
    hub.app.orchestration("counts", function* (ctx) {
      const got: unknown[] = [];
      for (;;) {
        const next: unknown = yield ctx.waitForExternalEvent("item");
        if (next === "end") return got;
        got.push(next);
      }
    });
    const { client } = await hub.host();
    const outside = await hub.client();
    const id = await client.startNew("counts");
    for (const each of [client, outside, client])
      await each.raiseEvent(id, "item", 1, { idempotencyKey: "a" });
    await hub.clock.advance(1_000);
    await client.raiseEvent(id, "item", "end");

    expect((await client.waitForCompletion(id)).output).toEqual([1]);
  });
});

describe("queries", () => {
  async function hubWithFive() {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const began = hub.clock.now();
    for (const [index, name] of ["quick", "waits", "quick", "throws", "waits"].entries()) {
      await client.startNew(name, { instanceId: `${index % 2 ? "odd" : "even"}-${index}` });
      await hub.clock.advance(60_000);
    }
    return { client, began };
  }

  test.each([
    ["everything, newest first", {}, ["even-4", "odd-3", "even-2", "odd-1", "even-0"]],
    ["by status", { runtimeStatus: ["Failed", "Running"] }, ["even-4", "odd-3", "odd-1"]],
    ["by prefix, in the order of ids", { instanceIdPrefix: "odd-" }, ["odd-1", "odd-3"]],
    ["by name", { name: "quick" }, ["even-2", "even-0"]],
    ["from a time on, inclusive", { fromMinute: 3 }, ["even-4", "odd-3"]],
    ["up to a time, inclusive", { toMinute: 1 }, ["odd-1", "even-0"]],
    ["by all of them", { name: "waits", runtimeStatus: ["Running"], toMinute: 3 }, ["odd-1"]],
    ["by what nothing has", { instanceIdPrefix: "none" }, []],
  ] as const)("%s", async (_title, filter, expected) => {
    const { client, began } = await hubWithFive();
    const { fromMinute, toMinute, ...query } = filter as { fromMinute?: number; toMinute?: number };
    const times = {
      ...(fromMinute === undefined ? {} : { createdTimeFrom: new Date(began + fromMinute * 60_000) }),
      ...(toMinute === undefined ? {} : { createdTimeTo: new Date(began + toMinute * 60_000) }),
    };

    const found: string[] = [];
    for await (const { instanceId } of client.queryInstances({ ...query, ...times })) found.push(instanceId);

    expect(found).toEqual(expected);
  });

  test("page by page each comes once", async () => {
    const { client } = await hubWithFive();
    const pages: string[][] = [];
    let token: string | undefined;
    do {
      const page = await client.listInstances({ top: 2, ...(token ? { continuationToken: token } : {}) });
      pages.push(page.instances.map(({ instanceId }) => instanceId));
      token = page.continuationToken;
    } while (token);

    expect(pages.flat()).toEqual(["even-4", "odd-3", "even-2", "odd-1", "even-0"]);
    expect(pages.every((page) => page.length <= 2)).toBe(true);
  });

  test("counts by status", async () => {
    const { client } = await hubWithFive();

    expect(await client.countByStatus()).toMatchObject({ Completed: 2, Running: 2, Failed: 1 });
    expect(await client.countByStatus({ name: "waits" })).toMatchObject({ Running: 2 });
  });

  test.each([
    ["a page of none", { top: 0 }],
    ["a page of too many", { top: 1_001 }],
    ["a token of nobody", { continuationToken: "made up" }],
    ["a time that is none", { createdTimeFrom: new Date("soon") }],
  ])("%s is refused", async (_title, options) => {
    const { client } = await hubWithFive();

    await expect(client.listInstances(options)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

describe("purge", () => {
  test("S-152: takes ended instances with their history, and leaves live and unknown ones alone", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    await client.startNew("quick", { instanceId: "ended" });
    await client.startNew("waits", { instanceId: "live" });
    await client.waitForCompletion("ended");

    expect(await client.purgeInstances(["ended", "live", "nobody"])).toEqual({ instancesDeleted: 1 });

    expect(await client.getStatus("ended")).toBeUndefined();
    expect(await client.getHistory("ended")).toEqual([]);
    expect((await client.getStatus("live"))?.runtimeStatus).toBe("Running");
  });

  test("S-153: by filter, in batches, and says how far it is", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    for (let each = 0; each < 1_200; each++) await client.startNew("quick");
    await client.startNew("waits", { instanceId: "live" });
    await hub.clock.advance(1_000);

    const progress: number[] = [];
    for await (const { instancesDeleted } of client.purgeMatching({})) progress.push(instancesDeleted);

    expect(progress.at(-1)).toBe(1_200);
    expect(progress.length).toBeGreaterThan(1);
    expect((await client.listInstances()).instances.map(({ instanceId }) => instanceId)).toEqual(["live"]);
  });

  test("S-153: of statuses that are no end is refused", async () => {
    const { client } = await hubWithWaiters().host();

    expect(() => client.purgeMatching({ runtimeStatus: ["Running"] })).toThrow(
      /Only instances that have ended can be purged .*not Running/,
    );
  });
});

describe("waiting", () => {
  test("S-151: goes on over a continue-as-new", async () => {
    const hub = new HubInMemory();
    hub.app.orchestration("rounds", function* (ctx) {
      yield ctx.createTimer({ afterMs: 1_000 });
      if ((ctx.input as number) === 3) return "third";
      ctx.continueAsNew((ctx.input as number) + 1);
      return undefined;
    });
    const { client } = await hub.host();
    const waiting = client.waitForCompletion(await client.startNew("rounds", { input: 1 }));

    await hub.clock.advance(3_002);

    expect((await waiting).output).toBe("third");
  });

  test.each(["host", "client"] as const)("a %s's wait ends when its time is up", async (kind) => {
    const hub = hubWithWaiters();
    const { client: inside } = await hub.host();
    const id = await inside.startNew("waits");
    const client = kind === "host" ? inside : await hub.client();

    const waiting = expect(client.waitForCompletion(id, { timeoutMs: 5_000 })).rejects.toMatchObject({
      code: "WAIT_TIMEOUT",
      message: `Instance '${id}' did not complete within 5000 ms.`,
    });
    await hub.clock.advance(5_000);

    await waiting;
  });

  test("a wait can be given up", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const id = await client.startNew("waits");
    const controller = new AbortController();
    const waiting = client.waitForCompletion(id, { signal: controller.signal });

    controller.abort(new Error("never mind"));

    await expect(waiting).rejects.toThrow("never mind");
  });

  test("for an instance that is not there fails at once", async () => {
    const { client } = await hubWithWaiters().host();

    await expect(client.waitForCompletion("nobody")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
    await expect(client.waitForStart("nobody")).rejects.toMatchObject({ code: "INSTANCE_NOT_FOUND" });
  });

  test("many wait for one, in this process and in another", async () => {
    const hub = hubWithWaiters();
    const { client } = await hub.host();
    const outside = await hub.client();
    const id = await client.startNew("waits");
    const waits = [client, client, outside, outside].map((each) => each.waitForCompletion(id));

    await client.raiseEvent(id, "go", "all");

    expect((await Promise.all(waits)).map(({ output }) => output)).toEqual(["all", "all", "all", "all"]);
  });
});

describe("rewind", () => {
  test("S-136: a failed instance runs its failed part again and no other", async () => {
    const hub = new HubInMemory();
    const ran: string[] = [];
    let broken = true;
    hub.app.activity("fine", () => ran.push("fine"));
    hub.app.activity("flaky", () => {
      ran.push("flaky");
      if (broken) throw new Error("broken");
      return "mended";
    });
    hub.app.orchestration("work", function* (ctx) {
      yield ctx.callActivity("fine");
      return yield ctx.callActivity("flaky");
    });
    const { client } = await hub.host();
    const id = await client.startNew("work");
    expect((await client.waitForCompletion(id)).runtimeStatus).toBe("Failed");
    broken = false;

    await client.rewind(id, "mended");

    expect(await client.waitForCompletion(id)).toMatchObject({
      runtimeStatus: "Completed",
      output: "mended",
    });
    expect(ran).toEqual(["fine", "flaky", "flaky"]);
  });
});
