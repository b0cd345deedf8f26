import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import { kindsOf } from "./sidecar-client.ts";

/** An activity, then a timer, then a child: the sequence that tests of SDKs ask for. */
const SEQUENCE = [
  "orchestratorStarted",
  "executionStarted",
  "taskScheduled",
  "orchestratorStarted",
  "taskCompleted",
  "timerCreated",
  "orchestratorStarted",
  "timerFired",
  "subOrchestrationInstanceCreated",
  "orchestratorStarted",
  "subOrchestrationInstanceCompleted",
  "executionCompleted",
];

/** Run by a worker whose ids begin where it likes. */
async function runSequence(sidecar: Sidecar, firstId: number): Promise<string> {
  const worker = await ScriptedWorker.connect(sidecar);
  const id = await sidecar.client.start("sequence", { instanceId: "sequence" });
  await worker.answerTurn(await worker.turn(), [action.activity(firstId, "double", { input: "2" })]);
  await worker.answerActivity(await worker.activity(), "4");
  await worker.answerTurn(await worker.turn(), [action.timer(firstId + 1)]);
  await worker.answerTurn(await worker.turn(), [action.child(firstId + 2, "child", "child")]);
  await worker.answerTurn(await worker.turnOf("child"), [action.complete(firstId, "5")]);
  await worker.answerTurn(await worker.turnOf("sequence"), [action.complete(firstId + 3, "6")]);
  await sidecar.client.ended(id);
  return id;
}

const idsOf = (events: readonly HistoryEvent[]): readonly number[] =>
  events.map(({ eventId }) => eventId).filter((id) => id >= 0);

function expectOrder(events: readonly HistoryEvent[]): void {
  expect(kindsOf(events)).toEqual(SEQUENCE);
  const confirmed = events.filter(({ eventType }) =>
    ["taskScheduled", "timerCreated", "subOrchestrationInstanceCreated", "executionCompleted"].includes(
      eventType.case ?? "",
    ),
  );
  const ids = confirmed.map(({ eventId }) => eventId);
  expect(ids).toHaveLength(4);
  expect(ids).toEqual([...new Set(ids)].toSorted((a, b) => a - b));
  for (const { timestamp } of events) expect(timestamp).toBeDefined();
}

describe("an activity, a timer and a child", () => {
  test.each([0, 1])("run by a worker that counts from %i", async (firstId) => {
    const sidecar = await startSidecar();

    const events = await sidecar.client.history({ instanceId: await runSequence(sidecar, firstId) });

    expectOrder(events);
    expect(events.filter(({ eventId }) => eventId > 0).map(({ eventId }) => eventId)).toEqual(
      [0, 1, 2, 3].map((offset) => firstId + offset).filter((id) => id > 0),
    );
  });

  test("run in the process of the server", async () => {
    const { client } = await startSidecar({ app: programs() });
    const instanceId = await client.start("sequence");
    await client.ended(instanceId);

    expectOrder(await client.history({ instanceId }));
  });

  test("the names, inputs and results are in it", async () => {
    const sidecar = await startSidecar();

    const events = await sidecar.client.history({ instanceId: await runSequence(sidecar, 0) });

    const values = Object.fromEntries(events.map(({ eventType }) => [eventType.case, eventType.value]));
    expect(values).toMatchObject({
      taskScheduled: { name: "double", input: "2" },
      taskCompleted: { taskScheduledId: 0, result: "4" },
      timerCreated: { fireAt: { seconds: 1n } },
      timerFired: { timerId: 1, fireAt: { seconds: 1n } },
      subOrchestrationInstanceCreated: { name: "child", instanceId: "child" },
      subOrchestrationInstanceCompleted: { taskScheduledId: 2, result: "5" },
      executionCompleted: { result: "6" },
    });
  });
});

test("for a worker it has no end in it", async () => {
  const sidecar = await startSidecar();
  const instanceId = await runSequence(sidecar, 0);

  const events = await sidecar.client.history({ instanceId, forWorkItemProcessing: true });

  expect(kindsOf(events)).toEqual(SEQUENCE.filter((kind) => kind !== "executionCompleted"));
});

test("of an execution: of that one or of none", async () => {
  const { client } = await startSidecar({ app: programs() });
  const instanceId = await client.start("echo");
  const { executionId = "" } = await client.ended(instanceId);

  const same = await client.history({ instanceId, executionId });

  expect(same).toEqual(await client.history({ instanceId }));
  await expect(client.history({ instanceId, executionId: "0".repeat(32) })).rejects.toMatchObject({
    code: status.NOT_FOUND,
  });
});

test("of one that has not begun is empty", async () => {
  const { client } = await startSidecar();
  const instanceId = await client.start("nobody has this");

  expect(await client.history({ instanceId })).toEqual([]);
});

test.each(["nobody", "", "@counter@a"])("of %j is NOT_FOUND", async (instanceId) => {
  const { client } = await startSidecar();

  await expect(client.history({ instanceId })).rejects.toMatchObject({ code: status.NOT_FOUND });
});

test("of many turns comes whole and in order, however long it is", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  const instanceId = await sidecar.client.start("long");
  const input = "x".repeat(50_000);
  for (let id = 0; id < 30; id++) {
    await worker.answerTurn(await worker.turn(), [action.activity(id, "step", { input })]);
    await worker.answerActivity(await worker.activity(), input);
  }
  await worker.answerTurn(await worker.turn(), [action.complete(30)]);

  const events = await sidecar.client.history({ instanceId });

  const scheduled = events.filter(({ eventType }) => eventType.case === "taskScheduled");
  expect(idsOf(scheduled)).toEqual(Array.from({ length: 30 }, (_, id) => id));
  expect(kindsOf(events).at(-1)).toBe("executionCompleted");
});
