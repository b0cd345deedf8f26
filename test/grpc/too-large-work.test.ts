import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { OrchestrationStatus } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker, type WorkerOptions } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";

const MIB = 1024 * 1024;
/** What the workers of most SDKs receive. */
const USUAL: WorkerOptions = { maxReceive: 4 * MIB };
const large = JSON.stringify("x".repeat(5 * MIB));

/** A worker whose stream ends over what it is sent. */
async function loseStream(sidecar: Sidecar, options: WorkerOptions = {}): Promise<void> {
  const worker = await ScriptedWorker.connect(sidecar, { ...USUAL, ...options });
  expect(await worker.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
  while (sidecar.workers.streamCount > 0) await sidecar.settle();
}

const stateOf = async ({ client }: Sidecar, instanceId: string) =>
  (await client.call("getInstance", { instanceId, getInputsAndOutputs: true })).orchestrationState;

describe("work that is larger than its workers receive", () => {
  test("an orchestration fails when three streams have ended over a turn of it, and says why", async () => {
    const sidecar = await startSidecar();
    await sidecar.client.start("swallows", { instanceId: "big", input: large });
    for (let stream = 0; stream < 2; stream++) await loseStream(sidecar);
    expect(await stateOf(sidecar, "big")).toMatchObject({ orchestrationStatus: OrchestrationStatus.PENDING });

    await loseStream(sidecar);
    await sidecar.settle();

    expect(await stateOf(sidecar, "big")).toMatchObject({
      orchestrationStatus: OrchestrationStatus.FAILED,
      failureDetails: {
        errorMessage: expect.stringMatching(/work item of 52\d{5} bytes for the orchestrator 'swallows'/),
        isNonRetriable: true,
      },
    });
  });

  test("an activity fails, for an orchestrator on a worker that receives more", async () => {
    const sidecar = await startSidecar();
    const filters = { orchestrations: [{ name: "schedules" }] };
    const orchestrator = await ScriptedWorker.connect(sidecar, { request: { workItemFilters: filters } });
    await sidecar.client.start("schedules", { instanceId: "id" });
    await orchestrator.answerTurn(await orchestrator.turn(), [action.activity(0, "work", { input: large })]);
    const request = { workItemFilters: { activities: [{ name: "work" }] } };

    for (let stream = 0; stream < 3; stream++) {
      const worker = await ScriptedWorker.connect(sidecar, { ...USUAL, request });
      expect(await worker.ended).toMatchObject({ code: status.RESOURCE_EXHAUSTED });
      while (sidecar.workers.streamCount > 1) await sidecar.settle();
    }

    const { newEvents } = await orchestrator.turn();
    expect(newEvents.at(-1)?.eventType).toMatchObject({
      case: "taskFailed",
      value: { failureDetails: { errorMessage: expect.stringContaining("larger than its workers receive") } },
    });
  });

  test("operations of an entity fail, and its state stays", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "grow" });
    await worker.answerBatch(await worker.batch(), {
      results: [{ resultType: { case: "success", value: {} } }],
      entityState: large,
    });
    await worker.disconnect();
    await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "shrink" });

    for (let stream = 0; stream < 3; stream++) await loseStream(sidecar);

    const { entity } = await sidecar.client.call("getEntity", { instanceId: "@thing@a", includeState: true });
    expect(entity?.serializedState).toBe(large);
    const last = await ScriptedWorker.connect(sidecar, USUAL);
    expect(await last.unseen()).toEqual([]);
  });

  test("its neighbors are done meanwhile", async () => {
    const sidecar = await startSidecar();
    await sidecar.client.start("swallows", { instanceId: "big", input: large });
    await sidecar.client.start("small", { instanceId: "small" });
    for (let stream = 0; stream < 3; stream++) await loseStream(sidecar);

    const worker = await ScriptedWorker.connect(sidecar, USUAL);
    await worker.answerTurn(await worker.turnOf("small"), [action.complete(0, '"done"')]);

    expect(await stateOf(sidecar, "small")).toMatchObject({ output: '"done"' });
  });

  test("goes to a worker that receives it, whose answer makes the streams before it forgotten", async () => {
    const sidecar = await startSidecar();
    await sidecar.client.start("swallows", { instanceId: "big", input: large });
    for (let stream = 0; stream < 2; stream++) await loseStream(sidecar);
    const able = await ScriptedWorker.connect(sidecar);
    await able.answerTurn(await able.turn(), [action.activity(0, "work")]);
    await able.answerActivity(await able.activity());
    await able.turn();
    await sidecar.clock.advance(6_000);
    await able.disconnect();

    for (let stream = 0; stream < 2; stream++) await loseStream(sidecar);

    expect(await stateOf(sidecar, "big")).toMatchObject({ orchestrationStatus: OrchestrationStatus.RUNNING });
  });

  test("is not given up for workers that had it for a while before they went", async () => {
    const sidecar = await startSidecar();
    await sidecar.client.start("swallows", { instanceId: "big", input: large });
    for (let stream = 0; stream < 4; stream++) {
      const worker = await ScriptedWorker.connect(sidecar);
      await worker.turn();
      await sidecar.clock.advance(6_000);
      await worker.disconnect();
    }

    const worker = await ScriptedWorker.connect(sidecar);
    await worker.answerTurn(await worker.turn(), [action.complete(0)]);

    expect(await stateOf(sidecar, "big")).toMatchObject({
      orchestrationStatus: OrchestrationStatus.COMPLETED,
    });
  });
});

test("work of a usual size is sent again however often streams end at once", async () => {
  const sidecar = await startSidecar();
  await sidecar.client.start("small", { instanceId: "small" });
  for (let stream = 0; stream < 6; stream++) {
    const worker = await ScriptedWorker.connect(sidecar);
    await worker.turn();
    await worker.disconnect();
  }

  const worker = await ScriptedWorker.connect(sidecar);
  await worker.answerTurn(await worker.turn(), [action.complete(0)]);

  expect(await stateOf(sidecar, "small")).toMatchObject({
    orchestrationStatus: OrchestrationStatus.COMPLETED,
  });
});

test("many operations that are too large together come in several batches, in their order", async () => {
  const sidecar = await startSidecar();
  const input = JSON.stringify("x".repeat(0.6 * MIB));
  for (let index = 0; index < 8; index++) {
    await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: `op${index}`, input });
  }
  const worker = await ScriptedWorker.connect(sidecar, USUAL);
  const names: string[] = [];
  while (names.length < 8) {
    const batch = await worker.batch();
    const operations = batch.operationRequests.map(({ eventType }) =>
      eventType.case === "entityOperationSignaled" ? eventType.value.operation : "",
    );
    names.push(...operations);
    await worker.answerBatch(batch, {
      results: operations.map(() => ({ resultType: { case: "success" as const, value: {} } })),
    });
  }

  expect(names).toEqual(["op0", "op1", "op2", "op3", "op4", "op5", "op6", "op7"]);
  expect(worker.seen.length).toBeGreaterThan(1);
});
