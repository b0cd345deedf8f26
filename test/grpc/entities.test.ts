import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import type { App } from "../../src/sdk/index.ts";
import type { EntityQuery } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { meteredStorage } from "../support/metered-storage.ts";
import { programs } from "./programs.ts";
import { ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import type { SidecarClient } from "./sidecar-client.ts";

const HOUR_MS = 3_600_000;
const GUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const past = encodeTimestamp(Date.now() - HOUR_MS);
const future = encodeTimestamp(Date.now() + HOUR_MS);

async function stateOf(client: SidecarClient, instanceId: string): Promise<string | undefined> {
  const { entity } = await client.call("getEntity", { instanceId, includeState: true });
  return entity?.serializedState;
}

const add = (client: SidecarClient, instanceId: string, input: string) =>
  client.call("signalEntity", { instanceId, name: "add", input });

async function withCounters(...ids: readonly string[]): Promise<SidecarClient> {
  const { client } = await startSidecar({ app: programs() });
  for (const id of ids) {
    await add(client, id, "1");
    await expect.poll(() => stateOf(client, id)).toBe("1");
  }
  return client;
}

function withLocks(): App {
  const app = programs();
  app.orchestration("locks", function* (context, key: string) {
    yield context.lock({ name: "counter", key });
    return yield context.waitForExternalEvent("go");
  });
  return app;
}

/** Whoever has locked the entity, whether or not it has a state. */
async function lockedBy(client: SidecarClient, instanceIdStartsWith: string): Promise<string | undefined> {
  const query = { instanceIdStartsWith, includeTransient: true };
  return (await client.call("queryEntities", { query })).entities[0]?.lockedBy;
}

async function keysOf(client: SidecarClient): Promise<readonly string[]> {
  const { entities } = await client.call("queryEntities", { query: { includeTransient: true } });
  return entities.map(({ instanceId }) => instanceId);
}

describe("signal", () => {
  test("what is wrong with an id that is too long is its length", async () => {
    const { client } = await startSidecar();

    await expect(add(client, `@counter@${"x".repeat(92)}`, "1")).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining("length"),
    });
  });

  test("an entity springs up on its first operation", async () => {
    const { client } = await startSidecar({ app: programs() });
    expect((await client.call("getEntity", { instanceId: "@counter@a" })).exists).toBe(false);

    await add(client, "@counter@a", "2");
    await add(client, "@counter@a", "3");

    await expect.poll(() => stateOf(client, "@counter@a")).toBe("5");
  });

  test.each([
    ["an orchestration", "order7"],
    ["nothing", ""],
    ["no key", "@counter"],
    ["no name", "@@a"],
    ["a key with a slash", "@counter@a/b"],
    ["101 characters", `@counter@${"x".repeat(92)}`],
  ])("the id of %s is refused", async (_title, instanceId) => {
    const { client } = await startSidecar({ app: programs() });

    await expect(add(client, instanceId, "1")).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test.each([
    ["an empty key", "@counter@"],
    ["100 characters", `@counter@${"x".repeat(91)}`],
    ["a key with an @", "@counter@a@b"],
  ])("the id with %s is taken", async (_title, instanceId) => {
    const client = await withCounters(instanceId);

    expect((await client.call("getEntity", { instanceId })).entity?.instanceId).toBe(instanceId);
  });

  test("its request id is what the worker sees; one that is no GUID is refused", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    const requestId = "6f9619ff-8b86-d011-b42d-00c04fc964ff";

    await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "do", requestId });

    const { operationRequests } = await worker.batch();
    expect(operationRequests.map(({ eventType }) => eventType.value)).toMatchObject([{ requestId }]);
    await expect(
      sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "do", requestId: "mine" }),
    ).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });

  test("a name in capitals is that in lower case", async () => {
    const { client } = await startSidecar({ app: programs() });

    await add(client, "@COUNTER@A", "1");

    await expect.poll(() => stateOf(client, "@counter@A")).toBe("1");
  });

  test("for later comes later", async () => {
    const { client } = await startSidecar({ app: programs() });
    const time = Date.now() + 60;

    await client.call("signalEntity", {
      instanceId: "@counter@a",
      name: "add",
      input: "1",
      scheduledTime: encodeTimestamp(time),
    });
    await expect.poll(() => stateOf(client, "@counter@a")).toBe("1");

    expect(Date.now()).toBeGreaterThanOrEqual(time);
  });

  test.each([undefined, "", "null", "{}"])("the input %j reaches the worker as it is", async (input) => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);

    await sidecar.client.call("signalEntity", {
      instanceId: "@thing@a",
      name: "do",
      ...(input === undefined ? {} : { input }),
    });

    const { instanceId, entityState, operationRequests } = await worker.batch();
    expect([instanceId, entityState]).toEqual(["@thing@a", undefined]);
    const [operation] = operationRequests.map(({ eventType }) => eventType);
    expect(operation).toMatchObject({
      case: "entityOperationSignaled",
      value: { operation: "do", requestId: expect.stringMatching(GUID) },
    });
    expect({ input: undefined, ...operation?.value }).toMatchObject({ input });
  });
});

