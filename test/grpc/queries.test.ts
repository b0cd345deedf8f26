import { create } from "@bufbuild/protobuf";
import { StringValueSchema } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { type InstanceQuery, OrchestrationStatus } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { decodeTimestamp, encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { meteredStorage } from "../support/metered-storage.ts";
import { programs } from "./programs.ts";
import { startSidecar } from "./sidecar.ts";
import type { RequestOf, SidecarClient } from "./sidecar-client.ts";

const { COMPLETED, FAILED, RUNNING, PENDING, TERMINATED } = OrchestrationStatus;

const HOUR_MS = 3_600_000;
const past = encodeTimestamp(Date.now() - HOUR_MS);
const future = encodeTimestamp(Date.now() + HOUR_MS);

/** One instance in each of some statuses, each with its status as its id, and an entity. */
async function aHubOfAll(): Promise<SidecarClient> {
  const { client } = await startSidecar({ app: programs() });
  await client.start("nobody has this", { instanceId: "pending", input: "1" });
  await client.start("waits", { instanceId: "running", input: "1" });
  await client.started("running");
  await client.ended(await client.start("echo", { instanceId: "completed", input: "1" }));
  await client.ended(await client.start("throws", { instanceId: "failed" }));
  await client.start("waits", { instanceId: "terminated" });
  await client.call("terminateInstance", { instanceId: "terminated" });
  await client.ended("terminated");
  await client.call("signalEntity", { instanceId: "@counter@a", name: "add", input: "1" });
  await expect
    .poll(async () => (await client.call("getEntity", { instanceId: "@counter@a" })).exists)
    .toBe(true);
  return client;
}

async function found(client: SidecarClient, query: Partial<InstanceQuery>): Promise<readonly string[]> {
  const { orchestrationState } = await client.call("queryInstances", {
    query,
  } as RequestOf<"queryInstances">);
  return orchestrationState.map(({ instanceId }) => instanceId).toSorted();
}

const ALL = ["completed", "failed", "pending", "running", "terminated"];

describe("query", () => {
  test.each<[string, Partial<InstanceQuery>, readonly string[]]>([
    ["nothing: all but entities", {}, ALL],
    ["a status", { runtimeStatus: [FAILED] }, ["failed"]],
    ["statuses", { runtimeStatus: [PENDING, RUNNING] }, ["pending", "running"]],
    ["created before", { createdTimeTo: past }, []],
    ["created after", { createdTimeFrom: future }, []],
    ["created between", { createdTimeFrom: past, createdTimeTo: future }, ALL],
    ["a prefix", { instanceIdPrefix: "comp" }, ["completed"]],
    ["an empty prefix", { instanceIdPrefix: "" }, ALL],
    ["a prefix in the wrong case", { instanceIdPrefix: "COMP" }, []],
    ["the prefix of entities", { instanceIdPrefix: "@counter" }, []],
    ["all of it", { runtimeStatus: [FAILED], instanceIdPrefix: "f", createdTimeFrom: past }, ["failed"]],
    ["what contradicts itself", { runtimeStatus: [FAILED], instanceIdPrefix: "comp" }, []],
    [
      "another hub's name, which the call says otherwise",
      { taskHubNames: [create(StringValueSchema, { value: "Another" })] },
      ALL,
    ],
    ["no number", { maxInstanceCount: 0 }, ALL],
    ["a number below 0", { maxInstanceCount: -1 }, ALL],
  ])("for %s", async (_title, query, expected) => {
    expect(await found(await aHubOfAll(), query)).toEqual(expected);
  });

  test("without a query is for all", async () => {
    const client = await aHubOfAll();

    expect((await client.call("queryInstances", {})).orchestrationState).toHaveLength(ALL.length);
  });

  test("both bounds of the time are inclusive", async () => {
    const client = await aHubOfAll();
    const created = (await client.state("failed"))?.createdTimestamp ?? past;

    const hits = await found(client, { createdTimeFrom: created, createdTimeTo: created });

    expect(hits).toContain("failed");
  });

  test.each([true, false])("payloads are shown when asked for: %s", async (fetchInputsAndOutputs) => {
    const client = await aHubOfAll();

    const { orchestrationState } = await client.call("queryInstances", {
      query: { instanceIdPrefix: "completed", fetchInputsAndOutputs },
    });

    const [state] = orchestrationState;
    expect([state?.input, state?.output]).toEqual(
      fetchInputsAndOutputs ? ["1", "1"] : [undefined, undefined],
    );
  });

  test.each([
    ["oldest first", ""],
    ["in the order of ids with a prefix", "i"],
  ])("page by page each comes once, %s; the last page has no token", async (_title, instanceIdPrefix) => {
    const { client } = await startSidecar();
    for (let index = 0; index < 7; index++) await client.start("anything", { instanceId: `i${index}` });

    const pages: string[][] = [];
    let continuationToken: string | undefined;
    do {
      const page = await client.call("queryInstances", {
        query: {
          maxInstanceCount: 3,
          instanceIdPrefix,
          ...(continuationToken === undefined ? {} : { continuationToken }),
        },
      });
      pages.push(page.orchestrationState.map(({ instanceId }) => instanceId));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);

    expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
    expect(pages.flat()).toEqual(["i0", "i1", "i2", "i3", "i4", "i5", "i6"]);
  });

  describe("for large instances", () => {
    const LIMIT = 4 * 1024 * 1024;
    const ids = Array.from({ length: 20 }, (_, index) => `large-${String(index).padStart(2, "0")}`);

    async function withInputs(input: string) {
      const { storage, meter } = meteredStorage(createMemoryStorage());
      const sidecar = await startSidecar({ storage });
      for (const instanceId of ids) await sidecar.client.start("anything", { instanceId, input });
      return { sidecar, client: sidecar.connect({ maxReceive: LIMIT }), meter };
    }

    async function pagesOf(client: SidecarClient, query: Partial<InstanceQuery>) {
      const pages: string[][] = [];
      let continuationToken: string | undefined;
      do {
        const page = await client.call("queryInstances", {
          query: { ...query, ...(continuationToken ? { continuationToken } : {}) } as InstanceQuery,
        });
        pages.push(page.orchestrationState.map(({ instanceId }) => instanceId));
        continuationToken = page.continuationToken;
      } while (continuationToken);
      return pages;
    }

    test.each([
      ["of 300 KB", "x".repeat(300_000), 10],
      ["of 300,000 characters that are 900 KB", "世".repeat(300_000), 3],
      ["of 3 MB", "x".repeat(3_000_000), 1],
    ])(
      "a page is one that a client receives, and nothing is left out or read twice: inputs %s",
      async (_title, text, most) => {
        const { client, meter } = await withInputs(JSON.stringify(text));
        meter.listed = [];

        const pages = await pagesOf(client, { fetchInputsAndOutputs: true });

        expect(pages.flat()).toEqual(ids);
        expect(pages[0]).toHaveLength(most);
        expect(meter.listed.map(({ instanceId }) => instanceId)).toEqual(ids);
      },
    );

    test("one that is larger than any page is alone on its page, for clients that receive it", async () => {
      const { client, sidecar } = await withInputs(JSON.stringify("x".repeat(LIMIT)));
      const query = { query: { fetchInputsAndOutputs: true } };

      const { orchestrationState, continuationToken } = await sidecar.client.call("queryInstances", query);

      expect(orchestrationState.map(({ instanceId }) => instanceId)).toEqual(ids.slice(0, 1));
      expect(continuationToken).toBeDefined();
      await expect(client.call("queryInstances", query)).rejects.toMatchObject({
        code: status.RESOURCE_EXHAUSTED,
      });
    });

    test("payloads that are not asked for are not read, and take no room", async () => {
      const { client, meter } = await withInputs(JSON.stringify("x".repeat(300_000)));
      meter.listed = [];

      const pages = await pagesOf(client, { fetchInputsAndOutputs: false });

      expect(pages).toEqual([ids]);
      expect(meter.listed.map(({ input }) => input)).toEqual(ids.map(() => undefined));
    });
  });

  test("a page that is just full is the last", async () => {
    const { client } = await startSidecar();
    for (const instanceId of ["a", "b"]) await client.start("anything", { instanceId });

    const page = await client.call("queryInstances", { query: { maxInstanceCount: 2 } });

    expect(page.orchestrationState).toHaveLength(2);
    expect(page.continuationToken).toBeUndefined();
  });

  test.each([
    ["a page of more than 1,000", { maxInstanceCount: 1_001 }, "maxInstanceCount is at most 1000, not 1001."],
    ["a token that is none", { continuationToken: "no token" }, "continuation token"],
    ["a status that is none", { runtimeStatus: [77 as never] }, "77"],
  ])("%s is refused, in the words of the caller", async (_title, query, words) => {
    const client = await aHubOfAll();

    await expect(found(client, query)).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
      details: expect.stringContaining(words),
    });
  });
});

