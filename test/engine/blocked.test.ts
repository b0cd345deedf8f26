import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

interface Ran {
  readonly names: string[];
}

/** The same app before the change that breaks it, with it, and mended. */
function appOf(kind: "old" | "broken" | "mended", ran: Ran = { names: [] }): App {
  const app = new App();
  const isOld = kind === "old";
  for (const name of ["charge", "bill", "ship"]) {
    app.activity(name, (id: string) => {
      ran.names.push(`${name} ${id}`);
      return name;
    });
  }
  app.activity("slow", () => new Promise<never>(() => undefined));
  app.orchestration("order", function* (ctx) {
    yield ctx.callActivity(kind === "broken" ? "bill" : "charge", ctx.instanceId);
    const event = yield ctx.waitForExternalEvent("go");
    return [event, yield ctx.callActivity("ship", ctx.instanceId)];
  });
  app.orchestration("reminder", function* (ctx) {
    yield ctx.callActivity(kind === "broken" ? "bill" : "charge", ctx.instanceId);
    yield ctx.createTimer({ afterMs: 60_000 });
    return yield ctx.callActivity("ship", ctx.instanceId);
  });
  app.orchestration("atWork", function* (ctx) {
    yield ctx.callActivity(kind === "broken" ? "bill" : "charge", ctx.instanceId);
    return yield ctx.callActivity(isOld ? "slow" : kind === "mended" ? "slow" : "ship", ctx.instanceId);
  });
  app.orchestration("neighbor", function* (ctx) {
    yield ctx.waitForExternalEvent("go");
    return yield ctx.callActivity("ship", ctx.instanceId);
  });
  app.orchestration("parent", function* (ctx) {
    return yield ctx.callSubOrchestrator("order", undefined, { instanceId: "child" });
  });
  return app;
}

async function restarted(hub: HubInMemory, old: Host, app: App): Promise<Host> {
  old.worker.kill();
  await hub.clock.advance(LEASE_MS + 1_000);
  const host = await hub.host({ app });
  await hub.clock.advance(1_000);
  return host;
}

async function blocked(name: string, hub = new HubInMemory()) {
  const first = await hub.host({ app: appOf("old") });
  const id = await first.client.startNew(name, { instanceId: "1" });
  await hub.clock.settle();
  const before = await first.client.getHistory(id);
  const host = await restarted(hub, first, appOf("broken"));
  return { hub, host, id, before };
}

const COMPLAINT =
  "An instance is blocked: its code disagrees with its history. Mend the code and restart the host";

