import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import { kindsOf, type RequestOf } from "./sidecar-client.ts";

const rpcs = ["raiseEvent", "suspendInstance", "resumeInstance", "terminateInstance"] as const;

type ControlRpc = (typeof rpcs)[number];

/** What each of them needs besides the id. */
const whole = (rpc: ControlRpc, instanceId: string): RequestOf<ControlRpc> =>
  rpc === "raiseEvent" ? { instanceId, name: "go" } : { instanceId };

async function running(sidecar: Sidecar, instanceId = "id"): Promise<string> {
  await sidecar.client.start("waits", { instanceId });
  await sidecar.client.started(instanceId);
  return instanceId;
}

describe.each(rpcs)("%s", (rpc) => {
  test("of what is not there: NOT_FOUND, with the id", async () => {
    const { client } = await startSidecar();

    const call = client.call(rpc, whole(rpc, "nobody"));

    await expect(call).rejects.toMatchObject({
      code: status.NOT_FOUND,
      details: expect.stringContaining("nobody"),
    });
  });

  test("of what is not there: a very long id ends no connection", async () => {
    const { client } = await startSidecar();

    const call = client.call(rpc, whole(rpc, "x".repeat(200_000)));

    await expect(call).rejects.toMatchObject({ code: status.NOT_FOUND });
    expect(await client.call("hello", {})).toBeDefined();
  });

  test("of an entity is refused", async () => {
    const { client } = await startSidecar();

    await expect(client.call(rpc, whole(rpc, "@counter@a"))).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  test("of what has ended changes nothing and is no error", async () => {
    const { client } = await startSidecar({ app: programs() });
    const id = await client.start("echo", { input: "1" });
    const before = await client.ended(id);

    await client.call(rpc, whole(rpc, id));

    expect(await client.ended(id)).toEqual(before);
  });

  test("twice is no error", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const id = await running(sidecar);

    await sidecar.client.call(rpc, whole(rpc, id));

    await sidecar.client.call(rpc, whole(rpc, id));
  });
});

describe("raise event", () => {
  test.each([undefined, "", "null", '{"a":1}', "no JSON"])(
    "the payload %j arrives as it is",
    async (input) => {
      const sidecar = await startSidecar();
      const worker = await ScriptedWorker.connect(sidecar);
      const instanceId = await sidecar.client.start("anything");
      await worker.answerTurn(await worker.turn(), []);

      await sidecar.client.call("raiseEvent", {
        instanceId,
        name: "Go",
        ...(input === undefined ? {} : { input }),
      });

      const [, raised] = (await worker.turn()).newEvents;
      expect(raised?.eventType).toMatchObject({ case: "eventRaised", value: { name: "Go" } });
      expect({ input: undefined, ...raised?.eventType.value }).toMatchObject({ input });
    },
  );

  test("may come before the first turn", async () => {
    const sidecar = await startSidecar();
    const instanceId = await sidecar.client.start("anything");
    await sidecar.client.call("raiseEvent", { instanceId, name: "early", input: "1" });

    const worker = await ScriptedWorker.connect(sidecar);

    expect(kindsOf((await worker.turn()).newEvents)).toEqual([
      "orchestratorStarted",
      "executionStarted",
      "eventRaised",
    ]);
  });

  test("a name is needed", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const instanceId = await running(sidecar);

    await expect(sidecar.client.call("raiseEvent", { instanceId, name: "" })).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });
  });

  test("waits while the instance is suspended", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    const instanceId = await running(sidecar);
    await client.call("suspendInstance", { instanceId });
    await client.call("raiseEvent", { instanceId, name: "go", input: "1" });
    await sidecar.settle();
    expect(await client.statusOf(instanceId)).toBe("SUSPENDED");

    await client.call("resumeInstance", { instanceId });

    expect(await client.ended(instanceId)).toMatchObject({ status: "COMPLETED", output: "1" });
  });
});

describe("suspend and resume", () => {
  test("are SUSPENDED and RUNNING, with a reason or without", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    const instanceId = await running(sidecar);

    await client.call("suspendInstance", { instanceId, reason: "tea" });
    await expect.poll(() => client.statusOf(instanceId)).toBe("SUSPENDED");
    await client.call("resumeInstance", { instanceId, reason: "work" });

    await expect.poll(() => client.statusOf(instanceId)).toBe("RUNNING");
  });

  test("of an orchestration of a worker: what comes meanwhile is one turn afterwards", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    const instanceId = await client.start("anything");
    await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
    const activity = await worker.activity();
    await client.call("suspendInstance", { instanceId });
    await expect.poll(() => client.statusOf(instanceId)).toBe("SUSPENDED");

    await worker.answerActivity(activity, "1");
    await client.call("raiseEvent", { instanceId, name: "go" });
    expect(await worker.unseen()).toEqual([]);
    await client.call("resumeInstance", { instanceId });

    const { newEvents, pastEvents } = await worker.turn();
    const told = [...pastEvents, ...newEvents].map(({ eventType }) => eventType.case);
    expect(told).toEqual(expect.arrayContaining(["taskCompleted", "eventRaised", "executionResumed"]));
    expect(await worker.unseen()).toEqual([]);
  });

  test("of an instance that has not begun: no worker sees it before it is resumed", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const instanceId = await client.start("anything");
    await client.call("suspendInstance", { instanceId });
    const worker = await ScriptedWorker.connect(sidecar);
    expect(await worker.unseen()).toEqual([]);

    await client.call("resumeInstance", { instanceId });

    expect((await worker.turn()).instanceId).toBe(instanceId);
  });
});

