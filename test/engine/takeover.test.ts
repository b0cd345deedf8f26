import { describe, expect, test } from "vitest";
import { gate, HubInMemory } from "./hub-in-memory.ts";

const LEASE_MS = 15_000;

function hubWithSteps(partitionCount?: number): { readonly hub: HubInMemory; readonly ran: string[] } {
  const hub = new HubInMemory(partitionCount === undefined ? {} : { partitionCount });
  const ran: string[] = [];
  hub.app.activity("step", (name: string) => {
    ran.push(name);
    return name;
  });
  hub.app.orchestration("steps", function* (ctx) {
    const first = yield ctx.callActivity("step", `${ctx.instanceId}:first`);
    yield ctx.waitForExternalEvent("go");
    return [first, yield ctx.callActivity("step", `${ctx.instanceId}:second`)];
  });
  return { hub, ran };
}

describe("a second host on one hub", () => {
  test("stands by, and takes over once the first has given no sign of life for a lease", async () => {
    const { hub } = hubWithSteps();
    const first = await hub.host();
    const second = await hub.host();
    expect([first.worker.role, second.worker.role]).toEqual(["owner", "standby"]);
    const id = await first.client.startNew("steps");
    await hub.clock.settle();
    first.worker.kill();

    await hub.clock.advance(LEASE_MS - 2_000);
    expect(second.worker.role).toBe("standby");
    await hub.clock.advance(4_000);

    expect(second.worker.role).toBe("owner");
    await second.client.raiseEvent(id, "go");
    expect((await second.client.waitForCompletion(id)).output).toEqual([`${id}:first`, `${id}:second`]);
  });

  test("takes over at once when the first stops in good order", async () => {
    const { hub, ran } = hubWithSteps();
    const first = await hub.host();
    const second = await hub.host();
    const id = await first.client.startNew("steps");
    await hub.clock.settle();

    const stopped = first.worker.stop();
    await hub.clock.advance(2_000);
    await stopped;

    expect(second.worker.role).toBe("owner");
    await second.client.raiseEvent(id, "go");
    await second.client.waitForCompletion(id);
    expect(ran).toEqual([`${id}:first`, `${id}:second`]);
  });

  test("is a full client while it stands by", async () => {
    const { hub } = hubWithSteps();
    await hub.host();
    const { client } = await hub.host();

    const id = await client.startNew("steps");
    await hub.clock.settle();
    await client.raiseEvent(id, "go");

    expect((await client.waitForCompletion(id)).runtimeStatus).toBe("Completed");
  });

  test("shares the partitions nobody owns", async () => {
    const { hub } = hubWithSteps(4);
    const { worker, client } = await hub.host();
    expect(worker.role).toBe("owner");

    const ids = await Promise.all(Array.from({ length: 20 }, () => client.startNew("steps")));
    await hub.clock.advance(100);
    const raised = Promise.all(ids.map((id) => client.raiseEvent(id, "go")));
    await hub.clock.advance(100);
    await raised;

    expect(await client.countByStatus()).toMatchObject({ Completed: 20 });
  });
});

test("an owner that wakes up after its lease was taken over writes nothing, and stands by", async () => {
  let isAsleep = false;
  const { hub } = hubWithSteps();
  const awake = gate();
  const whenAwake = <T>(call: () => Promise<T>): Promise<T> => (isAsleep ? awake.opened.then(call) : call());
  const first = await hub.host({
    wrap: (worker) => ({
      ...worker,
      beat: () => whenAwake(() => worker.beat()),
      commit: (episodes) => whenAwake(() => worker.commit(episodes)),
    }),
  });
  const id = await first.client.startNew("steps");
  await hub.clock.settle();
  const second = await hub.host();

  isAsleep = true;
  void first.client.raiseEvent(id, "go").catch(() => undefined);
  await hub.clock.advance(LEASE_MS + 2_000);
  expect(second.worker.role).toBe("owner");
  await second.client.raiseEvent(id, "go");
  const { output } = await second.client.waitForCompletion(id);
  isAsleep = false;
  awake.open();
  await hub.clock.advance(5_000);

  expect(first.worker.role).toBe("standby");
  expect((await second.client.getStatus(id))?.output).toEqual(output);
  expect(hub.complaints).toContain("Lost a partition to another worker");
});

describe("after a crash", () => {
  test("an activity whose result was not written runs again; one whose result was written does not", async () => {
    const hub = new HubInMemory();
    const ran: string[] = [];
    const never = gate();
    let hangs = true;
    hub.app.activity("first", () => ran.push("first"));
    hub.app.activity("second", async () => {
      ran.push("second");
      if (hangs) await never.opened;
      return "done";
    });
    hub.app.orchestration("two", function* (ctx) {
      yield ctx.callActivity("first");
      return yield ctx.callActivity("second");
    });
    const first = await hub.host();
    const id = await first.client.startNew("two");
    await hub.clock.settle();
    first.worker.kill();
    hangs = false;

    const second = await hub.host();
    await hub.clock.advance(LEASE_MS + 2_000);

    expect((await second.client.waitForCompletion(id)).output).toBe("done");
    expect(ran).toEqual(["first", "second", "second"]);
  });

  test("timers that came due meanwhile fire, later ones at their time", async () => {
    const hub = new HubInMemory();
    hub.app.orchestration("naps", async (ctx, ms: number) => {
      await ctx.createTimer({ afterMs: ms });
      return ctx.currentUtcDateTime.getTime();
    });
    const first = await hub.host();
    const began = hub.clock.now();
    const soon = await first.client.startNew("naps", { input: 1_000 });
    const later = await first.client.startNew("naps", { input: 60_000 });
    first.worker.kill();
    const { client } = await hub.host();

    await hub.clock.advance(LEASE_MS + 2_000);
    expect((await client.getStatus(soon))?.runtimeStatus).toBe("Completed");
    expect((await client.getStatus(later))?.runtimeStatus).toBe("Running");
    await hub.clock.advance(60_000);

    expect(Number((await client.getStatus(later))?.output)).toBe(began + 60_000);
  });
});
