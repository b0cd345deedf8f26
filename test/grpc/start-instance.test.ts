import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import {
  type HistoryEvent,
  OrchestrationIdReuseAction,
  OrchestrationStatus,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import { kindsOf, type SidecarClient } from "./sidecar-client.ts";

const { COMPLETED, FAILED, PENDING, RUNNING, SUSPENDED, TERMINATED } = OrchestrationStatus;
const { ERROR, IGNORE, TERMINATE } = OrchestrationIdReuseAction;

describe("the id", () => {
  test("is made by the server when there is none", async () => {
    const { client } = await startSidecar({ app: programs() });

    expect(await client.start("echo", { instanceId: "" })).toMatch(/^[0-9a-f]{32}$/);
  });

  test.each([
    ["short", "a"],
    ["with a blank", "order 7"],
    ["not in English", "grüße"],
    ["with an @ inside", "a@b"],
    ["of 256 characters", "x".repeat(256)],
  ])("%s is repeated by the answer", async (_title, id) => {
    const { client } = await startSidecar({ app: programs() });

    expect(await client.start("echo", { instanceId: id })).toBe(id);
    expect((await client.ended(id)).status).toBe("COMPLETED");
  });

  test.each([
    ["of an entity", "@counter@a"],
    ["that begins like one", "@"],
    ["with a slash", "a/b"],
    ["with a line end", "a\nb"],
    ["of 257 characters", "x".repeat(257)],
  ])("%s is refused", async (_title, instanceId) => {
    const { client } = await startSidecar({ app: programs() });

    await expect(client.start("echo", { instanceId })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
    expect((await client.call("getInstance", { instanceId })).exists).toBe(false);
  });
});

test("a start without a name is refused", async () => {
  const { client } = await startSidecar();

  await expect(client.start("")).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
});

describe("an id that is taken", () => {
  const bring: Readonly<Record<string, (client: SidecarClient) => Promise<unknown>>> = {
    PENDING: (client) => client.start("nobody has this", { instanceId: "id" }),
    RUNNING: (client) => running(client),
    SUSPENDED: async (client) => {
      await running(client);
      await client.call("suspendInstance", { instanceId: "id" });
    },
    COMPLETED: (client) => client.start("echo", { instanceId: "id" }),
    FAILED: (client) => client.start("throws", { instanceId: "id" }),
    TERMINATED: async (client) => {
      await running(client);
      await client.call("terminateInstance", { instanceId: "id" });
    },
  };

  async function running(client: SidecarClient): Promise<void> {
    await client.start("waits", { instanceId: "id" });
    await client.started("id");
  }

  const all = [PENDING, RUNNING, SUSPENDED, COMPLETED, FAILED, TERMINATED];

  test.each([
    ["COMPLETED", "no policy", undefined, "replaced"],
    ["FAILED", "no policy", undefined, "replaced"],
    ["TERMINATED", "no policy", undefined, "replaced"],
    ["PENDING", "no policy", undefined, "ALREADY_EXISTS"],
    ["RUNNING", "no policy", undefined, "ALREADY_EXISTS"],
    ["SUSPENDED", "no policy", undefined, "ALREADY_EXISTS"],
    ["COMPLETED", "an empty list", { replaceableStatus: [] }, "ALREADY_EXISTS"],
    ["RUNNING", "an empty list", { replaceableStatus: [] }, "ALREADY_EXISTS"],
    ["COMPLETED", "a list with it", { replaceableStatus: [COMPLETED] }, "replaced"],
    ["FAILED", "a list with it", { replaceableStatus: [FAILED] }, "replaced"],
    ["FAILED", "a list without it", { replaceableStatus: [COMPLETED, TERMINATED] }, "ALREADY_EXISTS"],
    ["RUNNING", "a list without it", { replaceableStatus: [COMPLETED, TERMINATED] }, "ALREADY_EXISTS"],
    ["PENDING", "a list of all", { replaceableStatus: all }, "replaced"],
    ["RUNNING", "a list of all", { replaceableStatus: all }, "replaced"],
    ["SUSPENDED", "a list of all", { replaceableStatus: all }, "replaced"],
    ["RUNNING", "RUNNING without TERMINATED", { replaceableStatus: [RUNNING] }, "INVALID_ARGUMENT"],
    ["COMPLETED", "PENDING without TERMINATED", { replaceableStatus: [PENDING] }, "INVALID_ARGUMENT"],
    ["COMPLETED", "SUSPENDED without TERMINATED", { replaceableStatus: [SUSPENDED] }, "INVALID_ARGUMENT"],
    ["COMPLETED", "a status that is none", { replaceableStatus: [77 as never] }, "INVALID_ARGUMENT"],
    ["RUNNING", "IGNORE and it", { replaceableStatus: [RUNNING], action: IGNORE }, "left alone"],
    ["COMPLETED", "IGNORE and it", { replaceableStatus: [COMPLETED], action: IGNORE }, "left alone"],
    ["RUNNING", "IGNORE without it", { replaceableStatus: [FAILED], action: IGNORE }, "ALREADY_EXISTS"],
    ["RUNNING", "TERMINATE and it", { replaceableStatus: [RUNNING], action: TERMINATE }, "replaced"],
    ["PENDING", "TERMINATE and it", { replaceableStatus: [PENDING], action: TERMINATE }, "replaced"],
    ["RUNNING", "TERMINATE without it", { replaceableStatus: [FAILED], action: TERMINATE }, "ALREADY_EXISTS"],
    ["RUNNING", "ERROR and it", { replaceableStatus: [RUNNING], action: ERROR }, "ALREADY_EXISTS"],
  ] as const)("%s, %s: %s", async (before, _title, policy, expected) => {
    const { client } = await startSidecar({ app: programs() });
    await bring[before]?.(client);
    await expect.poll(() => client.statusOf("id")).toBe(before);
    const earlier = (await client.state("id"))?.executionId;

    const outcome = await client
      .start("echo", {
        instanceId: "id",
        ...(policy && {
          orchestrationIdReusePolicy: { ...policy, replaceableStatus: [...policy.replaceableStatus] },
        }),
      })
      .catch(({ code }: { readonly code: status }) => status[code]);

    const isSame = (await client.state("id"))?.executionId === earlier;
    expect(outcome === "id" ? (isSame ? "left alone" : "replaced") : outcome).toBe(expected);
    if (expected !== "replaced") expect(await client.statusOf("id")).toBe(before);
  });

  test.each([
    ["PENDING", "a list without it", { replaceableStatus: [RUNNING, TERMINATED] }],
    ["SUSPENDED", "a list without it", { replaceableStatus: [RUNNING, TERMINATED] }],
    ["TERMINATED", "a list without it", { replaceableStatus: [COMPLETED] }],
  ] as const)("%s, %s: ALREADY_EXISTS", async (before, _title, { replaceableStatus }) => {
    const { client } = await startSidecar({ app: programs() });
    await bring[before]?.(client);
    await expect.poll(() => client.statusOf("id")).toBe(before);

    const start = client.start("echo", {
      instanceId: "id",
      orchestrationIdReusePolicy: { replaceableStatus: [...replaceableStatus] },
    });

    await expect(start).rejects.toMatchObject({ code: status.ALREADY_EXISTS });
    expect(await client.statusOf("id")).toBe(before);
  });

  test.each(["grpc-go/1.60.0", "my-app/1.0 grpc-go/1.60.0"])(
    "a policy of the Go SDK without an action makes it an error: %s",
    async (userAgent) => {
      const sidecar = await startSidecar({ app: programs() });
      await sidecar.client.ended(await sidecar.client.start("echo", { instanceId: "id" }));

      const start = sidecar.connect({ userAgent }).start("echo", {
        instanceId: "id",
        orchestrationIdReusePolicy: { replaceableStatus: [COMPLETED] },
      });

      await expect(start).rejects.toMatchObject({
        code: status.ALREADY_EXISTS,
        details: expect.stringMatching(/orchestration instance already exists/i),
      });
    },
  );

  test("is told in the words that the Go SDK looks for", async () => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("waits", { instanceId: "id" });

    await expect(client.start("waits", { instanceId: "id" })).rejects.toThrow(
      /orchestration instance already exists/i,
    );
  });
});

test("what replaces a live instance begins anew, and nothing of the other counts any more", async () => {
  const sidecar = await startSidecar();
  const { client } = sidecar;
  const worker = await ScriptedWorker.connect(sidecar);
  await client.start("anything", { instanceId: "id" });
  await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
  const activity = await worker.activity();
  await client.call("raiseEvent", { instanceId: "id", name: "go" });
  const turn = await worker.turn();
  await client.call("raiseEvent", { instanceId: "id", name: "more" });

  await client.start("another", {
    instanceId: "id",
    orchestrationIdReusePolicy: { replaceableStatus: [RUNNING, TERMINATED] },
  });

  const first = await worker.turn();
  expect(kindsOf(first.newEvents)).toEqual(["orchestratorStarted", "executionStarted"]);
  expect(first.pastEvents).toEqual([]);
  await worker.answerActivity(activity, "late");
  await worker.answerTurn(turn, [action.complete(1, "late")]);
  expect(await worker.unseen()).toEqual([]);
  await worker.answerTurn(first, [action.complete(0, "1")]);
  expect((await client.ended("id")).output).toBe("1");
});

describe("the time of the start", () => {
  test.each([
    ["terminated", "terminated"],
    ["replaced", "replaced"],
  ])("to come: it is %s before that", async (_how, how) => {
    const { client } = await startSidecar({ app: programs() });
    const time = encodeTimestamp(Date.now() + 3_600_000);
    await client.start("waits", { instanceId: "id", scheduledStartTimestamp: time });

    if (how === "terminated") await client.call("terminateInstance", { instanceId: "id" });
    else {
      await client.start("echo", {
        instanceId: "id",
        orchestrationIdReusePolicy: { replaceableStatus: [PENDING, TERMINATED] },
      });
    }

    expect((await client.ended("id")).status).toBe(how === "terminated" ? "TERMINATED" : "COMPLETED");
  });

  test.each([
    ["the beginning of 1970", 0],
    ["the past", Date.UTC(2020, 0, 1)],
    ["none", undefined],
  ])("%s: at once", async (_title, time) => {
    const { client } = await startSidecar({ app: programs() });
    const when = time === undefined ? {} : { scheduledStartTimestamp: encodeTimestamp(time) };

    const id = await client.start("echo", when);

    expect((await client.ended(id)).status).toBe("COMPLETED");
  });

  test("to come: the instance is there at once, and waits", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    const time = encodeTimestamp(Date.now() + 3_600_000);

    const id = await client.start("echo", { scheduledStartTimestamp: time });
    await sidecar.settle();

    const state = await client.state(id);
    expect(state).toMatchObject({
      orchestrationStatus: PENDING,
      scheduledStartTimestamp: { seconds: time.seconds },
    });
  });

  test("to come: it begins then, not before", async () => {
    const { client } = await startSidecar({ app: programs() });
    const time = Date.now() + 60;

    const id = await client.start("echo", { scheduledStartTimestamp: encodeTimestamp(time) });
    await client.ended(id);

    expect(Date.now()).toBeGreaterThanOrEqual(time);
  });
});

