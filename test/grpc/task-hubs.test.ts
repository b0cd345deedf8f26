import { status } from "@grpc/grpc-js";
import { describe, expect, test, vi } from "vitest";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import { endOf } from "./sidecar-client.ts";

const other = { metadata: { taskhub: "OtherHub" } };

describe("hello", () => {
  test("works with a hub and without one", async () => {
    const { client } = await startSidecar();

    expect(await client.call("hello", {})).toBeDefined();
    expect(await client.call("hello", {}, other)).toBeDefined();
  });

  test.each(["", "TestHub", "testhub"])("the hub %j is that of the server", async (taskhub) => {
    const { client } = await startSidecar();
    const instanceId = await client.start("anything", { instanceId: "id" });

    const answer = await client.call("getInstance", { instanceId }, { metadata: { taskhub } });

    expect(answer.exists).toBe(true);
  });

  test.each(["taskhub", "Durable-TaskHub"])("the header %s names the hub", async (header) => {
    const sidecar = await startSidecar();
    await sidecar.connect(other).start("anything", { instanceId: "id" });

    const { client } = sidecar;
    const answer = await client.call(
      "getInstance",
      { instanceId: "id" },
      { metadata: { [header]: "OtherHub" } },
    );

    expect(answer.exists).toBe(true);
  });
});

describe("hubs", () => {
  test("keep their instances and their work apart", async () => {
    const sidecar = await startSidecar();
    const [here, there] = [sidecar.client, sidecar.connect(other)];
    const worker = await ScriptedWorker.connect(sidecar, other);

    await here.start("anything", { instanceId: "here" });
    await there.start("anything", { instanceId: "there" });

    expect((await worker.turn()).instanceId).toBe("there");
    expect(await here.statusOf("there")).toBe("none");
    expect(await there.statusOf("here")).toBe("none");
  });

  test("are made on use, and there already when they are created", async () => {
    const { client, hub } = await startSidecar();

    await client.call("createTaskHub", {}, other);
    await client.call("createTaskHub", {}, other);

    const names = (await hub.storage.taskHubs.list()).map(({ name }) => name);
    expect(names.toSorted()).toEqual(["OtherHub", "TestHub"]);
  });

  test("created again keep what is in them, unless they are to be emptied", async () => {
    const sidecar = await startSidecar();
    const client = sidecar.connect(other);
    await client.start("anything", { instanceId: "id" });

    await client.call("createTaskHub", { recreateIfExists: false });
    expect(await client.statusOf("id")).toBe("PENDING");
    await client.call("createTaskHub", { recreateIfExists: true });

    expect(await client.statusOf("id")).toBe("none");
  });

  test("that are deleted are empty when they are used again", async () => {
    const sidecar = await startSidecar();
    const client = sidecar.connect(other);
    await client.start("anything", { instanceId: "id" });

    await client.call("deleteTaskHub", {});

    expect(await client.statusOf("id")).toBe("none");
    await client.start("anything", { instanceId: "id" });
    expect(await client.statusOf("id")).toBe("PENDING");
  });

  test("that are deleted answer who waits there", async () => {
    const sidecar = await startSidecar();
    const client = sidecar.connect(other);
    const instanceId = await client.start("anything");
    const waits = [client.ended(instanceId), client.started(instanceId)];
    const ended = expect(Promise.allSettled(waits)).resolves.toMatchObject(
      waits.map(() => ({ reason: { code: status.NOT_FOUND } })),
    );
    // An answer to a later call says that the server has got these.
    await client.call("hello", {});

    await client.call("deleteTaskHub", {});

    await ended;
  });

  test("the one of the server is not removed", async () => {
    const { client } = await startSidecar();
    await client.start("anything", { instanceId: "id" });

    await expect(client.call("deleteTaskHub", {})).rejects.toMatchObject({
      code: status.FAILED_PRECONDITION,
    });
    expect(await client.statusOf("id")).toBe("PENDING");
  });

  test("the one of the server can be emptied; its workers stay", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    await client.start("waits", { instanceId: "waiting" });
    await client.start("anything", { instanceId: "with a worker" });
    await worker.turn();
    await client.call("signalEntity", { instanceId: "@counter@a", name: "add", input: "1" });
    await client.ended(await client.start("echo"));

    await client.call("createTaskHub", { recreateIfExists: true });

    expect((await client.call("queryInstances", {})).orchestrationState).toEqual([]);
    expect((await client.call("queryEntities", {})).entities).toEqual([]);
    await client.start("anything", { instanceId: "next" });
    expect((await worker.turn()).instanceId).toBe("next");
  });

  test.each(["createTaskHub", "deleteTaskHub"] as const)(
    "workers of a hub that is emptied are sent away, to come back to the new one: %s",
    async (rpc) => {
      const sidecar = await startSidecar();
      const client = sidecar.connect(other);
      const first = await ScriptedWorker.connect(sidecar, other);
      const mine = await ScriptedWorker.connect(sidecar);

      await client.call(rpc, rpc === "createTaskHub" ? { recreateIfExists: true } : {});

      expect((await first.ended).code).toBe(status.UNAVAILABLE);
      const second = await ScriptedWorker.connect(sidecar, other);
      await client.start("anything", { instanceId: "id" });
      await second.answerTurn(await second.turn(), [action.complete(0)]);
      expect((await client.ended("id")).status).toBe("COMPLETED");
      await sidecar.client.start("anything", { instanceId: "mine" });
      expect((await mine.turn()).instanceId).toBe("mine");
    },
  );

  test("a call that comes while a hub is emptied is for the new one", async () => {
    const sidecar = await startSidecar();
    const { storage } = sidecar.hub;
    const client = sidecar.connect(other);
    await client.call("hello", {});
    const markDeleted = storage.taskHubs.markDeleted.bind(storage.taskHubs);
    let goOn: () => void = () => undefined;
    const removing = new Promise<void>((begun) => {
      vi.spyOn(storage.taskHubs, "markDeleted").mockImplementationOnce(async (name) => {
        begun();
        await new Promise<void>((resolve) => {
          goOn = resolve;
        });
        return markDeleted(name);
      });
    });

    const emptied = client.call("createTaskHub", { recreateIfExists: true });
    await removing;
    const started = client.start("anything", { instanceId: "id" });
    await sidecar.settle();
    goOn();
    await Promise.all([emptied, started]);

    const { query } = await storage.openTaskHub("OtherHub");
    expect(await query.get("id")).toMatchObject({ status: "Pending" });
  });
});

