import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { RequestOf } from "./sidecar-client.ts";

const REST_MS = 500;
const ENTITY = "@thing@a";
const requestId = "11111111-2222-3333-4444-555555555555";

type Results = NonNullable<RequestOf<"completeEntityTask">["results"]>;

const succeeded = (...results: readonly string[]): Results =>
  results.map((result) => ({ resultType: { case: "success", value: { result } } }));

const failed = (errorMessage: string): Results => [
  {
    resultType: { case: "failure", value: { failureDetails: { errorType: "Error", errorMessage } } },
  },
];

const inputsOf = (operations: readonly HistoryEvent[]): readonly (string | undefined)[] =>
  operations.map(({ eventType }) =>
    eventType.case === "entityOperationSignaled" || eventType.case === "entityOperationCalled"
      ? eventType.value.input
      : eventType.case,
  );

const signal = ({ client }: Sidecar, input: string, instanceId = ENTITY) =>
  client.call("signalEntity", { instanceId, name: "do", input });

async function stateOf({ client }: Sidecar): Promise<string | undefined> {
  const { entity } = await client.call("getEntity", { instanceId: ENTITY, includeState: true });
  return entity?.serializedState;
}

/** A worker with a first operation, while the given ones wait. */
async function withWaiting(...inputs: readonly string[]) {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  await signal(sidecar, "first");
  const batch = await worker.batch();
  for (const input of inputs) await signal(sidecar, input);
  return { sidecar, worker, batch };
}

test("one batch of an entity at a time; what comes meanwhile is the next, in its order", async () => {
  const { sidecar, worker, batch } = await withWaiting("a", "b", "c");
  expect(inputsOf(batch.operationRequests)).toEqual(["first"]);
  expect(await worker.unseen()).toEqual([]);

  await worker.answerBatch(batch, { results: succeeded("1"), entityState: '"one"' });

  const next = await worker.batch();
  expect(inputsOf(next.operationRequests)).toEqual(["a", "b", "c"]);
  expect(next.entityState).toBe('"one"');
  await worker.answerBatch(next, { results: succeeded("1", "2", "3"), entityState: '"two"' });
  await expect.poll(() => stateOf(sidecar)).toBe('"two"');
});

test("entities do not wait for each other", async () => {
  const { sidecar, worker } = await withWaiting();

  await signal(sidecar, "other", "@thing@b");

  expect((await worker.batch()).instanceId).toBe("@thing@b");
});

test("fewer results than operations: what is left comes again", async () => {
  const { worker, batch } = await withWaiting("a", "b", "c");
  await worker.answerBatch(batch, { results: succeeded("1"), entityState: "0" });

  await worker.answerBatch(await worker.batch(), { results: succeeded("1"), entityState: "1" });

  const rest = await worker.batch();
  expect([inputsOf(rest.operationRequests), rest.entityState]).toEqual([["b", "c"], "1"]);
});

test("a batch that failed as a whole is undone, and comes again after a moment", async () => {
  const { sidecar, worker, batch } = await withWaiting();

  await worker.answerBatch(batch, {
    failureDetails: { errorType: "Error", errorMessage: "out of memory" },
    entityState: '"half"',
  });

  expect(await stateOf(sidecar)).toBeUndefined();
  await sidecar.clock.advance(REST_MS);
  const again = await worker.batch();
  expect(again.entityState).toBeUndefined();
  expect(again.operationRequests).toEqual(batch.operationRequests);
  expect(sidecar.complaints).toEqual([
    { level: "warn", message: "A worker could not run a batch of operations; it will be run again" },
  ]);
});

test("no state removes the state", async () => {
  const { sidecar, worker, batch } = await withWaiting();
  await worker.answerBatch(batch, { results: succeeded("1"), entityState: "1" });
  await expect.poll(() => stateOf(sidecar)).toBe("1");
  await signal(sidecar, "remove");

  await worker.answerBatch(await worker.batch(), { results: succeeded("1") });

  await expect.poll(() => stateOf(sidecar)).toBeUndefined();
  await signal(sidecar, "again");
  expect((await worker.batch()).entityState).toBeUndefined();
});

test("a state that is wanted comes again with the batch", async () => {
  const { worker, batch } = await withWaiting();

  await worker.answerBatch(batch, { requiresState: true });

  const { token, ...again } = await worker.batch();
  const { token: before, ...same } = batch;
  expect(again).toEqual(same);
  expect(token).not.toBe(before);
});

test("an operation that failed is undone by its worker, and the next go on", async () => {
  const { sidecar, worker, batch } = await withWaiting("a");

  await worker.answerBatch(batch, { results: failed("no such luck"), entityState: "0" });

  await worker.answerBatch(await worker.batch(), { results: succeeded("1"), entityState: "1" });
  await expect.poll(() => stateOf(sidecar)).toBe("1");
});

test("an orchestration sees the time of its signal to the last tick of .NET", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  const time = create(TimestampSchema, { seconds: 4_000_000_000n, nanos: 123_456_700 });
  await sidecar.client.start("signals");
  await worker.answerTurn(await worker.turn(), [action.signal(0, requestId, ENTITY, time), action.timer(1)]);

  const { pastEvents } = await worker.turn();

  expect(pastEvents.map(({ eventType }) => eventType.value)).toContainEqual(
    expect.objectContaining({ requestId, scheduledTime: time }),
  );
});