describe("what is said of the instance", () => {
  const said = {
    input: '{"a": [1,  2]}',
    version: "1.2",
    tags: { team: "blue", empty: "" },
    executionId: "0123456789abcdef0123456789abcdef",
  };
  const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

  test("is shown again, word for word", async () => {
    const { client } = await startSidecar();

    const id = await client.start("anything", said);

    expect(await client.state(id)).toMatchObject({ name: "anything", ...said });
  });

  test("reaches the worker with the first turn", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);

    const id = await sidecar.client.start("anything", {
      ...said,
      parentTraceContext: { traceParent, spanID: "b7ad6b7169203331", traceState: "a=1" },
    });

    const { executionId, pastEvents, newEvents } = await worker.turn();
    expect(pastEvents).toEqual([]);
    expect(newEvents.map(({ eventType }) => eventType.case)).toEqual([
      "orchestratorStarted",
      "executionStarted",
    ]);
    expect(executionId).toBe(said.executionId);
    expect(startedIn(newEvents)).toMatchObject({
      name: "anything",
      input: said.input,
      version: said.version,
      tags: said.tags,
      orchestrationInstance: { instanceId: id, executionId: said.executionId },
      parentTraceContext: { traceParent, spanID: "b7ad6b7169203331", traceState: "a=1" },
    });
  });

  test("what is absent stays absent, and empty text is not nothing", async () => {
    const { client } = await startSidecar();

    const without = await client.state(await client.start("anything"));
    const withEmpty = await client.state(await client.start("anything", { input: "" }));

    expect(without).toMatchObject({ tags: {} });
    for (const field of ["input", "output", "version", "customStatus", "parentInstanceId"] as const) {
      expect(without?.[field]).toBeUndefined();
    }
    expect(withEmpty?.input).toBe("");
  });

  test.each([undefined, "", "0123", "0123456789ABCDEF0123456789ABCDEF"])(
    "the execution id %j is not one: the server makes one of 32 hex digits",
    async (executionId) => {
      const { client } = await startSidecar();

      const id = await client.start("anything", executionId === undefined ? {} : { executionId });

      const state = await client.state(id);
      expect(state?.executionId).toMatch(/^[0-9a-f]{32}$/);
      expect(state?.executionId).not.toBe(executionId);
    },
  );
});

test("an instance is PENDING until its first turn is committed, then RUNNING", async () => {
  const sidecar = await startSidecar();
  const { client } = sidecar;
  const worker = await ScriptedWorker.connect(sidecar);
  const instanceId = await client.start("anything");
  const turn = await worker.turn();

  expect(await client.statusOf(instanceId)).toBe("PENDING");
  await expect(client.call("waitForInstanceStart", { instanceId }, { deadlineMs: 50 })).rejects.toMatchObject(
    { code: status.DEADLINE_EXCEEDED },
  );

  await worker.answerTurn(turn, [action.activity(1, "work")]);

  await client.started(instanceId);
  expect(await client.statusOf(instanceId)).toBe("RUNNING");
});

function startedIn(events: readonly HistoryEvent[]) {
  const found = events.map(({ eventType }) => eventType).find((type) => type.case === "executionStarted");
  return found?.value;
}
