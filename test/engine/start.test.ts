import { describe, expect, test } from "vitest";
import { TaskHubClient } from "../../src/engine/task-hub-client.ts";
import type { ClientStore } from "../../src/storage/index.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

function hubWithOrders(settings = {}): HubInMemory {
  const hub = new HubInMemory({ settings });
  hub.app.orchestration("order", function* (ctx) {
    return [ctx.input, yield ctx.waitForExternalEvent("paid")];
  });
  return hub;
}

async function finish({ client }: Host, instanceId: string): Promise<void> {
  await client.raiseEvent(instanceId, "paid", "now");
  await client.waitForCompletion(instanceId);
}

describe("an id that is taken", () => {
  test("S-5: a live instance refuses a second start, names its status, and goes on as it was", async () => {
    const hub = hubWithOrders();
    const host = await hub.host();
    await host.client.startNew("order", { instanceId: "1", input: "first" });

    await expect(host.client.startNew("order", { instanceId: "1", input: "second" })).rejects.toMatchObject({
      code: "INSTANCE_ALREADY_EXISTS",
      message: expect.stringContaining("An Orchestration instance with the status Running already exists."),
    });

    await finish(host, "1");
    expect((await host.client.getStatus("1"))?.output).toEqual(["first", "now"]);
  });

  test("S-5: a suspended instance refuses a second start", async () => {
    const hub = hubWithOrders();
    const { client } = await hub.host();
    await client.startNew("order", { instanceId: "1" });
    await client.suspend("1");

    await expect(client.startNew("order", { instanceId: "1" })).rejects.toThrow("status Suspended");
  });

  test("S-7: an instance that has ended gives way, with its history, its output and its creation time", async () => {
    const hub = hubWithOrders();
    const host = await hub.host();
    await host.client.startNew("order", { instanceId: "1", input: "first" });
    await finish(host, "1");
    await hub.clock.advance(60_000);

    await host.client.startNew("order", { instanceId: "1", input: "second" });

    const status = await host.client.getStatus("1", { showHistory: true });
    expect(status).toMatchObject({ runtimeStatus: "Running", input: "second", output: null });
    expect(status?.createdTime.getTime()).toBe(hub.clock.now());
    expect(status?.historyEvents).toHaveLength(1);
  });

  test("join leaves the live instance as it is", async () => {
    const hub = hubWithOrders();
    const host = await hub.host();
    await host.client.startNew("order", { instanceId: "1", input: "first" });

    expect(
      await host.client.startNew("order", { instanceId: "1", input: "second", onConflict: "join" }),
    ).toBe("1");

    expect((await host.client.getStatus("1"))?.input).toBe("first");
  });

  test.each([
    ["replace", {}, "replace"],
    ["AnyState in host.json", { overridableExistingInstanceStates: "AnyState" }, undefined],
  ] as const)(
    "S-6: %s ends the live instance first, so that whoever waits for it learns of that",
    async (_title, settings, onConflict) => {
      const hub = hubWithOrders(settings);
      const { client } = await hub.host();
      await client.startNew("order", { instanceId: "1", input: "first" });
      const waiting = client.waitForCompletion("1");

      await client.startNew("order", {
        instanceId: "1",
        input: "second",
        ...(onConflict === undefined ? {} : { onConflict }),
      });

      expect(await waiting).toMatchObject({ runtimeStatus: "Terminated", input: "first" });
      expect(await client.getStatus("1")).toMatchObject({ runtimeStatus: "Running", input: "second" });
    },
  );

  describe("while the instance is ended to be replaced", () => {
    /** A client of a process that runs nothing; this happens just before the end it asks for is sent. */
    async function clientThat(
      hub: HubInMemory,
      beforeTheEnd: () => Promise<unknown>,
    ): Promise<TaskHubClient> {
      const store = await hub.store();
      const client: ClientStore = {
        create: (instance, replaces) => store.client.create(instance, replaces),
        restore: (instance, patch, chunks) => store.client.restore(instance, patch, chunks),
        send: async (messages) => {
          await beforeTheEnd();
          return store.client.send(messages);
        },
      };
      const { clock, settings } = hub;
      return new TaskHubClient({
        store: { ...store, client },
        settings,
        clock,
      });
    }

    test("one that completes by itself stays, when only what was terminated may be replaced", async () => {
      const hub = hubWithOrders();
      const host = await hub.host();
      await host.client.startNew("order", { instanceId: "1", input: "first" });
      const client = await clientThat(hub, () => finish(host, "1"));

      const start = client.startNew("order", { instanceId: "1", replaceable: ["Running", "Terminated"] });

      await expect(start).rejects.toMatchObject({
        code: "INSTANCE_ALREADY_EXISTS",
        message: expect.stringContaining("Completed"),
      });
      expect((await host.client.getStatus("1"))?.output).toEqual(["first", "now"]);
    });

    test("one that is purged is out of the way", async () => {
      const hub = hubWithOrders();
      const host = await hub.host();
      await host.client.startNew("order", { instanceId: "1", input: "first" });
      const client = await clientThat(hub, async () => {
        await finish(host, "1");
        await host.client.purgeInstances(["1"]);
      });

      await client.startNew("order", { instanceId: "1", input: "second", onConflict: "replace" });

      expect((await host.client.getStatus("1"))?.input).toBe("second");
    });

    test("a caller that has gone waits no longer", async () => {
      const hub = hubWithOrders();
      const client = await hub.client();
      await client.startNew("order", { instanceId: "1" });
      const caller = new AbortController();

      const { signal } = caller;
      const start = client.startNew("order", { instanceId: "1", onConflict: "replace", signal });
      caller.abort();

      await expect(start).rejects.toMatchObject({ name: "AbortError" });
    });
  });

  test("S-8: of a hundred starts at once exactly one wins", async () => {
    const hub = hubWithOrders();
    const { client } = await hub.host();
    const outside = await hub.client();

    const starts = await Promise.allSettled(
      Array.from({ length: 100 }, (_, index) =>
        (index % 2 ? client : outside).startNew("order", { instanceId: "1", input: index }),
      ),
    );

    expect(starts.filter(({ status }) => status === "fulfilled")).toHaveLength(1);
  });
});

