import { expect, test } from "vitest";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const REST_MS = 500;
const ID = "11111111-2222-3333-4444-555555555555";

/** What is said of work that was given back, among all that an instance waits for. */
async function whyWaiting(sidecar: Sidecar, instanceId: string) {
  const waiting = await sidecar.hub.rawClient.whyWaiting(instanceId);
  return { ...waiting, givenBack: waiting?.reasons.filter(({ type }) => type === "given-back") };
}

async function scene() {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("anything", { instanceId: "id" });
  return { sidecar, worker };
}

test("a turn with answers that mean nothing says so, and why, until one means something", async () => {
  const { sidecar, worker } = await scene();
  for (let answers = 0; answers < 2; answers++) {
    const nothing = worker.answerTurn(await worker.turn(), [{ id: 7 }]);
    await expect(nothing).rejects.toThrow("The kind of action 7 is missing.");
    await sidecar.clock.advance(REST_MS);
  }

  expect((await whyWaiting(sidecar, "id")).sentence).toBe(
    "Work of the orchestrator 'anything' was given back 2 times, the last time because the answer meant nothing: " +
      "The kind of action 7 is missing (and 1 more).",
  );

  await worker.answerTurn(await worker.turn(), []);
  expect((await whyWaiting(sidecar, "id")).givenBack).toEqual([]);
});

test("so does an activity that workers refuse, until its orchestration ends", async () => {
  const { sidecar, worker } = await scene();
  await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
  const { token } = await worker.activity();

  await worker.client.call("abandonTaskActivityWorkItem", { completionToken: token });

  const refused = {
    type: "given-back",
    kind: "activity",
    name: "work",
    times: 1,
    why: "the worker refused it",
  };
  expect((await whyWaiting(sidecar, "id")).givenBack).toEqual([refused]);
  await sidecar.client.call("terminateInstance", { instanceId: "id" });
  await sidecar.client.ended("id");
  expect(sidecar.workers.givenBack("id")).toEqual([]);
});

test("so do an entity whose batch fails, and who has called it", async () => {
  const { sidecar, worker } = await scene();
  await worker.answerTurn(await worker.turn(), [action.call(0, ID, "@thing@a")]);

  await worker.answerBatch(await worker.batch(), {
    failureDetails: { errorType: "Error", errorMessage: "no disk" },
  });

  for (const instanceId of ["@thing@a", "id"]) {
    expect((await whyWaiting(sidecar, instanceId)).givenBack).toMatchObject([
      { kind: "entity", name: "thing", times: 1, why: "the batch failed: Error: no disk" },
    ]);
  }
});

test("what no worker takes any more waits for one, and is as new then", async () => {
  const { sidecar, worker } = await scene();
  const { token } = await worker.turn();
  await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken: token });

  await worker.disconnect();
  await sidecar.clock.advance(REST_MS);

  expect((await whyWaiting(sidecar, "id")).sentence).toContain("No worker is connected");
  expect(sidecar.workers.givenBack("id")).toEqual([]);
});

test("what is too large for its workers has failed, and waits for nobody", async () => {
  const { sidecar, worker } = await scene();
  const input = JSON.stringify("x".repeat(5_000_000));
  await worker.answerTurn(await worker.turn(), [action.activity(0, "work", { input })]);
  await worker.client.call("abandonTaskActivityWorkItem", {
    completionToken: (await worker.activity()).token,
  });
  await worker.disconnect();
  await sidecar.clock.advance(REST_MS);

  for (let stream = 0; stream < 3; stream++) {
    expect(sidecar.workers.givenBack("id")).toHaveLength(1);
    const small = await ScriptedWorker.connect(sidecar, {
      maxReceive: 4_000_000,
      request: { workItemFilters: { activities: [{ name: "work" }] } },
    });
    await small.ended;
    while (sidecar.workers.streamCount > 0) await sidecar.settle();
  }

  expect(sidecar.workers.givenBack("id")).toEqual([]);
});
