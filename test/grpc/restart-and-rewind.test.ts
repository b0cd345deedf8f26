import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import { kindsOf } from "./sidecar-client.ts";

describe("restart", () => {
  const said = { input: "[1]", version: "2.0", tags: { team: "blue" } };

  test.each([true, false])("with a new id %s: name, input, version and tags are the same", async (isNew) => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("echo", said);
    const before = await client.ended(instanceId);

    const answer = await client.call("restartInstance", { instanceId, restartWithNewInstanceId: isNew });

    expect(answer.instanceId === instanceId).toBe(!isNew);
    const after = await client.ended(answer.instanceId);
    expect(after).toMatchObject({ ...said, name: "echo", output: "[1]" });
    expect(after.executionId).not.toBe(before.executionId);
  });

  test.each([
    ["of what is not there", "nobody", status.NOT_FOUND],
    ["of an entity", "@counter@a", status.NOT_FOUND],
    ["of what has not ended, under its id", "running", status.FAILED_PRECONDITION],
  ])("%s is refused", async (_title, instanceId, code) => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("waits", { instanceId: "running" });

    const call = client.call("restartInstance", { instanceId, restartWithNewInstanceId: false });

    await expect(call).rejects.toMatchObject({ code });
  });

  test("of what has not ended, under a new id, leaves that one alone", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("waits");

    const again = await client.call("restartInstance", { instanceId, restartWithNewInstanceId: true });

    await client.started(again.instanceId);
    expect(await client.statusOf(instanceId)).toBe("RUNNING");
  });
});

describe("rewind", () => {
  test.each([
    ["what is not there", "nobody", status.NOT_FOUND],
    ["an entity", "@counter@a", status.FAILED_PRECONDITION],
    ["what is running", "running", status.FAILED_PRECONDITION],
    ["what has completed", "completed", status.FAILED_PRECONDITION],
    ["what was terminated", "terminated", status.FAILED_PRECONDITION],
  ])("of %s is refused", async (_title, instanceId, code) => {
    const { client } = await startSidecar({ app: programs() });
    await client.start("waits", { instanceId: "running" });
    await client.start("waits", { instanceId: "terminated" });
    await client.call("terminateInstance", { instanceId: "terminated" });
    await client.ended("terminated");
    await client.ended(await client.start("echo", { instanceId: "completed" }));

    await expect(client.call("rewindInstance", { instanceId })).rejects.toMatchObject({ code });
  });

  test("is refused in words that SDKs look for", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("waits");
    await client.started(instanceId);

    await expect(client.call("rewindInstance", { instanceId })).rejects.toThrow(
      /not allow|precondition|running/i,
    );
  });

  test("a worker sees the history without what has failed, and nothing of the rewind", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    const instanceId = await client.start("anything");
    await worker.answerTurn(await worker.turn(), [action.activity(0, "good"), action.activity(1, "bad")]);
    const [good, bad] = [await worker.activity(), await worker.activity()];
    await worker.answerActivity(good, "1");
    await worker.answerTurn(await worker.turn(), []);
    await client.call("completeActivityTask", {
      instanceId,
      taskId: 1,
      completionToken: bad.token,
      failureDetails: { errorType: "Error", errorMessage: "broken" },
    });
    const last = await worker.turn();
    await worker.answerTurn(last, [action.fail(2, "broken")]);
    expect((await client.ended(instanceId)).status).toBe("FAILED");

    await client.call("rewindInstance", { instanceId, reason: "mended" });

    const again = await worker.turn();
    expect(await client.statusOf(instanceId)).toBe("RUNNING");
    expect(again.executionId).not.toBe(last.executionId);
    expect(kindsOf(again.pastEvents)).toContain("taskCompleted");
    for (const kind of ["taskFailed", "executionCompleted", "executionRewound"]) {
      expect(kindsOf([...again.pastEvents, ...again.newEvents])).not.toContain(kind);
    }
    expect(kindsOf(again.newEvents)).toEqual(["orchestratorStarted"]);
    await worker.answerTurn(again, [action.activity(1, "bad")]);
    await worker.answerActivity(await worker.activity(), "2");
    await worker.answerTurn(await worker.turn(), [action.complete(2, "3")]);
    expect(await client.ended(instanceId)).toMatchObject({ status: "COMPLETED", output: "3" });
    expect(kindsOf(await client.history({ instanceId }))).toContain("executionRewound");
  });

  test("failed children are rewound with their parent", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    await client.start("parent", { instanceId: "parent" });
    await worker.answerTurn(await worker.turn(), [action.child(0, "child", "child")]);
    await worker.answerTurn(await worker.turn(), [action.fail(0, "broken")]);
    await worker.answerTurn(await worker.turn(), [action.fail(1, "broken")]);
    await client.ended("parent");

    await client.call("rewindInstance", { instanceId: "parent" });

    await worker.answerTurn(await worker.turnOf("parent"), []);
    await worker.answerTurn(await worker.turnOf("child"), [action.complete(0, "1")]);
    await worker.answerTurn(await worker.turnOf("parent"), [action.complete(1, "2")]);
    expect(await client.ended("parent")).toMatchObject({ status: "COMPLETED", output: "2" });
    expect(await client.ended("child")).toMatchObject({ status: "COMPLETED", output: "1" });
  });
});