test("S-2: ids that nobody chose are 32 hex digits and all different", async () => {
  const hub = hubWithOrders();
  const { client } = await hub.host();

  const ids = await Promise.all(Array.from({ length: 50 }, () => client.startNew("order")));

  expect(new Set(ids).size).toBe(50);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{32}$/);
});

test("S-4: a function is found in any spelling, and the instance keeps the caller's", async () => {
  const hub = hubWithOrders();
  const { client } = await hub.host();

  const id = await client.startNew("ORDER");

  expect((await client.getStatus(id))?.name).toBe("ORDER");
});

test("S-11: an unknown function is refused with the names there are, and nothing is written", async () => {
  const hub = hubWithOrders();
  const { client } = await hub.host();

  await expect(client.startNew("odrer")).rejects.toThrow(/'odrer'.*order/s);

  expect((await client.listInstances()).instances).toEqual([]);
});

describe("S-10: a scheduled start", () => {
  test("stays Pending until its time has come", async () => {
    const hub = hubWithOrders();
    const { client } = await hub.host();
    const startAt = new Date(hub.clock.now() + 3_600_000);
    const id = await client.startNew("order", { startAt });

    await hub.clock.advance(3_599_999);
    expect((await client.getStatus(id))?.runtimeStatus).toBe("Pending");
    expect(await client.whyWaiting(id)).toMatchObject({
      reasons: [{ type: "start", scheduledAt: startAt.getTime() }],
      sentence: `It is scheduled to start at ${startAt.toISOString()}.`,
    });
    await hub.clock.advance(1);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");
  });

  test("S-67: keeps the events that come before it", async () => {
    const hub = hubWithOrders();
    const { client } = await hub.host();
    const id = await client.startNew("order", { startAt: new Date(hub.clock.now() + 1_000), input: 1 });
    await client.raiseEvent(id, "paid", "early");

    await hub.clock.advance(1_000);

    expect((await client.waitForCompletion(id)).output).toEqual([1, "early"]);
  });

  test("S-43: terminated before it begins, its code never runs", async () => {
    const hub = new HubInMemory();
    let ran = false;
    hub.app.orchestration("never", () => {
      ran = true;
    });
    const { client } = await hub.host();
    const id = await client.startNew("never", { startAt: new Date(hub.clock.now() + 1_000) });

    await client.terminate(id, "changed my mind");
    await hub.clock.advance(2_000);

    expect(await client.getStatus(id)).toMatchObject({
      runtimeStatus: "Terminated",
      output: "changed my mind",
    });
    expect(ran).toBe(false);
  });

  test("is found by the next host", async () => {
    const hub = hubWithOrders();
    const first = await hub.host();
    const id = await first.client.startNew("order", { startAt: new Date(hub.clock.now() + 60_000) });
    first.worker.kill();
    const { client } = await hub.host();

    await hub.clock.advance(60_000);

    expect((await client.getStatus(id))?.runtimeStatus).toBe("Running");
  });
});

test("S-9: a start from a process without a worker is Pending at once, and a host picks it up", async () => {
  const hub = hubWithOrders();
  const outside = await hub.client();
  const id = await outside.startNew("order", { input: 1, version: "2.0", tags: { team: "blue" } });
  expect(await outside.getStatus(id)).toMatchObject({
    runtimeStatus: "Pending",
    input: 1,
    version: "2.0",
    tags: { team: "blue" },
  });

  const { client } = await hub.host();
  await client.waitForStart(id);

  expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Running", version: "2.0" });
});

describe("restart", () => {
  test("S-150: starts the same function with the same input under a new id, whatever the state", async () => {
    const hub = hubWithOrders();
    const host = await hub.host();
    await host.client.startNew("order", { instanceId: "1", input: { n: 1 }, tags: { a: "b" }, version: "1" });

    const id = await host.client.restart("1");
    await finish(host, id);

    const again = await host.client.getStatus(id);
    expect(id).not.toBe("1");
    expect(again).toMatchObject({ name: "order", input: { n: 1 }, output: [{ n: 1 }, "now"] });
    expect(again?.version).toBeUndefined();
  });

  test("S-150: under the same id it is a start like any other", async () => {
    const hub = hubWithOrders();
    const host = await hub.host();
    await host.client.startNew("order", { instanceId: "1", input: 1 });
    const sameId = { restartWithNewInstanceId: false };
    await expect(host.client.restart("1", sameId)).rejects.toMatchObject({ code: "INSTANCE_ALREADY_EXISTS" });
    await finish(host, "1");

    expect(await host.client.restart("1", sameId)).toBe("1");

    expect((await host.client.getStatus("1"))?.runtimeStatus).toBe("Running");
  });

  test("S-150: there must be such an instance", async () => {
    const { client } = await hubWithOrders().host();

    await expect(client.restart("nobody")).rejects.toThrow("No instance with ID 'nobody' was found.");
  });
});
