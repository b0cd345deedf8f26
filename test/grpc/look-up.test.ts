import { status } from "@grpc/grpc-js";
import { describe, expect, test, vi } from "vitest";
import { OrchestrationStatus } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";

const { FAILED } = OrchestrationStatus;

describe("get", () => {
  test.each(["getInstance", "waitForInstanceStart", "waitForInstanceCompletion"] as const)(
    "%s of an entity finds no orchestration",
    async (rpc) => {
      const { client } = await startSidecar({ app: programs() });
      await client.call("signalEntity", { instanceId: "@counter@a", name: "add", input: "1" });
      await expect
        .poll(async () => (await client.call("getEntity", { instanceId: "@counter@a" })).exists)
        .toBe(true);

      expect((await client.call(rpc, { instanceId: "@counter@a" })).exists).toBe(false);
    },
  );

  test("shows no output of what is suspended, which has none", async () => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("waits", { instanceId: "id" });
    await client.started("id");
    await client.call("suspendInstance", { instanceId: "id", reason: "lunch" });
    await expect.poll(() => client.statusOf("id")).toBe("SUSPENDED");

    expect((await client.state("id"))?.output).toBeUndefined();
  });

  test.each([
    ["an unknown id", "nobody"],
    ["no id", ""],
    ["an unknown entity", "@counter@a"],
    ["a long id", "x".repeat(1_000)],
  ])("%s is not there: no error", async (_title, instanceId) => {
    const { client } = await startSidecar();

    const response = await client.call("getInstance", { instanceId });

    expect(response).toMatchObject({ exists: false });
    expect(response.orchestrationState).toBeUndefined();
  });

  test("shows input, output and custom status only when asked", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("shows", { input: '"half done"' });
    await client.started(instanceId);
    await client.call("raiseEvent", { instanceId, name: "go", input: "7" });
    const ended = await client.ended(instanceId);

    const { orchestrationState: bare } = await client.call("getInstance", { instanceId });

    expect(ended).toMatchObject({ input: '"half done"', output: "7", customStatus: '"half done"' });
    for (const field of ["input", "output", "customStatus"] as const) expect(bare?.[field]).toBeUndefined();
  });

  test("says when it was made, changed and ended", async () => {
    const { client } = await startSidecar({ app: programs() });
    const before = Date.now();
    const id = await client.start("echo");
    const { createdTimestamp, lastUpdatedTimestamp, completedTimestamp } = await client.ended(id);
    const after = Date.now();

    const times = [createdTimestamp, completedTimestamp, lastUpdatedTimestamp].map(
      (time) => Number(time?.seconds) * 1_000 + Number(time?.nanos) / 1_000_000,
    );
    expect([before, ...times, after]).toEqual([before, ...times, after].toSorted((a, b) => a - b));
    expect((await client.state(await client.start("waits")))?.completedTimestamp).toBeUndefined();
  });

  test.each([true, false])(
    "says why it failed, asked for payloads or not: %s",
    async (getInputsAndOutputs) => {
      const { client } = await startSidecar({ app: programs() });
      const instanceId = await client.start("throws");
      await client.ended(instanceId);

      const { orchestrationState } = await client.call("getInstance", { instanceId, getInputsAndOutputs });

      expect(orchestrationState).toMatchObject({
        orchestrationStatus: FAILED,
        failureDetails: { errorType: "RangeError", errorMessage: "no such luck" },
      });
      expect(orchestrationState?.output).toBeUndefined();
    },
  );

  test("a failure told by a worker is shown whole", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    const id = await sidecar.client.start("anything");
    const failureDetails = {
      errorType: "Outer",
      errorMessage: "outer",
      stackTrace: "at outer",
      isNonRetriable: true,
      innerFailure: { errorType: "Inner", errorMessage: "inner" },
      properties: { answer: { kind: { case: "numberValue" as const, value: 42 } } },
    };

    await worker.answerTurn(await worker.turn(), [
      {
        id: -1,
        orchestratorActionType: {
          case: "completeOrchestration",
          value: { orchestrationStatus: FAILED, failureDetails },
        },
      },
    ]);

    expect(await sidecar.client.ended(id)).toMatchObject({ status: "FAILED", failureDetails });
  });

  test("names the parent of a child", async () => {
    const { client } = await startSidecar({ app: programs() });
    const parent = await client.start("parent", { input: '"child"' });
    await expect.poll(() => client.statusOf("child")).toBe("RUNNING");

    expect((await client.state("child"))?.parentInstanceId).toBe(parent);
  });
});

