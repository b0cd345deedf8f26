import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import {
  OrchestrationStatus,
  type PurgeInstanceFilter,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import type { RequestOf, SidecarClient } from "./sidecar-client.ts";

const { COMPLETED, FAILED, RUNNING } = OrchestrationStatus;

const HOUR_MS = 3_600_000;
const past = encodeTimestamp(Date.now() - HOUR_MS);
const future = encodeTimestamp(Date.now() + HOUR_MS);

async function someInstances(): Promise<SidecarClient> {
  const { client } = await startSidecar({ app: programs() });
  await client.start("waits", { instanceId: "running" });
  await client.started("running");
  await client.ended(await client.start("echo", { instanceId: "completed" }));
  await client.ended(await client.start("throws", { instanceId: "failed" }));
  return client;
}

const byId = (value: string, more: RequestOf<"purgeInstances"> = {}): RequestOf<"purgeInstances"> => ({
  request: { case: "instanceId", value },
  ...more,
});

const byFilter = (value: Partial<PurgeInstanceFilter>, recursive = false): RequestOf<"purgeInstances"> =>
  ({ request: { case: "purgeInstanceFilter", value }, recursive }) as RequestOf<"purgeInstances">;

async function left(client: SidecarClient): Promise<readonly string[]> {
  const { orchestrationState } = await client.call("queryInstances", {});
  return orchestrationState.map(({ instanceId }) => instanceId).toSorted();
}

describe("by id", () => {
  test.each([
    ["that has ended", "completed", 1],
    ["that is running", "running", 0],
    ["that nobody has", "nobody", 0],
    ["that is empty", "", 0],
  ])("an instance %s", async (_title, instanceId, deletedInstanceCount) => {
    const client = await someInstances();

    const answer = await client.call("purgeInstances", byId(instanceId));

    expect(answer).toMatchObject({ deletedInstanceCount, isComplete: true });
    expect(await left(client)).toHaveLength(3 - deletedInstanceCount);
  });

  test("takes the history along", async () => {
    const client = await someInstances();
    await client.call("purgeInstances", byId("completed"));

    const history = client.history({ instanceId: "completed" });

    await expect(history).rejects.toMatchObject({ code: status.NOT_FOUND });
  });

  test.each([true, false])("removes an entity, isOrchestration %s", async (isOrchestration) => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = "@counter@a";
    await client.call("signalEntity", { instanceId, name: "add", input: "1" });
    await expect.poll(async () => (await client.call("getEntity", { instanceId })).exists).toBe(true);

    const { deletedInstanceCount } = await client.call(
      "purgeInstances",
      byId(instanceId, { isOrchestration }),
    );

    expect(deletedInstanceCount).toBe(1);
    expect((await client.call("getEntity", { instanceId })).exists).toBe(false);
  });
});

describe("by ids", () => {
  test("what has ended goes and is counted, once", async () => {
    const client = await someInstances();

    const answer = await client.call("purgeInstances", {
      request: {
        case: "instanceBatch",
        value: { instanceIds: ["running", "completed", "completed", "nobody", "failed"] },
      },
    });

    expect(answer).toMatchObject({ deletedInstanceCount: 2, isComplete: true });
    expect(await left(client)).toEqual(["running"]);
  });

  test.each([
    [0, "fine"],
    [500, "fine"],
    [501, "INVALID_ARGUMENT"],
  ])("%i of them: %s", async (count, expected) => {
    const { client } = await startSidecar();
    const instanceIds = Array.from({ length: count }, (_, index) => `i${index}`);

    const outcome = await client
      .call("purgeInstances", { request: { case: "instanceBatch", value: { instanceIds } } })
      .then(
        () => "fine",
        ({ code }: { readonly code: status }) => status[code],
      );

    expect(outcome).toBe(expected);
  });
});