describe("an instance whose code disagrees with its history", () => {
  test("is blocked: it is Running, nothing of it is written, and both sides are told", async () => {
    const { hub, host, id, before } = await blocked("order");

    await host.client.raiseEvent(id, "go", "on");
    await hub.clock.advance(60_000);

    expect((await host.client.getStatus(id))?.runtimeStatus).toBe("Running");
    expect(await host.client.getHistory(id)).toEqual(before);
    expect(await host.client.whyWaiting(id)).toMatchObject({
      reasons: [
        {
          type: "blocked",
          eventId: 0,
          history: "TaskScheduled of activity 'charge'",
          code: "ScheduleTask of activity 'bill' (action 0)",
        },
        { type: "messages", count: 1 },
      ],
      sentence:
        "It is blocked until its code is mended: event 0 of the history is TaskScheduled of activity 'charge', " +
        "but the code now asks for ScheduleTask of activity 'bill' (action 0). Likely cause: a step was renamed, " +
        "or steps were put in another order, while this instance was running (and 1 more).",
    });
  });

  test("goes on by itself once the code is mended, with what came meanwhile, once and in order", async () => {
    const { hub, host, id } = await blocked("order");
    await host.client.raiseEvent(id, "go", 1);
    await host.client.raiseEvent(id, "go", 2);
    const ran: Ran = { names: [] };

    const { client } = await restarted(hub, host, appOf("mended", ran));

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: [1, "ship"] });
    expect(ran.names).toEqual(["ship 1"]);
  });

  test("goes on with a timer that came due meanwhile", async () => {
    const { hub, host, id } = await blocked("reminder");
    await hub.clock.advance(120_000);
    expect((await host.client.getStatus(id))?.runtimeStatus).toBe("Running");
    expect(await (await hub.store()).query.messages(id)).toEqual([]);
    const ran: Ran = { names: [] };

    const { client } = await restarted(hub, host, appOf("mended", ran));

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: "ship" });
    expect(ran.names).toEqual(["ship 1"]);
  });

  test("has its activities started again only when it may go on", async () => {
    const { hub, host, id } = await blocked("atWork");
    expect((await (await hub.store()).query.get(id))?.recover).toBe(true);
    expect(host.worker.activityState(1, 1)).toBeUndefined();

    const { client } = await restarted(hub, host, appOf("mended"));

    expect(await client.whyWaiting(id)).toMatchObject({
      reasons: [{ type: "activity", name: "slow", state: "running" }],
    });
  });

  test("keeps the result of an activity that ended while it was blocked, and does not run it again", async () => {
    const hub = new HubInMemory({ settings: { sessionMemoryBytes: 0 } });
    const ran: Ran = { names: [] };
    let chance = "charge";
    let finish: (value: string) => void = () => undefined;
    const app = (): App => {
      const made = appOf("mended", ran);
      made.activity("long", () => {
        ran.names.push("long");
        return new Promise<string>((resolve) => {
          finish = resolve;
        });
      });
      made.orchestration("fickle", function* (ctx) {
        yield ctx.callActivity(chance, "x");
        return yield ctx.callActivity("long");
      });
      return made;
    };
    const first = await hub.host({ app: app() });
    const id = await first.client.startNew("fickle");
    await hub.clock.settle();
    chance = "bill";
    finish("done");
    await hub.clock.advance(1_000);
    expect((await first.client.whyWaiting(id))?.reasons.map(({ type }) => type)).toEqual([
      "blocked",
      "messages",
      "activity",
    ]);
    chance = "charge";

    const { client } = await restarted(hub, first, app());

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: "done" });
    expect(ran.names).toEqual(["charge x", "long"]);
  });

  test("goes on within the same process, too, where its code was of another mind for a while", async () => {
    const hub = new HubInMemory({ settings: { sessionMemoryBytes: 0 } });
    let chance = "charge";
    const app = appOf("mended");
    app.orchestration("fickle", function* (ctx) {
      yield ctx.callActivity(chance, "x");
      const timer = ctx.createTimer({ afterMs: 60_000 });
      const heard = [];
      for (let each = 0; each < 3; each++) heard.push(yield ctx.waitForExternalEvent("go"));
      yield timer;
      return heard;
    });
    const { client } = await hub.host({ app });
    const id = await client.startNew("fickle");
    await hub.clock.advance(1_000);
    chance = "bill";
    await client.raiseEvent(id, "go", 1);
    await hub.clock.advance(120_000);
    await client.raiseEvent(id, "go", 2);
    chance = "charge";

    await client.raiseEvent(id, "go", 3);
    await hub.clock.advance(1_000);

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: [1, 2, 3] });
  });

  test("can be terminated, without its code, and its parent hears of it", async () => {
    const { hub, host } = await blocked("parent");
    await host.client.raiseEvent("child", "go");
    expect((await host.client.whyWaiting("child"))?.reasons[0]?.type).toBe("blocked");

    await host.client.terminate("child", "enough");
    await hub.clock.advance(1_000);

    expect(await host.client.getStatus("child")).toMatchObject({
      runtimeStatus: "Terminated",
      output: "enough",
    });
    expect((await host.client.getStatus("1"))?.output).toMatch("enough");
    expect(await host.client.purgeInstances(["child"])).toEqual({ instancesDeleted: 1 });
  });

  test("is terminated also when that is asked while it is being read", async () => {
    const hub = new HubInMemory();
    let onReplay: () => void = () => undefined;
    const app = (activity: string): App => {
      const made = new App();
      made.activity("charge", () => "charge");
      made.orchestration("slow", async (ctx) => {
        onReplay();
        await ctx.callActivity(activity);
        await ctx.waitForExternalEvent("go");
      });
      return made;
    };
    const first = await hub.host({ app: app("charge") });
    const id = await first.client.startNew("slow");
    await hub.clock.advance(1_000);
    const { client } = await restarted(hub, first, app("bill"));
    const outside = await hub.client();
    onReplay = () => {
      onReplay = () => undefined;
      void outside.terminate(id, "enough");
    };

    await client.raiseEvent(id, "news");
    await hub.clock.advance(1_000);

    expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
  });

  test("is suspended and resumed when it goes on", async () => {
    const { hub, host, id } = await blocked("order");
    await host.client.suspend(id, "look first");
    await hub.clock.advance(1_000);
    expect((await host.client.getStatus(id))?.runtimeStatus).toBe("Running");

    const { client } = await restarted(hub, host, appOf("mended"));

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Suspended");
  });

  test("fails at once where the host is told so (S-39e)", async () => {
    const hub = new HubInMemory({ settings: { nonDeterministicInstances: "Fail" } });
    const { host, id } = await blocked("order", hub);
    await host.client.raiseEvent(id, "go");
    await hub.clock.advance(1_000);

    const status = await host.client.getStatus(id);
    expect(status?.runtimeStatus).toBe("Failed");
    expect(status?.output).toMatch(/^Non-Deterministic workflow detected: event 0 of the history/);
  });

  test("of many, each is told of once; they hold up nobody, and nothing goes round in circles", async () => {
    const hub = new HubInMemory();
    const first = await hub.host({ app: appOf("old") });
    for (let each = 0; each < 1_000; each++) await first.client.startNew("atWork", { instanceId: `${each}` });
    const neighbor = await first.client.startNew("neighbor");
    await hub.clock.advance(1_000);
    first.worker.kill();
    await hub.clock.advance(LEASE_MS + 1_000);
    let reads = 0;
    let commits = 0;
    const { client } = await hub.host({
      app: appOf("broken"),
      wrap: (worker) => ({
        ...worker,
        load: (id) => {
          reads += 1;
          return worker.load(id);
        },
        commit: (episodes) => {
          commits += 1;
          return worker.commit(episodes);
        },
      }),
    });
    await hub.clock.advance(5_000);
    expect(reads).toBe(1_000);

    await client.raiseEvent(neighbor, "go");
    await hub.clock.advance(120_000);

    expect((await client.getStatus(neighbor))?.runtimeStatus).toBe("Completed");
    expect(reads).toBe(1_001);
    expect(commits).toBe(2);
    expect(hub.complaints.filter((each) => each === COMPLAINT)).toHaveLength(1_000);
    await client.raiseEvent("0", "news");
    await hub.clock.advance(1_000);
    expect(hub.complaints.filter((each) => each === COMPLAINT)).toHaveLength(1_000);
  });

  test("is not taken for one that kills the process, however often it dies", async () => {
    const { hub, host, id } = await blocked("atWork");
    let last = host;
    for (let crash = 0; crash < 8; crash++) last = await restarted(hub, last, appOf("broken"));

    const { client } = await restarted(hub, last, appOf("mended"));

    expect(await client.whyWaiting(id)).toMatchObject({ reasons: [{ type: "activity", state: "running" }] });
  });

  test("only a disagreement with history blocks: other faults of the code fail", async () => {
    const hub = new HubInMemory();
    const app = appOf("old");
    app.orchestration("astray", async (ctx) => {
      await ctx.callActivity("charge", "x");
      await new Promise((resolve) => setImmediate(resolve));
    });
    const { client } = await hub.host({ app });

    const id = await client.startNew("astray");
    await hub.clock.advance(1_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Failed");
  });
});