describe("list of ids", () => {
  const listed = async (client: SidecarClient, request: RequestOf<"listInstanceIds">) =>
    (await client.call("listInstanceIds", request)).instanceIds.toSorted();

  const ENDED = ["completed", "failed", "terminated"];

  test.each<[string, RequestOf<"listInstanceIds">, readonly string[]]>([
    ["nothing: all that have ended", {}, ENDED],
    ["a status", { runtimeStatus: [FAILED] }, ["failed"]],
    ["statuses", { runtimeStatus: [COMPLETED, TERMINATED] }, ["completed", "terminated"]],
    ["a status that is no end", { runtimeStatus: [RUNNING] }, []],
    ["one that is and one that is not", { runtimeStatus: [RUNNING, FAILED] }, ["failed"]],
    ["ended before", { completedTimeTo: past }, []],
    ["ended after", { completedTimeFrom: future }, []],
    ["ended between", { completedTimeFrom: past, completedTimeTo: future }, ENDED],
    ["a page of no size", { pageSize: 0 }, ENDED],
    ["the first page as some SDKs ask for it", { lastInstanceKey: "" }, ENDED],
  ])("for %s", async (_title, request, expected) => {
    expect(await listed(await aHubOfAll(), request)).toEqual(expected);
  });

  test("both bounds of the time are inclusive, and are those of the end", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("waits");
    await client.started(instanceId);
    const created = decodeTimestamp((await client.state(instanceId))?.createdTimestamp ?? past);
    await expect.poll(() => Date.now()).toBeGreaterThan(created + 1);
    await client.call("raiseEvent", { instanceId, name: "go" });
    const ended = (await client.ended(instanceId)).completedTimestamp ?? past;

    expect(await listed(client, { completedTimeFrom: ended, completedTimeTo: ended })).toEqual([instanceId]);
    expect(await listed(client, { completedTimeTo: encodeTimestamp(created) })).toEqual([]);
  });

  test("page by page each comes once, first ended first; the last page has no key", async () => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("waits", { instanceId: "first made, last ended" });
    await client.started("first made, last ended");
    for (let index = 0; index < 8; index++) {
      await client.ended(await client.start(index % 2 ? "throws" : "echo", { instanceId: `i${index}` }));
    }
    const now = Date.now();
    await expect.poll(() => Date.now()).toBeGreaterThan(now);
    await client.call("raiseEvent", { instanceId: "first made, last ended", name: "go" });
    await client.ended("first made, last ended");

    const pages: string[][] = [];
    let lastInstanceKey = "";
    do {
      const page = await client.call("listInstanceIds", {
        pageSize: 2,
        lastInstanceKey,
        runtimeStatus: [COMPLETED],
      });
      pages.push(page.instanceIds);
      lastInstanceKey = page.lastInstanceKey ?? "";
    } while (lastInstanceKey !== "");

    expect(pages).toEqual([["i0", "i2"], ["i4", "i6"], ["first made, last ended"]]);
  });

  test.each([
    ["a page of more than 1,000", { pageSize: 1_001 }],
    ["a key that is none", { lastInstanceKey: "no key" }],
  ])("%s is refused", async (_title, request) => {
    const client = await aHubOfAll();

    await expect(listed(client, request)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});