describe.each(["waitForInstanceStart", "waitForInstanceCompletion"] as const)("%s", (rpc) => {
  test("of what is not there says so at once", async () => {
    const { client } = await startSidecar();

    expect((await client.call(rpc, { instanceId: "nobody" })).exists).toBe(false);
  });

  test("of what has ended answers at once, with payloads when asked", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("echo", { input: "1" });
    await client.ended(instanceId);

    const bare = await client.call(rpc, { instanceId });
    const whole = await client.call(rpc, { instanceId, getInputsAndOutputs: true });

    expect(bare.orchestrationState?.output).toBeUndefined();
    expect(whole.orchestrationState?.output).toBe("1");
  });

  test("lasts as long as its caller waits, and is forgotten then", async () => {
    const { client, hub, complaints } = await startSidecar();
    const wait = vi.spyOn(
      hub.rawClient,
      rpc === "waitForInstanceStart" ? "waitForStart" : "waitForCompletion",
    );
    const instanceId = await client.start("nobody has this");
    const caller = new AbortController();

    const late = client.call(rpc, { instanceId }, { deadlineMs: 30 });
    await expect(late).rejects.toMatchObject({ code: status.DEADLINE_EXCEEDED });
    const cancelled = client.call(rpc, { instanceId }, { signal: caller.signal });
    const both = expect(cancelled).rejects.toMatchObject({ code: status.CANCELLED });
    await expect.poll(() => wait.mock.results.length).toBe(2);
    caller.abort();
    await both;

    for (const { value } of wait.mock.results)
      await expect(value).rejects.toMatchObject({ name: "AbortError" });
    expect(complaints).toEqual([]);
  });

  test("is asked for by many at once", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("waits");
    const waits = Array.from({ length: 200 }, () => client.call(rpc, { instanceId }));

    await client.call("raiseEvent", { instanceId, name: "go" });

    for (const { exists } of await Promise.all(waits)) expect(exists).toBe(true);
  });
});

test("a wait for the end is for the id: one that has taken its place meanwhile is waited for", async () => {
  const { client, hub } = await startSidecar({ app: programs() });
  const instanceId = await client.start("waits", { instanceId: "id" });
  await client.started(instanceId);
  const wait = hub.rawClient.waitForCompletion.bind(hub.rawClient);
  vi.spyOn(hub.rawClient, "waitForCompletion").mockImplementationOnce(async (id, options) => {
    const status = await wait(id, options);
    await client.start("waits", { instanceId });
    return status;
  });
  const waiting = client.ended(instanceId);

  await client.call("terminateInstance", { instanceId });
  await expect.poll(() => client.statusOf(instanceId)).toBe("RUNNING");
  await client.call("raiseEvent", { instanceId, name: "go", input: "2" });

  expect(await waiting).toMatchObject({ status: "COMPLETED", output: "2" });
});

test("a wait for the end outlives a continue-as-new, which is never shown", async () => {
  const sidecar = await startSidecar();
  const { client } = sidecar;
  const worker = await ScriptedWorker.connect(sidecar);
  const id = await client.start("eternal", { input: "1" });
  const waiting = client.ended(id);
  const first = await worker.turn();
  await worker.answerTurn(first, [
    {
      id: 0,
      orchestratorActionType: {
        case: "completeOrchestration",
        value: { orchestrationStatus: OrchestrationStatus.CONTINUED_AS_NEW, result: "2" },
      },
    },
  ]);

  const second = await worker.turn();
  expect(await client.statusOf(id)).toBe("RUNNING");
  expect(second.executionId).not.toBe(first.executionId);
  await worker.answerTurn(second, [action.complete(0, "3")]);

  expect(await waiting).toMatchObject({ status: "COMPLETED", input: "2", output: "3" });
});