describe("when hubs are not made on use", () => {
  test("one that nobody has is NOT_FOUND, with its name, for calls and for workers", async () => {
    const { client } = await startSidecar({ createOnUse: false });

    const unary = client.call("hello", {}, other);
    await expect(unary).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: expect.stringContaining("OtherHub"),
    });
    const stream = client.stream("getWorkItems", {}, other.metadata);
    const { code, details } = await endOf(stream);

    expect([code, details]).toEqual([status.NOT_FOUND, expect.stringContaining("OtherHub")]);
  });

  test("one can be created, and be made anew", async () => {
    const sidecar = await startSidecar({ createOnUse: false });
    const client = sidecar.connect(other);

    await client.call("createTaskHub", {});
    await client.start("anything", { instanceId: "id" });
    expect(await client.statusOf("id")).toBe("PENDING");
    await client.call("createTaskHub", { recreateIfExists: true });

    expect(await client.statusOf("id")).toBe("none");
  });

  test("one that is made later is found then", async () => {
    const { client, hub } = await startSidecar({ createOnUse: false });
    await expect(client.call("hello", {}, other)).rejects.toMatchObject({ code: status.NOT_FOUND });

    await hub.storage.taskHubs.ensure("OtherHub");

    expect(await client.call("hello", {}, other)).toBeDefined();
  });
});

describe.each(["a", "my hub", "9lives", "hub-1", "x".repeat(46)])("%j is no name of a hub", (taskhub) => {
  test.each(["hello", "createTaskHub", "deleteTaskHub"] as const)("%s", async (rpc) => {
    const { client } = await startSidecar();

    await expect(client.call(rpc, {}, { metadata: { taskhub } })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });
});