describe("terminate", () => {
  test.each(['"enough"', "{}", "no JSON", ""])("the output %j is that of the instance", async (output) => {
    const sidecar = await startSidecar({ app: programs() });
    const instanceId = await running(sidecar);

    await sidecar.client.call("terminateInstance", { instanceId, output });

    expect(await sidecar.client.ended(instanceId)).toMatchObject({ status: "TERMINATED", output });
  });

  test("without an output there is none", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const instanceId = await running(sidecar);

    await sidecar.client.call("terminateInstance", { instanceId });

    expect((await sidecar.client.ended(instanceId)).output).toBeUndefined();
  });

  test.each(["PENDING", "SUSPENDED"])("an instance that is %s needs no worker", async (before) => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const instanceId = await client.start("nobody has this");
    if (before === "SUSPENDED") await client.call("suspendInstance", { instanceId });
    await sidecar.settle();

    await client.call("terminateInstance", { instanceId, output: "1" });

    expect(await client.ended(instanceId)).toMatchObject({ status: "TERMINATED", output: "1" });
  });

  test("while a worker has its turn: the turn is of no use any more, and its worker has room", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, {
      request: { maxConcurrentOrchestrationWorkItems: 1 },
    });
    const instanceId = await sidecar.client.start("anything");
    const turn = await worker.turn();

    await sidecar.client.call("terminateInstance", { instanceId });

    expect((await sidecar.client.ended(instanceId)).status).toBe("TERMINATED");
    await worker.answerTurn(turn, [action.complete(0)]);
    expect(await sidecar.client.statusOf(instanceId)).toBe("TERMINATED");
    await sidecar.client.start("anything", { instanceId: "next" });
    expect((await worker.turn()).instanceId).toBe("next");
  });

  test.each([
    [true, "TERMINATED"],
    [false, "RUNNING"],
  ])("recursive %s: the child is %s", async (recursive, expected) => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("parent", { input: '"child"' });
    await expect.poll(() => client.statusOf("child")).toBe("RUNNING");

    await client.call("terminateInstance", { instanceId, recursive, output: "1" });

    expect((await client.ended(instanceId)).status).toBe("TERMINATED");
    await expect.poll(() => client.statusOf("child")).toBe(expected);
  });

  test("recursive reaches the children of children that workers run", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    await client.start("top", { instanceId: "top" });
    await worker.answerTurn(await worker.turn(), [action.child(0, "middle", "middle")]);
    await worker.answerTurn(await worker.turn(), [action.child(0, "bottom", "bottom")]);
    await worker.answerTurn(await worker.turn(), []);

    await client.call("terminateInstance", { instanceId: "top", recursive: true });

    for (const id of ["top", "middle", "bottom"]) expect((await client.ended(id)).status).toBe("TERMINATED");
  });

  test("a parent learns of the end of its child as a failure", async () => {
    const { client } = await startSidecar({ app: programs() });
    const parent = await client.start("parent", { input: '"child"' });
    await expect.poll(() => client.statusOf("child")).toBe("RUNNING");

    await client.call("terminateInstance", { instanceId: "child" });

    expect((await client.ended(parent)).status).toBe("FAILED");
  });
});

describe("terminations that are not graceful", () => {
  test("end all that is live, without a worker, and name the rest", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    await running(sidecar, "running");
    await client.start("nobody has this", { instanceId: "pending" });
    await client.ended(await client.start("echo", { instanceId: "ended" }));

    const { unterminatedInstanceIds } = await client.call("skipGracefulOrchestrationTerminations", {
      instanceBatch: { instanceIds: ["running", "pending", "ended", "nobody"] },
      reason: "moving house",
    });

    expect(unterminatedInstanceIds).toEqual(["ended", "nobody"]);
    for (const id of ["running", "pending"]) {
      expect(await client.ended(id)).toMatchObject({ status: "TERMINATED", output: '"moving house"' });
    }
  });

  test("an entity is not terminated", async () => {
    const sidecar = await startSidecar({ app: programs() });
    const { client } = sidecar;
    await client.call("signalEntity", { instanceId: "@counter@a", name: "add", input: "1" });
    const exists = async () => (await client.call("getEntity", { instanceId: "@counter@a" })).exists;
    await expect.poll(exists).toBe(true);

    const { unterminatedInstanceIds } = await client.call("skipGracefulOrchestrationTerminations", {
      instanceBatch: { instanceIds: ["@counter@a"] },
    });

    await sidecar.settle();
    expect(unterminatedInstanceIds).toEqual(["@counter@a"]);
    expect(await exists()).toBe(true);
  });

  test("none at all is fine, and more than 500 are too many", async () => {
    const { client } = await startSidecar();
    const instanceIds = Array.from({ length: 501 }, (_, index) => String(index));

    await client.call("skipGracefulOrchestrationTerminations", {});
    const call = client.call("skipGracefulOrchestrationTerminations", { instanceBatch: { instanceIds } });

    await expect(call).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
  });
});