describe("by filter", () => {
  const rows: readonly (readonly [string, Partial<PurgeInstanceFilter>, readonly string[]])[] = [
    ["nothing: all that have ended", {}, ["running"]],
    ["a status", { runtimeStatus: [FAILED] }, ["completed", "running"]],
    ["a status that is no end", { runtimeStatus: [RUNNING] }, ["completed", "failed", "running"]],
    ["one that is and one that is not", { runtimeStatus: [RUNNING, COMPLETED] }, ["failed", "running"]],
    ["created before", { createdTimeTo: past }, ["completed", "failed", "running"]],
    ["created after", { createdTimeFrom: future }, ["completed", "failed", "running"]],
    ["created between", { createdTimeFrom: past, createdTimeTo: future }, ["running"]],
  ];

  test.each(rows)("for %s", async (_title, filter, expected) => {
    const client = await someInstances();

    const answer = await client.call("purgeInstances", byFilter(filter));

    expect(answer).toMatchObject({ deletedInstanceCount: 3 - expected.length, isComplete: true });
    expect(await left(client)).toEqual(expected);
  });

  test.each(rows)("recursive, for %s", async (_title, filter, expected) => {
    const client = await someInstances();

    const answer = await client.call("purgeInstances", byFilter(filter, true));

    expect(answer).toMatchObject({ deletedInstanceCount: 3 - expected.length, isComplete: true });
    expect(await left(client)).toEqual(expected);
  });

  test.each([true, false])(
    "with a time that is up: a part goes, and that is said; recursive %s",
    async (recursive) => {
      const { client } = await startSidecar({ app: programs() });
      const ids = await Promise.all(Array.from({ length: 501 }, () => client.start("echo")));
      await Promise.all(ids.map((id) => client.ended(id)));

      const first = await client.call(
        "purgeInstances",
        byFilter({ timeout: { nanos: 1 } as never }, recursive),
      );
      const second = await client.call(
        "purgeInstances",
        byFilter({ timeout: { seconds: 60n } as never }, recursive),
      );

      expect(first).toMatchObject({ deletedInstanceCount: 500, isComplete: false });
      expect(second).toMatchObject({ deletedInstanceCount: 1, isComplete: true });
    },
  );
});

test("nothing said is refused", async () => {
  const { client } = await startSidecar();

  await expect(client.call("purgeInstances", {})).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
});

describe("recursive", () => {
  /** A parent that has ended, a child that has, and a grandchild that may have. */
  async function family(grandchildEnds: boolean): Promise<SidecarClient> {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    await client.start("top", { instanceId: "top" });
    await worker.answerTurn(await worker.turn(), [action.child(0, "middle", "middle")]);
    await worker.answerTurn(await worker.turn(), [action.child(0, "bottom", "bottom"), action.complete(1)]);
    await worker.answerTurn(await worker.turnOf("top"), [action.complete(1)]);
    await worker.answerTurn(await worker.turnOf("bottom"), grandchildEnds ? [action.complete(0)] : []);
    await client.ended("top");
    await (grandchildEnds ? client.ended("bottom") : client.started("bottom"));
    return client;
  }

  test.each([
    ["by id", true, true, []],
    ["by id, not recursive", false, true, ["bottom", "middle"]],
    ["by id, a grandchild that lives stays", true, false, ["bottom"]],
  ])("%s", async (_title, recursive, grandchildEnds, expected) => {
    const client = await family(grandchildEnds);

    const { deletedInstanceCount } = await client.call("purgeInstances", byId("top", { recursive }));

    expect(deletedInstanceCount).toBe(3 - expected.length);
    expect(await left(client)).toEqual(expected);
  });

  test.each([
    ["waits for", [], [action.complete(1)]],
    ["does not wait for", [action.complete(1)], undefined],
  ])(
    "what was no child stays: its id was taken when the parent asked for one that it %s",
    async (_title, inTheTurn, later) => {
      const sidecar = await startSidecar();
      const { client } = sidecar;
      const worker = await ScriptedWorker.connect(sidecar);
      await client.start("shared", { instanceId: "shared" });
      await worker.answerTurn(await worker.turn(), []);
      await sidecar.clock.advance(1_000);
      await client.start("top", { instanceId: "top" });
      await worker.answerTurn(await worker.turn(), [action.child(0, "shared", "shared"), ...inTheTurn]);
      if (later) await worker.answerTurn(await worker.turnOf("top"), later);
      await client.ended("top");
      await client.call("raiseEvent", { instanceId: "shared", name: "go" });
      await worker.answerTurn(await worker.turnOf("shared"), [action.complete(0)]);
      await client.ended("shared");

      const { deletedInstanceCount } = await client.call("purgeInstances", byId("top", { recursive: true }));

      expect(deletedInstanceCount).toBe(1);
      expect(await left(client)).toEqual(["shared"]);
    },
  );

  test("a parent that lives keeps its children", async () => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("parent", { instanceId: "parent", input: '"child"' });
    await expect.poll(() => client.statusOf("child")).toBe("RUNNING");

    const { deletedInstanceCount } = await client.call("purgeInstances", byId("parent", { recursive: true }));

    expect(deletedInstanceCount).toBe(0);
    expect(await left(client)).toEqual(["child", "parent"]);
  });
});
