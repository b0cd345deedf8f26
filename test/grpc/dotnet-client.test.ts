import { randomUUID } from "node:crypto";
import { timestampFromDate } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import {
  type OrchestrationState,
  OrchestrationStatus,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { need, readEvent } from "./dotnet-history.ts";
import { programs } from "./programs.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { RequestOf, SidecarClient } from "./sidecar-client.ts";

const { CANCELED, COMPLETED, FAILED, PENDING, RUNNING, SUSPENDED, TERMINATED } = OrchestrationStatus;
/** In the order in which the SDK has them. */
const ALL = [COMPLETED, FAILED, TERMINATED, CANCELED, PENDING, RUNNING, SUSPENDED];
const A = "@counter@a";

/** With what the client of the AzureManaged packages sends with each call. */
async function scene(): Promise<{ sidecar: Sidecar; client: SidecarClient }> {
  const sidecar = await startSidecar({ app: programs() });
  const client = sidecar.connect({
    userAgent: "grpc-dotnet/2.67.0 (.NET 8.0.11; CLR 8.0.11; net8.0; linux; x64)",
    maxReceive: 4 * 1024 * 1024,
    metadata: { taskhub: "TestHub", "x-user-agent": "durabletask-dotnet/1.18.0 (DurableTaskClient)" },
  });
  return { sidecar, client };
}

const idOf = (): string => randomUUID().replaceAll("-", "");
const now = () => timestampFromDate(new Date());

/** A start as ScheduleNewOrchestrationInstanceAsync makes it. */
async function schedule(client: SidecarClient, name: string, more: Partial<RequestOf<"startInstance">> = {}) {
  const request = { name, instanceId: idOf(), requestTime: now(), ...more } as RequestOf<"startInstance">;
  return (await client.call("startInstance", request)).instanceId;
}

/** What OrchestrationMetadata is made of, which has to be there. */
function metadataOf(state: OrchestrationState | undefined) {
  const { name, instanceId, createdTimestamp, lastUpdatedTimestamp, orchestrationStatus } = need(
    state,
    "state",
  );
  need(createdTimestamp, "createdTimestamp");
  need(lastUpdatedTimestamp, "lastUpdatedTimestamp");
  const { input, output, tags, failureDetails } = need(state, "state");
  return { name, instanceId, orchestrationStatus, input, output, tags, failureDetails };
}

async function completed(client: SidecarClient, instanceId: string) {
  const { orchestrationState } = await client.call("waitForInstanceCompletion", {
    instanceId,
    getInputsAndOutputs: true,
  });
  return metadataOf(orchestrationState);
}

describe("an instance that a .NET client starts", () => {
  test("has its id, tags, version, input and output", async () => {
    const { client } = await scene();
    const instanceId = await schedule(client, "echo", {
      input: "[1]",
      version: "1.0",
      tags: { team: "blue" },
    });

    expect(instanceId).toMatch(/^[0-9a-f]{32}$/);
    expect(await completed(client, instanceId)).toMatchObject({
      instanceId,
      name: "echo",
      orchestrationStatus: COMPLETED,
      input: "[1]",
      output: "[1]",
      tags: { team: "blue" },
      failureDetails: undefined,
    });
  });

  test("has no input when it is given none, and the metadata without payloads", async () => {
    const { client } = await scene();
    const instanceId = await schedule(client, "echo");
    await completed(client, instanceId);

    const { exists, orchestrationState } = await client.call("getInstance", { instanceId });

    expect(exists).toBe(true);
    expect(metadataOf(orchestrationState)).toMatchObject({ input: undefined, output: undefined });
  });

  test("tells why it failed", async () => {
    const { client } = await scene();
    const { failureDetails } = await completed(client, await schedule(client, "throws"));

    expect(failureDetails).toMatchObject({ errorType: "RangeError", errorMessage: "no such luck" });
  });

  test("that starts later is pending until then", async () => {
    const { client } = await scene();
    const later = timestampFromDate(new Date(Date.now() + 3_600_000));
    const instanceId = await schedule(client, "echo", { scheduledStartTimestamp: later });

    expect((await client.call("getInstance", { instanceId })).orchestrationState?.orchestrationStatus).toBe(
      PENDING,
    );
  });

  test("that nobody knows does not exist", async () => {
    const { client } = await scene();

    expect((await client.call("getInstance", { instanceId: "nobody" })).exists).toBe(false);
  });
});

describe("a start with dedupe statuses", () => {
  const policyOf = (dedupe: readonly OrchestrationStatus[]) => ({
    orchestrationIdReusePolicy: { replaceableStatus: ALL.filter((each) => !dedupe.includes(each)) },
  });

  test.each<[string, string, readonly OrchestrationStatus[], number | undefined]>([
    ["none takes the place of what has ended", "echo", [], undefined],
    ["none takes the place of what runs", "waits", [], undefined],
    ["of what has ended that way is refused", "echo", [COMPLETED], status.ALREADY_EXISTS],
    ["of what has ended in another way takes its place", "echo", [FAILED], undefined],
    ["of what fails is refused", "throws", [FAILED, COMPLETED], status.ALREADY_EXISTS],
    ["of what runs is refused", "waits", [PENDING, RUNNING], status.ALREADY_EXISTS],
    ["of what was terminated alone makes no sense", "echo", [TERMINATED], status.INVALID_ARGUMENT],
    ["all is refused", "echo", ALL, status.ALREADY_EXISTS],
  ])("%s", async (_what, name, dedupe, code) => {
    const { client } = await scene();
    const instanceId = await schedule(client, name);
    await (name === "waits" ? client.started(instanceId) : completed(client, instanceId));

    const again = schedule(client, "echo", { instanceId, input: "2", ...policyOf(dedupe) });

    if (code !== undefined) return expect(again).rejects.toMatchObject({ code });
    expect(await again).toBe(instanceId);
    expect((await completed(client, instanceId)).output).toBe("2");
  });
});

describe("what a .NET client does with an instance", () => {
  test.each<[string, (client: SidecarClient, instanceId: string) => Promise<unknown>, OrchestrationStatus]>([
    [
      "raises an event",
      (client, instanceId) => client.call("raiseEvent", { instanceId, name: "go" }),
      COMPLETED,
    ],
    [
      "terminates",
      (client, instanceId) =>
        client.call("terminateInstance", { instanceId, output: '"no"', recursive: false }),
      TERMINATED,
    ],
  ])("%s", async (_what, act, expected) => {
    const { client } = await scene();
    const instanceId = await schedule(client, "waits");
    const { orchestrationState } = await client.call("waitForInstanceStart", { instanceId });
    expect(metadataOf(orchestrationState).orchestrationStatus).toBe(RUNNING);

    await act(client, instanceId);

    expect((await completed(client, instanceId)).orchestrationStatus).toBe(expected);
  });

  test("suspends and resumes, with a reason and without", async () => {
    const { client } = await scene();
    const instanceId = await schedule(client, "waits");
    await client.call("suspendInstance", { instanceId, reason: "lunch" });
    await expect.poll(() => client.statusOf(instanceId)).toBe("SUSPENDED");
    await client.call("resumeInstance", { instanceId });
    await expect.poll(() => client.statusOf(instanceId)).toBe("RUNNING");
  });

  test.each([
    ["suspendInstance", "echo"],
    ["resumeInstance", "echo"],
    ["resumeInstance", "waits"],
    ["terminateInstance", "echo"],
  ] as const)("%s of what that means nothing to (%s) is no error", async (rpc, name) => {
    const { client } = await scene();
    const instanceId = await schedule(client, name);
    await client.call("waitForInstanceStart", { instanceId });

    await expect(client.call(rpc, { instanceId })).resolves.toBeDefined();
  });

  test.each([
    ["restartInstance", "nobody", status.NOT_FOUND],
    ["restartInstance", "running", status.FAILED_PRECONDITION],
    ["rewindInstance", "nobody", status.NOT_FOUND],
    ["rewindInstance", "running", status.FAILED_PRECONDITION],
  ] as const)(
    "%s of %s is refused with a status that has an exception of its own",
    async (rpc, instanceId, code) => {
      const { client } = await scene();
      await schedule(client, "waits", { instanceId: "running" });
      await client.started("running");

      await expect(client.call(rpc, { instanceId })).rejects.toMatchObject({ code });
    },
  );
});

describe("listings of a .NET client", () => {
  test("go on while there is a token", async () => {
    const { client } = await scene();
    const ids = ["a", "b", "c", "d", "e"];
    for (const instanceId of ids) await completed(client, await schedule(client, "echo", { instanceId }));

    const found: string[] = [];
    let continuationToken: string | undefined;
    do {
      const query = {
        maxInstanceCount: 2,
        fetchInputsAndOutputs: false,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      };
      const page = await client.call("queryInstances", { query });
      found.push(...page.orchestrationState.map((state) => metadataOf(state).instanceId));
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);

    expect(found).toEqual(ids);
  });

  test("of ids go on while there is a key", async () => {
    const { client } = await scene();
    const ids = ["a", "b", "c", "d", "e"];
    for (const instanceId of ids) await completed(client, await schedule(client, "echo", { instanceId }));

    const found: string[] = [];
    let lastInstanceKey: string | undefined;
    do {
      const page = await client.call("listInstanceIds", {
        pageSize: 2,
        lastInstanceKey: lastInstanceKey ?? "",
        runtimeStatus: [COMPLETED],
      });
      found.push(...page.instanceIds);
      lastInstanceKey = page.lastInstanceKey;
    } while (lastInstanceKey !== undefined);

    expect(found).toEqual(ids);
  });

  test.each([4, 5, 6])(
    "of ids have a key until they are empty, as exports want it: %i of 6 on a page",
    async (pageSize) => {
      const { sidecar, client } = await scene();
      const end = async (instanceId: string) =>
        completed(client, await schedule(client, "echo", { instanceId }));
      for (const instanceId of ["a", "b", "c", "d", "e", "f"]) await end(instanceId);
      const exported: string[] = [];
      let lastInstanceKey = "";
      const exportAll = async () => {
        for (let pages = 0; pages < 5; pages++) {
          const page = await client.call("listInstanceIds", { pageSize, lastInstanceKey });
          if (page.instanceIds.length === 0) return;
          exported.push(...page.instanceIds);
          lastInstanceKey = page.lastInstanceKey ?? "";
        }
      };

      await exportAll();
      await end("later");
      await exportAll();

      expect(exported).toEqual(["a", "b", "c", "d", "e", "f", "later"]);
      const { lastInstanceKey: ofOthers } = await sidecar.client.call("listInstanceIds", { pageSize: 7 });
      expect(ofOthers).toBeUndefined();
    },
  );

  test("of entities, and their cleaning, go on while there is a token", async () => {
    const { client } = await scene();
    for (const key of ["a", "b", "c"]) await signal(client, `@counter@${key}`, "add", "1");

    const found: string[] = [];
    let continuationToken: string | undefined;
    do {
      const query = {
        instanceIdStartsWith: "@counter@",
        includeState: true,
        pageSize: 2,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      };
      const page = await client.call("queryEntities", { query });
      for (const { instanceId, lastModifiedTime } of page.entities) {
        need(lastModifiedTime, "lastModifiedTime");
        found.push(instanceId);
      }
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);

    expect(found).toEqual(["@counter@a", "@counter@b", "@counter@c"]);
    const cleaned = await client.call("cleanEntityStorage", {
      removeEmptyEntities: true,
      releaseOrphanedLocks: true,
    });
    expect(cleaned.continuationToken).toBeUndefined();
  });
});

test("the first and the last time that .NET knows are times for filters", async () => {
  const { client } = await scene();
  await completed(client, await schedule(client, "echo", { instanceId: "it" }));
  await signal(client, A, "add", "1");
  const from = { seconds: -62_135_596_800n, nanos: 0 };
  const to = { seconds: 253_402_300_799n, nanos: 999_999_900 };

  const query = { createdTimeFrom: from, createdTimeTo: to, maxInstanceCount: 100 };
  const instances = await client.call("queryInstances", { query });
  const ids = await client.call("listInstanceIds", {
    completedTimeFrom: from,
    completedTimeTo: to,
    pageSize: 100,
  });
  const entities = await client.call("queryEntities", {
    query: { lastModifiedFrom: from, lastModifiedTo: to },
  });
  const value = { createdTimeFrom: from, createdTimeTo: to };
  const purged = await client.call("purgeInstances", { request: { case: "purgeInstanceFilter", value } });

  expect(instances.orchestrationState.map(({ instanceId }) => instanceId)).toEqual(["it"]);
  expect(ids.instanceIds).toEqual(["it"]);
  expect(entities.entities.map(({ instanceId }) => instanceId)).toEqual([A]);
  expect(purged.deletedInstanceCount).toBe(1);
});

test("a start at the first time that .NET knows is a start at once", async () => {
  const { client } = await scene();
  const instanceId = await schedule(client, "echo", {
    scheduledStartTimestamp: { $typeName: "google.protobuf.Timestamp", seconds: -62_135_596_800n, nanos: 0 },
  });

  expect((await completed(client, instanceId)).orchestrationStatus).toBe(COMPLETED);
});

describe("what a .NET client purges", () => {
  test("is an instance, or nothing, and all of it", async () => {
    const { client } = await scene();
    const instanceId = await schedule(client, "echo");
    await completed(client, instanceId);
    const purge = () =>
      client.call("purgeInstances", {
        request: { case: "instanceId", value: instanceId },
        isOrchestration: true,
      });

    expect(await purge()).toMatchObject({ deletedInstanceCount: 1, isComplete: true });
    expect(await purge()).toMatchObject({ deletedInstanceCount: 0, isComplete: true });
  });

  test("by a filter are instances, though it does not say so", async () => {
    const { client } = await scene();
    for (const instanceId of ["a", "b"])
      await completed(client, await schedule(client, "echo", { instanceId }));
    const createdTimeFrom = timestampFromDate(new Date(0));

    const purged = await client.call("purgeInstances", {
      request: { case: "purgeInstanceFilter", value: { createdTimeFrom, runtimeStatus: [COMPLETED] } },
    });

    expect(purged).toMatchObject({ deletedInstanceCount: 2, isComplete: true });
  });

  test("is an entity by its id", async () => {
    const { client } = await scene();
    await signal(client, A, "add", "1");

    const purged = await client.call("purgeInstances", {
      request: { case: "instanceId", value: A },
      isOrchestration: false,
    });

    expect(purged.deletedInstanceCount).toBe(1);
    expect((await client.call("getEntity", { instanceId: A })).exists).toBe(false);
  });
});

describe("a history that a .NET client asks for", () => {
  test.each<[string, (client: SidecarClient, instanceId: string) => Promise<unknown>]>([
    ["has ended", async () => undefined],
    [
      "failed and was rewound",
      (client, instanceId) => client.call("rewindInstance", { instanceId, reason: "again" }),
    ],
  ])("can be read when the instance %s", async (what, act) => {
    const { client } = await scene();
    const instanceId = await schedule(client, what === "has ended" ? "sequence" : "throws");
    await completed(client, instanceId);
    await act(client, instanceId);
    await completed(client, instanceId);

    const events = await client.history({ instanceId, forWorkItemProcessing: false });

    expect(events.map((event) => readEvent(event, "messages").type)).toContain("started");
  });

  test("of nobody is NOT_FOUND", async () => {
    const { client } = await scene();

    await expect(client.history({ instanceId: "nobody" })).rejects.toMatchObject({ code: status.NOT_FOUND });
  });
});

/** Resolves once the entity has done it. */
async function signal(client: SidecarClient, instanceId: string, name: string, input: string): Promise<void> {
  await client.call("signalEntity", { instanceId, requestId: randomUUID(), name, input, requestTime: now() });
  await expect
    .poll(async () => (await client.call("getEntity", { instanceId, includeState: true })).exists)
    .toBe(true);
}