test("signals and starts of a batch are carried out with it", async () => {
  const { sidecar, worker, batch } = await withWaiting();

  await worker.answerBatch(batch, {
    results: succeeded("1"),
    actions: [
      {
        id: 0,
        operationActionType: {
          case: "sendSignal",
          value: { instanceId: "@thing@b", name: "do", input: "1" },
        },
      },
      {
        id: 1,
        operationActionType: {
          case: "startNewOrchestration",
          value: { instanceId: "started", name: "anything", input: "2" },
        },
      },
    ],
  });

  const items = [await worker.next(), await worker.next()].map(({ request }) => String(request.case));
  expect(items.toSorted()).toEqual(["entityRequestV2", "orchestratorRequest"]);
  expect(await sidecar.client.state("started")).toMatchObject({ name: "anything", input: "2" });
});

test("an orchestration that an operation starts has its version and its place in the trace", async () => {
  const { worker, batch } = await withWaiting();
  const parentTraceContext = { traceParent: "00-aa-bb-01", spanID: "bb", traceState: "k=v" };

  await worker.answerBatch(batch, {
    results: succeeded("1"),
    actions: [
      {
        id: 0,
        operationActionType: {
          case: "startNewOrchestration",
          value: { instanceId: "started", name: "anything", version: "2", parentTraceContext },
        },
      },
    ],
  });

  const { newEvents } = await worker.turnOf("started");
  expect(newEvents[1]?.eventType).toMatchObject({
    case: "executionStarted",
    value: { name: "anything", version: "2", parentTraceContext },
  });
});

describe("called by an orchestration", () => {
  async function called() {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("caller", { instanceId: "caller" });
    const turn = await worker.turn();
    await worker.answerTurn(turn, [
      {
        id: 0,
        orchestratorActionType: {
          case: "sendEntityMessage",
          value: {
            EntityMessageType: {
              case: "entityOperationCalled",
              value: { requestId, operation: "do", input: "1", targetInstanceId: ENTITY },
            },
          },
        },
      },
    ]);
    return { worker, turn, batch: await worker.batch() };
  }

  test("it is told who calls", async () => {
    const { turn, batch } = await called();

    expect(batch.operationRequests[0]?.eventType).toMatchObject({
      case: "entityOperationCalled",
      value: {
        requestId,
        operation: "do",
        input: "1",
        parentInstanceId: "caller",
        parentExecutionId: turn.executionId,
      },
    });
  });

  test("the result is for the caller, which sees what it has sent", async () => {
    const { worker, batch } = await called();

    await worker.answerBatch(batch, { results: succeeded('"well"') });

    const { pastEvents, newEvents } = await worker.turnOf("caller");
    expect(pastEvents.at(-1)).toMatchObject({
      eventId: 0,
      eventType: { case: "entityOperationCalled", value: { requestId, targetInstanceId: ENTITY } },
    });
    expect(newEvents[1]?.eventType).toMatchObject({
      case: "entityOperationCompleted",
      value: { requestId, output: '"well"' },
    });
  });

  test("so is a failure", async () => {
    const { worker, batch } = await called();

    await worker.answerBatch(batch, { results: failed("no such luck") });

    expect((await worker.turnOf("caller")).newEvents[1]?.eventType).toMatchObject({
      case: "entityOperationFailed",
      value: { requestId, failureDetails: { errorMessage: "no such luck" } },
    });
  });
});

describe("an answer that means nothing is INVALID_ARGUMENT, and the batch comes again:", () => {
  test.each<[string, Partial<RequestOf<"completeEntityTask">>]>([
    ["no results", {}],
    ["more results than operations", { results: succeeded("1", "2") }],
    ["a result without a kind", { results: [{}] }],
    ["a failure without a reason", { results: [{ resultType: { case: "failure", value: {} } }] }],
    ["an action without a kind", { results: succeeded("1"), actions: [{ id: 0 }] }],
    [
      "a signal to nobody",
      {
        results: succeeded("1"),
        actions: [{ id: 0, operationActionType: { case: "sendSignal", value: { name: "do" } } }],
      },
    ],
  ])("%s", async (_title, result) => {
    const { sidecar, worker, batch } = await withWaiting();

    const answer = worker.answerBatch(batch, { entityState: '"wrong"', ...result });

    await expect(answer).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    await sidecar.clock.advance(REST_MS);
    const again = await worker.batch();
    expect(again.operationRequests).toEqual(batch.operationRequests);
    expect(again.entityState).toBeUndefined();
  });
});

test("a worker of the Go SDK is sent no entities, and no events of theirs", async () => {
  const sidecar = await startSidecar();
  const go = await ScriptedWorker.connect(sidecar, {
    userAgent: "grpc-go/1.60.0",
    request: { maxConcurrentEntityWorkItems: 5 },
  });
  await signal(sidecar, "1");
  await sidecar.client.start("anything");
  const turn = await go.turn();
  await go.answerTurn(turn, [
    {
      id: 0,
      orchestratorActionType: {
        case: "sendEntityMessage",
        value: {
          EntityMessageType: {
            case: "entityOperationSignaled",
            value: { requestId, operation: "do", targetInstanceId: ENTITY },
          },
        },
      },
    },
    {
      id: 1,
      orchestratorActionType: { case: "sendEvent", value: { instance: { instanceId: "x" }, name: "go" } },
    },
    { id: 2, orchestratorActionType: { case: "createTimer", value: { fireAt: { seconds: 1n } } } },
  ]);

  const again = await go.turn();

  expect(again.pastEvents.map(({ eventType }) => eventType.case)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "timerCreated",
  ]);
  expect(await go.unseen()).toEqual([]);
});
