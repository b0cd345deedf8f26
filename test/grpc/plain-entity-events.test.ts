import { expect, test } from "vitest";
import type { HistoryEvent, OrchestratorRequest } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";

/** What a worker in .NET that knows no messages for entities sends and expects (S-142 to S-144). */
const A = "@thing@a";
const B = "@thing@b";
const idOf = (n: number): string => `5f2d8c1e-0000-4000-8000-00000000000${n}`;
const from = { parent: "caller", parentExecution: "x", Timestamp: "0001-01-01T00:00:00" };

const op = (id: number, target: string, content: object) =>
  action.event(id, target, "op", JSON.stringify({ ...content, id: idOf(id), ...from }));
const release = (id: number, target: string, lockId: number) =>
  action.event(id, target, "release", JSON.stringify({ parent: "caller", id: idOf(lockId) }));
const lock = (id: number, ...keys: readonly string[]) =>
  op(id, A, { op: null, lockset: keys.map((key) => ({ name: "Thing", key })) });

const succeeded = { results: [{ resultType: { case: "success", value: { result: '"well"' } } }] } as const;
const failed = {
  results: [
    {
      resultType: {
        case: "failure",
        value: { failureDetails: { errorType: "RangeError", errorMessage: "no such luck" } },
      },
    },
  ],
} as const;

async function scene() {
  const sidecar = await startSidecar();
  const { client } = sidecar;
  const worker = await ScriptedWorker.connect(sidecar);
  await client.start("caller", { instanceId: "caller" });
  /** The worker runs the next batch, which is of that entity. */
  const operate = async (instanceId: string, result: object = succeeded) => {
    const batch = await worker.batch();
    expect(batch.instanceId).toBe(instanceId);
    await worker.answerBatch(batch, result);
    return batch.operationRequests.map(({ eventType }) => eventType.case);
  };
  return { sidecar, client, worker, operate };
}

/** What is new in a turn: the names and contents of its events. */
const raised = ({ newEvents }: Pick<OrchestratorRequest, "newEvents">): readonly unknown[] =>
  newEvents.flatMap(({ eventType: { case: kind, value } }) =>
    kind === "eventRaised" ? [[value.name, JSON.parse(value.input ?? "")]] : [],
  );

const sent = (events: readonly HistoryEvent[]): readonly unknown[] =>
  events.flatMap(({ eventId, eventType: { case: kind, value } }) =>
    kind === "eventSent" ? [[eventId, value.instanceId, value.name, value.input]] : [],
  );

const GRANTED = { result: "Lock Acquisition Completed" };

test("calls, locks, calls inside, failures and releases by plain events are answered by plain events", async () => {
  const { sidecar, client, worker, operate } = await scene();

  await worker.answerTurn(await worker.turn(), [op(0, A, { op: "do", input: "1" })]);
  expect(await operate(A)).toEqual(["entityOperationCalled"]);
  const called = await worker.turn();
  expect(raised(called)).toEqual([[idOf(0), { result: '"well"' }]]);

  await worker.answerTurn(called, [lock(1, "a", "b")]);
  const locked = await worker.turn();
  expect(raised(locked)).toEqual([[idOf(1), GRANTED]]);

  await client.call("signalEntity", { instanceId: B, name: "do" });
  await sidecar.settle();
  await worker.answerTurn(locked, [op(2, B, { op: "do" })]);
  expect(await operate(B, failed)).toEqual(["entityOperationCalled"]);
  const inside = await worker.turn();
  expect(raised(inside)).toMatchObject([
    [idOf(2), { exceptionType: "RangeError", result: '"no such luck"', failureDetails: expect.anything() }],
  ]);

  await worker.answerTurn(inside, [release(3, A, 1), release(4, B, 1), action.complete(5)]);
  expect((await client.ended("caller")).status).toBe("COMPLETED");
  expect(await operate(B)).toEqual(["entityOperationSignaled"]);
  expect(inside.pastEvents.filter(({ eventType }) => eventType.case?.startsWith("entity"))).toEqual([]);
});

test("the history of one that sends plain events tells them word for word", async () => {
  const { worker } = await scene();
  const time = "2096-10-02T07:06:40.1234567Z";
  const asked = [
    op(0, A, { op: "do", input: "1" }),
    action.event(1, A, `op@${time}`, JSON.stringify({ op: "do", signal: true, id: idOf(1), due: time })),
    lock(2, "a", "b"),
    release(3, A, 2),
    release(4, B, 2),
    action.timer(5),
  ];
  await worker.answerTurn(await worker.turn(), asked);

  const { pastEvents } = await worker.turnOf("caller");

  const expected = asked.flatMap(({ id, orchestratorActionType: kind }) =>
    kind?.case === "sendEvent"
      ? [[id, kind.value.instance?.instanceId, kind.value.name, kind.value.data]]
      : [],
  );
  expect(sent(pastEvents)).toEqual(expected);
});

test.each([
  ["after the grant", true],
  ["before the grant", false],
])("locks that are released by plain events %s are free for others", async (_when, waits) => {
  const { client, worker, operate } = await scene();
  const releases = [release(1, A, 0), release(2, B, 0), action.complete(3)];
  const first = await worker.turn();
  await worker.answerTurn(first, waits ? [lock(0, "a", "b")] : [lock(0, "a", "b"), ...releases]);
  if (waits) await worker.answerTurn(await worker.turn(), releases);
  await client.ended("caller");

  for (const instanceId of [A, B]) {
    await client.call("signalEntity", { instanceId, name: "do" });
    expect(await operate(instanceId)).toEqual(["entityOperationSignaled"]);
  }
});
