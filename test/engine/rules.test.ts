import { expect, test } from "vitest";
import { gate, type Host, HubInMemory } from "./hub-in-memory.ts";

function hubOfRules(): HubInMemory {
  const hub = new HubInMemory();
  hub.app.activity("boom", () => {
    throw new RangeError("no luck");
  });
  hub.app.orchestration("waits", function* (ctx) {
    return yield ctx.waitForExternalEvent("go");
  });
  hub.app.orchestration("fails", function* (ctx) {
    return yield ctx.callActivity("boom");
  });
  return hub;
}

async function ended({ client }: Host, name: string, input?: unknown) {
  return client.waitForCompletion(await client.startNew(name, { input }));
}

test("S-3: ids that differ in case are different instances", async () => {
  const { client } = await hubOfRules().host();

  await client.startNew("waits", { instanceId: "a" });
  await client.startNew("waits", { instanceId: "A" });

  expect(await client.countByStatus()).toMatchObject({ Running: 2 });
});

test("S-20 S-21 S-80: a continue-as-new has a new input and creation time, and keeps the custom status", async () => {
  const hub = hubOfRules();
  hub.app.orchestration("rounds", function* (ctx) {
    if (ctx.input === 1) ctx.setCustomStatus("from the first");
    yield ctx.createTimer({ afterMs: 60_000 });
    if (ctx.input === 1) ctx.continueAsNew(2);
  });
  const { client } = await hub.host();
  const began = hub.clock.now();
  const id = await client.startNew("rounds", { input: 1 });

  await hub.clock.advance(61_000);

  const status = await client.getStatus(id);
  expect(status).toMatchObject({ runtimeStatus: "Running", input: 2, customStatus: "from the first" });
  expect(status?.createdTime.getTime()).toBe(began + 60_001);
  expect(status?.lastUpdatedTime.getTime()).toBeGreaterThanOrEqual(began + 60_000);
});

test("S-25 S-26: the output is null while it runs, also after a resume", async () => {
  const { client } = await hubOfRules().host();
  const id = await client.startNew("waits");
  expect((await client.getStatus(id))?.output).toBeNull();
  await client.suspend(id, "lunch");
  await client.resume(id, "back");

  expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Running", output: null });
});

test("S-34: a message for an instance that has ended leaves no trace", async () => {
  const hub = hubOfRules();
  const { client } = await hub.host();
  const id = await client.startNew("waits");
  await client.raiseEvent(id, "go", "first");
  const history = await client.getHistory(id);

  await client.raiseEvent(id, "go", "second");

  expect(await client.getHistory(id)).toEqual(history);
  expect(await (await hub.store()).query.messages(id)).toEqual([]);
});

test("S-35: nothing an episode asks for happens before it is committed", async () => {
  const hub = hubOfRules();
  const happened: string[] = [];
  hub.app.activity("notes", () => happened.push("activity"));
  hub.app.orchestration("asks", function* (ctx) {
    ctx.startOrchestration("child");
    yield ctx.callActivity("notes");
  });
  hub.app.orchestration("child", () => {
    happened.push("child");
  });
  const commits = gate();
  const { client } = await hub.host({
    wrap: (worker) => ({
      ...worker,
      commit: (episodes) => commits.opened.then(() => worker.commit(episodes)),
    }),
  });
  const started = client.startNew("asks");
  await hub.clock.advance(1_000);
  expect(happened).toEqual([]);

  commits.open();
  await client.waitForCompletion(await started);

  expect(happened.toSorted()).toEqual(["activity", "child"]);
});

test("S-52: what was begun goes on while the instance is suspended", async () => {
  const hub = hubOfRules();
  const work = gate();
  hub.app.activity("slow", () => work.opened);
  hub.app.orchestration("works", function* (ctx) {
    yield ctx.callActivity("slow");
    return "done";
  });
  const { client } = await hub.host();
  const id = await client.startNew("works");
  await client.suspend(id);
  work.open();
  await hub.clock.settle();
  expect((await client.getHistory(id)).map(({ type }) => type)).toContain("TaskCompleted");

  await client.resume(id);

  expect((await client.getStatus(id))?.output).toBe("done");
});

test("S-82 S-83: an execution goes on as new when its activities have ended, and a parent waits for the last", async () => {
  const hub = hubOfRules();
  const work = gate();
  hub.app.activity("slow", () => work.opened);
  hub.app.orchestration("child", async (ctx) => {
    if (ctx.input === "last") return "the end";
    void ctx.callActivity("slow");
    ctx.continueAsNew("last");
    return undefined;
  });
  hub.app.orchestration("parent", function* (ctx) {
    return yield ctx.callSubOrchestrator("child", "first", { instanceId: "the-child" });
  });
  const { client } = await hub.host();
  const id = await client.startNew("parent");
  await hub.clock.settle();
  expect(await client.getStatus("the-child")).toMatchObject({ runtimeStatus: "Running", input: "first" });

  work.open();

  expect((await client.waitForCompletion(id)).output).toBe("the end");
});

test("S-109 S-192: an activity that is missing is tried again like any other", async () => {
  const hub = hubOfRules();
  const retry = { firstRetryIntervalInMilliseconds: 1_000, maxNumberOfAttempts: 3 };
  hub.app.orchestration("calls", function* (ctx) {
    return yield ctx.callActivityWithRetry("missing", retry);
  });
  const { client } = await hub.host();
  const id = await client.startNew("calls");

  await hub.clock.advance(5_000);

  expect((await client.getStatus(id))?.output).toContain("The function 'missing' does not exist");
  const types = (await client.getHistory(id)).map(({ type }) => type);
  expect(types.filter((type) => type === "TaskFailed")).toHaveLength(3);
});

test("S-154: an instance that is purged while it is rewound stays purged", async () => {
  const hub = hubOfRules();
  const host = await hub.host();
  const { instanceId } = await ended(host, "fails");

  await Promise.allSettled([host.client.rewind(instanceId), host.client.purgeInstances([instanceId])]);
  await hub.clock.advance(1_000);
  await host.client.purgeInstances([instanceId]);

  expect(await host.client.getStatus(instanceId)).toBeUndefined();
});

test("S-191 S-195: a failure says whose it is, at each level", async () => {
  const hub = hubOfRules();
  hub.app.orchestration("parent", function* (ctx) {
    return yield ctx.callSubOrchestrator("fails", undefined, { instanceId: "the-child" });
  });
  const host = await hub.host();

  const parent = await ended(host, "parent");

  const reasonOf = async (id: string): Promise<unknown> =>
    (await host.client.getHistory(id)).flatMap((event) => ("reason" in event ? event.reason : []));
  expect(await reasonOf("the-child")).toEqual(["Activity function 'boom' failed: no luck"]);
  const ofChild = "Orchestrator function 'fails' failed: Activity function 'boom' failed: no luck";
  expect(await reasonOf(parent.instanceId)).toEqual([ofChild]);
  expect(parent.output).toBe(
    `Orchestrator function 'parent' failed: Sub-orchestrator function 'fails' failed: ${ofChild}`,
  );
});