describe("get", () => {
  test("of what has no state: it does not exist", async () => {
    const client = await withCounters("@counter@a");
    await client.call("signalEntity", { instanceId: "@counter@a", name: "delete" });

    await expect
      .poll(async () => (await client.call("getEntity", { instanceId: "@counter@a" })).exists)
      .toBe(false);
  });

  test.each([true, false])("shows the state when asked for: %s", async (includeState) => {
    const client = await withCounters("@counter@a");

    const { exists, entity } = await client.call("getEntity", { instanceId: "@counter@a", includeState });

    expect(exists).toBe(true);
    expect(entity?.serializedState).toBe(includeState ? "1" : undefined);
    expect(entity).toMatchObject({ instanceId: "@counter@a", backlogQueueSize: 0 });
    expect(entity?.lastModifiedTime).toBeDefined();
    expect(entity?.lockedBy).toBeUndefined();
  });

  test.each(["order7", "", `@counter@${"x".repeat(92)}`])("of %j is refused", async (instanceId) => {
    const { client } = await startSidecar();

    await expect(client.call("getEntity", { instanceId })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  test("says how much waits while a worker has a batch", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    const done = { results: [{ resultType: { case: "success" as const, value: {} } }], entityState: "1" };
    await add(client, "@thing@a", "1");
    await worker.answerBatch(await worker.batch(), done);
    for (let count = 0; count < 3; count++) await add(client, "@thing@a", "1");
    await worker.batch();

    const { entity } = await client.call("getEntity", { instanceId: "@thing@a" });

    expect(entity?.backlogQueueSize).toBe(3);
  });

  test("says who has locked it", async () => {
    const { client } = await startSidecar({ app: withLocks() });
    await add(client, "@counter@a", "1");
    await client.start("locks", { instanceId: "owner", input: '"a"' });

    await expect.poll(() => lockedBy(client, "@counter@a")).toBe("owner");
    await client.call("raiseEvent", { instanceId: "owner", name: "go" });
    await expect.poll(() => lockedBy(client, "@counter@a")).toBeUndefined();
  });
});

describe("query", () => {
  const found = async (client: SidecarClient, query: Partial<EntityQuery>) =>
    (await client.call("queryEntities", { query })).entities.map(({ instanceId }) => instanceId);

  test.each<[string, Partial<EntityQuery>, readonly string[]]>([
    ["nothing", {}, ["@counter@a", "@counter@ab", "@counter@b"]],
    ["a prefix", { instanceIdStartsWith: "@counter@a" }, ["@counter@a", "@counter@ab"]],
    ["a prefix without its @", { instanceIdStartsWith: "counter@b" }, ["@counter@b"]],
    ["a name in capitals", { instanceIdStartsWith: "@COUNTER@b" }, ["@counter@b"]],
    ["a key in capitals", { instanceIdStartsWith: "@counter@B" }, []],
    ["changed before", { lastModifiedTo: past }, []],
    ["changed after", { lastModifiedFrom: future }, []],
    [
      "changed between",
      { lastModifiedFrom: past, lastModifiedTo: future },
      ["@counter@a", "@counter@ab", "@counter@b"],
    ],
    ["no page size", { pageSize: 0 }, ["@counter@a", "@counter@ab", "@counter@b"]],
  ])("for %s", async (_title, query, expected) => {
    const client = await withCounters("@counter@a", "@counter@ab", "@counter@b");
    await client.start("waits", { instanceId: "counter" });

    expect((await found(client, query)).toSorted()).toEqual(expected);
  });

  test.each([true, false])("shows states when asked for: %s", async (includeState) => {
    const client = await withCounters("@counter@a");

    const { entities } = await client.call("queryEntities", { query: { includeState } });

    expect(entities[0]?.serializedState).toBe(includeState ? "1" : undefined);
  });

  test.each([
    [true, ["@counter@a", "@counter@b"]],
    [false, ["@counter@a"]],
  ])("entities without a state are shown when asked for: %s", async (includeTransient, expected) => {
    const { client } = await startSidecar({ app: withLocks() });
    await add(client, "@counter@a", "1");
    await expect.poll(() => stateOf(client, "@counter@a")).toBe("1");
    await client.start("locks", { instanceId: "owner", input: '"b"' });
    await expect.poll(() => lockedBy(client, "@counter@b")).toBe("owner");

    expect((await found(client, { includeTransient })).toSorted()).toEqual(expected);
  });

  test.each([
    [true, 3],
    [false, 33],
  ])(
    "pages of large states, shown: %s, are such as a client receives, and nothing is read twice",
    async (includeState, most) => {
      const app = programs();
      app.entity<string>("text", (context) => context.setState("x".repeat(context.input as number)));
      const { storage, meter } = meteredStorage(createMemoryStorage());
      const sidecar = await startSidecar({ app, storage });
      const ids = Array.from({ length: 40 }, (_, index) => `@text@${String(index).padStart(2, "0")}`);
      for (const instanceId of ids) {
        await sidecar.client.call("signalEntity", { instanceId, name: "set", input: "1000000" });
      }
      for (const id of ids) await expect.poll(() => stateOf(sidecar.client, id)).toHaveLength(1_000_002);
      const client = sidecar.connect({ maxReceive: 4 * 1024 * 1024 });
      meter.listed = [];

      const pages: string[][] = [];
      let continuationToken = "";
      do {
        const page = await client.call("queryEntities", { query: { includeState, continuationToken } });
        pages.push(page.entities.map(({ instanceId }) => instanceId));
        continuationToken = page.continuationToken ?? "";
      } while (continuationToken !== "");

      expect(pages.flat()).toEqual(ids);
      expect(pages[0]).toHaveLength(most);
      expect(meter.listed.map(({ instanceId }) => instanceId)).toEqual(ids);
    },
  );

  test("page by page each comes once; the last page has no token", async () => {
    const ids = ["a", "b", "c", "d", "e"].map((key) => `@counter@${key}`);
    const client = await withCounters(...ids);

    const pages: string[][] = [];
    let continuationToken = "";
    do {
      const page = await client.call("queryEntities", { query: { pageSize: 2, continuationToken } });
      pages.push(page.entities.map(({ instanceId }) => instanceId));
      continuationToken = page.continuationToken ?? "";
    } while (continuationToken !== "");

    expect(pages.flat().toSorted()).toEqual(ids);
    expect(Math.max(...pages.map(({ length }) => length))).toBe(2);
  });

  test.each([
    ["a page of more than 1,000", { pageSize: 1_001 }, "pageSize is at most 1000, not 1001."],
    ["a token that is none", { continuationToken: "no token" }, "continuation token"],
  ])("%s is refused, in the words of the caller", async (_title, query, words) => {
    const { client } = await startSidecar();

    await expect(found(client, query)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(words),
    });
  });
});

describe("clean", () => {
  test.each([true, false])(
    "what has no state is gone already, whether it is asked for or not: %s",
    async (removeEmptyEntities) => {
      const client = await withCounters("@counter@a", "@counter@b");
      await client.call("signalEntity", { instanceId: "@counter@b", name: "delete" });
      await expect.poll(() => keysOf(client)).toEqual(["@counter@a"]);

      const answer = await client.call("cleanEntityStorage", { removeEmptyEntities });

      expect(answer).toMatchObject({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 0 });
      expect(answer.continuationToken).toBeUndefined();
    },
  );

  test("what has a state stays", async () => {
    const client = await withCounters("@counter@a");

    await client.call("cleanEntityStorage", { removeEmptyEntities: true, releaseOrphanedLocks: true });

    expect(await stateOf(client, "@counter@a")).toBe("1");
  });
});
