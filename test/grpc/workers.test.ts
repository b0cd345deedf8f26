import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import * as wire from "../../src/wire/generated/orchestrator_service_pb.ts";
import {
  answerTo,
  callUnary,
  codeOf,
  completed,
  openScene,
  type Scene,
  type ScriptedWorker,
  turn,
} from "./grpc-scene.ts";

const { OrchestrationStatus: Status } = wire;

const start = (scene: Scene, name: string, more: Record<string, unknown> = {}) =>
  scene.call("startInstance", create(wire.CreateInstanceRequestSchema, { name, ...more }));

const stateOf = async (scene: Scene, instanceId: string) =>
  (
    await scene.call(
      "getInstance",
      create(wire.GetInstanceRequestSchema, { instanceId, getInputsAndOutputs: true }),
    )
  ).orchestrationState;

const endOf = async (scene: Scene, instanceId: string) =>
  (
    await scene.call(
      "waitForInstanceCompletion",
      create(wire.GetInstanceRequestSchema, { instanceId, getInputsAndOutputs: true }),
    )
  ).orchestrationState;

const finishTurn = (worker: ScriptedWorker, response: wire.OrchestratorResponse) =>
  callUnary(worker.client, "completeOrchestratorTask", response);

const finishActivity = (worker: ScriptedWorker, response: Record<string, unknown>) =>
  callUnary(worker.client, "completeActivityTask", create(wire.ActivityResponseSchema, response as never));

function turnOf(item: wire.WorkItem): wire.OrchestratorRequest {
  if (item.request.case !== "orchestratorRequest") throw new Error(`It is ${item.request.case}.`);
  return item.request.value;
}

const scheduleTask = (name: string, more: Record<string, unknown> = {}) =>
  ({
    case: "scheduleTask",
    value: create(wire.ScheduleTaskActionSchema, { name, ...more }),
  }) as const;

const kinds = (events: readonly wire.HistoryEvent[]) => events.map(({ eventType }) => eventType.case);

test("a turn, an activity, a turn: what a worker is sent, and what its answers lead to", async () => {
  const scene = await openScene();
  const trace = { traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" };
  await start(scene, "order", {
    instanceId: "a",
    input: "5",
    tags: { team: "blue" },
    version: "2",
    parentTraceContext: trace,
  });
  const worker = await scene.connect();
  const first = await worker.next();
  const before = await stateOf(scene, "a");
  await finishTurn(worker, answerTo(first, scheduleTask("pay", { input: "6", tags: { x: "y" } })));
  const activity = await worker.next();
  const during = await stateOf(scene, "a");
  await finishActivity(worker, {
    instanceId: "a",
    taskId: 0,
    result: "7",
    completionToken: activity.completionToken,
  });
  const second = await worker.next();
  await finishTurn(worker, answerTo(second, completed('"done"')));
  const over = await endOf(scene, "a");

  expect(turnOf(first).pastEvents).toEqual([]);
  expect(kinds(turnOf(first).newEvents)).toEqual(["orchestratorStarted", "executionStarted"]);
  expect(turnOf(first).newEvents[1]?.eventType.value).toMatchObject({
    name: "order",
    input: "5",
    version: "2",
    tags: { team: "blue" },
    parentTraceContext: trace,
  });
  expect([before?.orchestrationStatus, during?.orchestrationStatus]).toEqual([
    Status.PENDING,
    Status.RUNNING,
  ]);
  expect(activity.request).toMatchObject({
    case: "activityRequest",
    value: {
      name: "pay",
      input: "6",
      taskId: 0,
      version: "2",
      tags: { x: "y" },
      orchestrationInstance: { instanceId: "a" },
    },
  });
  expect(kinds(turnOf(second).pastEvents)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "taskScheduled",
  ]);
  expect(kinds(turnOf(second).newEvents)).toEqual(["orchestratorStarted", "taskCompleted"]);
  expect(over).toMatchObject({ orchestrationStatus: Status.COMPLETED, output: '"done"' });
});

test("the trace context of a turn comes back with the next; a custom status is replaced each turn", async () => {
  const scene = await openScene();
  const worker = await scene.connect();
  await start(scene, "order", { instanceId: "a" });
  const first = await worker.next();
  const answer = answerTo(first, scheduleTask("pay"));
  answer.customStatus = '"half way"';
  answer.orchestrationTraceContext = create(wire.OrchestrationTraceContextSchema, { spanID: "abc" });
  await finishTurn(worker, answer);
  const activity = await worker.next();
  const during = await stateOf(scene, "a");
  await finishActivity(worker, { instanceId: "a", taskId: 0, completionToken: activity.completionToken });
  const second = await worker.next();
  await finishTurn(worker, answerTo(second, completed()));
  const over = await endOf(scene, "a");

  expect(during?.customStatus).toBe('"half way"');
  expect(turnOf(second).orchestrationTraceContext?.spanID).toBe("abc");
  expect([over?.customStatus, over?.output]).toEqual([undefined, undefined]);
});

describe("which worker has which work", () => {
  test("no more at a time than it wants; the rest waits, and comes when there is room", async () => {
    const scene = await openScene();
    const worker = await scene.connect({ maxConcurrentOrchestrationWorkItems: 2 });
    for (const instanceId of ["a", "b", "c"]) await start(scene, "order", { instanceId });
    const [first, second] = [await worker.next(), await worker.next()];
    await stateOf(scene, "c");
    const held = worker.items.length;
    await finishTurn(worker, answerTo(first, completed()));
    const third = await worker.next();

    expect(held).toBe(0);
    expect([first, second, third].map((item) => turnOf(item).instanceId)).toEqual(["a", "b", "c"]);
  });

  test("it goes to the worker with the least to do", async () => {
    const scene = await openScene();
    const workers = [await scene.connect(), await scene.connect()];
    for (const instanceId of ["a", "b", "c", "d"]) await start(scene, "order", { instanceId });
    await workers[0]?.until(() => workers.every(({ items }) => items.length === 2));
  });

  const filter = (workItemFilters: Record<string, unknown>) =>
    ({ workItemFilters: create(wire.WorkItemFiltersSchema, workItemFilters as never) }) as const;

  test("filters: names without regard to case, versions exactly, an activity by the version of its orchestration", async () => {
    const scene = await openScene();
    const other = await scene.connect(filter({ orchestrations: [{ name: "Order", versions: ["1"] }] }));
    const ours = await scene.connect(
      filter({
        orchestrations: [{ name: "ORDER", versions: ["2", ""] }],
        activities: [{ name: "pay", versions: ["2"] }],
      }),
    );
    await start(scene, "order", { instanceId: "v2", version: "2" });
    const first = await ours.next();
    await finishTurn(ours, answerTo(first, scheduleTask("Pay")));
    const activity = await ours.next();
    await start(scene, "order", { instanceId: "none" });
    const second = await ours.next();
    await start(scene, "order", { instanceId: "v1", version: "1" });
    const third = await other.next();

    expect([first, second, third].map((item) => turnOf(item).instanceId)).toEqual(["v2", "none", "v1"]);
    expect(activity.request.case).toBe("activityRequest");
    expect([ours.items, other.items]).toEqual([[], []]);
  });

  test("what nobody takes waits, and says so; a worker that connects has it", async () => {
    const scene = await openScene();
    await scene.connect(filter({ orchestrations: [{ name: "another" }] }));
    await start(scene, "order", { instanceId: "a" });
    const why = await scene.hub.rawClient.whyWaiting("a");
    const worker = await scene.connect();
    const item = await worker.next();
    await finishTurn(worker, answerTo(item, completed()));

    expect(why?.sentence).toContain("No worker is connected that has the orchestrator 'order'");
    expect((await endOf(scene, "a"))?.orchestrationStatus).toBe(Status.COMPLETED);
  });

  test("a worker of the Go SDK is sent no entities and no kinds of events it does not know", async () => {
    const scene = await openScene();
    const go = await scene.connect({}, { userAgent: "grpc-go/1.0" });
    await start(scene, "order", { instanceId: "a" });
    const first = await go.next();
    const send = { instance: { instanceId: "a" }, name: "note", data: "1" };
    await finishTurn(
      go,
      answerTo(first, { case: "sendEvent", value: create(wire.SendEventActionSchema, send as never) }),
    );
    const second = await go.next();
    await scene.call(
      "signalEntity",
      create(wire.SignalEntityRequestSchema, { instanceId: "@e@k", name: "op" }),
    );
    const other = await scene.connect();
    const entity = await other.next();

    expect(kinds(turnOf(second).pastEvents)).toEqual(["orchestratorStarted", "executionStarted"]);
    expect(entity.request.case).toBe("entityRequestV2");
    expect(go.items).toEqual([]);
  });

  test("a worker that can fetch long histories is not sent them", async () => {
    const scene = await openScene();
    const worker = await scene.connect({ capabilities: [wire.WorkerCapability.HISTORY_STREAMING] });
    await start(scene, "order", { instanceId: "a" });
    const first = await worker.next();
    await finishTurn(worker, answerTo(first, ...Array.from({ length: 600 }, () => scheduleTask("pay"))));
    const activity = await worker.next();
    await finishActivity(worker, { instanceId: "a", taskId: 0, completionToken: activity.completionToken });
    let second = await worker.next();
    while (second.request.case !== "orchestratorRequest") second = await worker.next();
    const history = await scene.stream(
      "streamInstanceHistory",
      create(wire.StreamInstanceHistoryRequestSchema, { instanceId: "a", forWorkItemProcessing: true }),
    );

    expect(turnOf(second)).toMatchObject({ requiresHistoryStreaming: true, pastEvents: [] });
    expect(history.flatMap(({ events }) => events)).toHaveLength(602);
  });
});

describe("the stream is the lease", () => {
  test("what a worker has when it goes is for another at once, in its order; its late answers are not used", async () => {
    const scene = await openScene();
    const gone = await scene.connect();
    for (const instanceId of ["a", "b"]) await start(scene, "order", { instanceId });
    const items = [await gone.next(), await gone.next()];
    const other = await scene.connect({ workItemFilters: create(wire.WorkItemFiltersSchema) });
    const heir = await scene.connect();
    gone.leave();
    const inherited = [await heir.next(), await heir.next()];
    const late = await codeOf(
      scene.call("completeOrchestratorTask", answerTo(items[0] as wire.WorkItem, completed('"late"'))),
    );
    for (const item of inherited) await finishTurn(heir, answerTo(item, completed('"heir"')));

    expect(inherited.map((item) => turnOf(item).instanceId)).toEqual(["a", "b"]);
    expect(inherited[0]?.completionToken).not.toBe(items[0]?.completionToken);
    expect(late).toBe("OK");
    expect(other.items).toEqual([]);
    expect([(await endOf(scene, "a"))?.output, (await endOf(scene, "b"))?.output]).toEqual([
      '"heir"',
      '"heir"',
    ]);
  });

  test("an answer counts once", async () => {
    const scene = await openScene();
    const worker = await scene.connect();
    await start(scene, "order", { instanceId: "a" });
    const first = await worker.next();
    await finishTurn(worker, answerTo(first, scheduleTask("pay")));
    await finishTurn(worker, answerTo(first, completed('"twice"')));
    const activity = await worker.next();
    for (const result of ["1", "2"]) {
      await finishActivity(worker, {
        instanceId: "a",
        taskId: 0,
        result,
        completionToken: activity.completionToken,
      });
    }
    const second = await worker.next();
    await finishTurn(worker, answerTo(second, completed('"once"')));

    expect(turnOf(second).newEvents[1]?.eventType.value).toMatchObject({ result: "1" });
    expect((await endOf(scene, "a"))?.output).toBe('"once"');
  });

  test("without a token the instance names the work, for the connection that has it and no other", async () => {
    const scene = await openScene();
    const worker = await scene.connect();
    await start(scene, "order", { instanceId: "a" });
    const first = await worker.next();
    const answer = { ...answerTo(first, scheduleTask("pay")), completionToken: "" };
    await scene.call("completeOrchestratorTask", {
      ...answerTo(first, completed('"stranger"')),
      completionToken: "",
    });
    await finishTurn(worker, answer);
    await worker.next();
    await finishActivity(worker, { instanceId: "a", taskId: 0, result: "1" });
    const second = await worker.next();
    await finishTurn(worker, { ...answerTo(second, completed('"own"')), completionToken: "" });

    expect((await endOf(scene, "a"))?.output).toBe('"own"');
  });

  test("terminated while a turn is under way: it ends at once, and the answer is not used", async () => {
    const scene = await openScene();
    const worker = await scene.connect({ maxConcurrentOrchestrationWorkItems: 1 });
    await start(scene, "order", { instanceId: "a" });
    const item = await worker.next();
    await scene.call(
      "terminateInstance",
      create(wire.TerminateRequestSchema, { instanceId: "a", output: '"enough"' }),
    );
    const over = await endOf(scene, "a");
    await finishTurn(worker, answerTo(item, completed('"late"')));
    await start(scene, "order", { instanceId: "b" });

    expect(over).toMatchObject({ orchestrationStatus: Status.TERMINATED, output: '"enough"' });
    expect(turnOf(await worker.next()).instanceId).toBe("b");
    expect((await stateOf(scene, "a"))?.output).toBe('"enough"');
  });

  test("workers are pinged while they have nothing to do, and are told when the server goes", async () => {
    const clock = new VirtualClock({ startAt: Date.now() });
    const scene = await openScene({ clock });
    const worker = await scene.connect();
    await clock.advance(31_000);
    await worker.until(() => worker.items.length > 0);
    void scene.close();
    await worker.until(() => worker.ended !== undefined);
    const [ping] = worker.items.splice(0);
    await clock.advance(10_000);

    expect(ping?.request.case).toBe("healthPing");
    await expect(worker.next()).rejects.toMatchObject({ code: status.UNAVAILABLE });
  });
});

describe("answers that are no plain answers", () => {
  async function oneTurn() {
    const scene = await openScene();
    const worker = await scene.connect();
    await start(scene, "order", { instanceId: "a" });
    return { scene, worker, item: await worker.next() };
  }

  test("in parts: nothing counts before the last one", async () => {
    const { scene, worker, item } = await oneTurn();
    await finishTurn(worker, { ...answerTo(item, scheduleTask("pay")), isPartial: true });
    const before = (await stateOf(scene, "a"))?.orchestrationStatus;
    const rest = answerTo(item, completed('"whole"'));
    const [end] = rest.actions;
    if (end) end.id = 1;
    await finishTurn(worker, rest);

    expect(before).toBe(Status.PENDING);
    expect((await endOf(scene, "a"))?.output).toBe('"whole"');
  });

  test("the history is wanted: the turn comes again", async () => {
    const { scene, worker, item } = await oneTurn();
    await finishTurn(worker, { ...answerTo(item), requiresHistory: true });
    const again = await worker.next();
    await finishTurn(worker, answerTo(again, completed()));

    expect(again.completionToken).not.toBe(item.completionToken);
    expect((await endOf(scene, "a"))?.orchestrationStatus).toBe(Status.COMPLETED);
  });

  test("given back: it comes again, after a moment", async () => {
    const { scene, worker, item } = await oneTurn();
    const abandon = create(wire.AbandonOrchestrationTaskRequestSchema, {
      completionToken: item.completionToken,
    });
    await scene.call("abandonTaskOrchestratorWorkItem", abandon);
    await scene.call("abandonTaskOrchestratorWorkItem", abandon);
    const again = await worker.next();
    await finishTurn(worker, answerTo(again, completed()));

    expect((await endOf(scene, "a"))?.orchestrationStatus).toBe(Status.COMPLETED);
  });

  test.each([
    ["an action without a kind", { case: undefined }],
    ["a timer without a time", { case: "createTimer", value: create(wire.CreateTimerActionSchema) }],
    [
      "an end that is none",
      {
        case: "completeOrchestration",
        value: create(wire.CompleteOrchestrationActionSchema, { orchestrationStatus: Status.RUNNING }),
      },
    ],
  ] as const)(
    "%s is INVALID_ARGUMENT; nothing of it counts, and the turn comes again",
    async (_what, action) => {
      const { scene, worker, item } = await oneTurn();
      const code = await codeOf(finishTurn(worker, answerTo(item, scheduleTask("pay"), action)));
      const again = await worker.next();
      await finishTurn(worker, answerTo(again, completed('"fine"')));

      expect(code).toBe("INVALID_ARGUMENT");
      expect((await endOf(scene, "a"))?.output).toBe('"fine"');
    },
  );

  test("an activity that fails tells the orchestration why, whole", async () => {
    const { worker, item } = await oneTurn();
    await finishTurn(worker, answerTo(item, scheduleTask("pay")));
    const activity = await worker.next();
    const failureDetails = {
      errorType: "PaymentError",
      errorMessage: "no money",
      stackTrace: "at the bank",
      innerFailure: { errorType: "Cause", errorMessage: "spent" },
      isNonRetriable: true,
    };
    await finishActivity(worker, {
      instanceId: "a",
      taskId: 0,
      completionToken: activity.completionToken,
      failureDetails,
    });

    expect(turnOf(await worker.next()).newEvents[1]?.eventType).toMatchObject({
      case: "taskFailed",
      value: { taskScheduledId: 0, failureDetails },
    });
  });
});

describe("entities", () => {
  const signal = (scene: Scene, input: string) =>
    scene.call(
      "signalEntity",
      create(wire.SignalEntityRequestSchema, { instanceId: "@counter@a", name: "add", input }),
    );

  const finishBatch = (worker: ScriptedWorker, item: wire.WorkItem, result: Record<string, unknown>) =>
    callUnary(
      worker.client,
      "completeEntityTask",
      create(wire.EntityBatchResultSchema, { completionToken: item.completionToken, ...result }),
    );

  const done = { resultType: { case: "success", value: {} } };

  test("a batch, what is left of it, and one that failed as a whole", async () => {
    const scene = await openScene();
    const worker = await scene.connect();
    const operations = async () => {
      const item = await worker.next();
      const request = item.request.value as wire.EntityRequest;
      return { item, state: request.entityState, count: request.operationRequests.length };
    };
    for (const input of ["1", "2", "3"]) await signal(scene, input);
    const first = await operations();
    await finishBatch(worker, first.item, { failureDetails: { errorType: "E", errorMessage: "not now" } });
    const again = await operations();
    await finishBatch(worker, again.item, { results: [done], entityState: "1" });
    const second = await operations();
    await finishBatch(worker, second.item, { results: [done], entityState: "3" });
    const third = await operations();
    const wrong = await codeOf(finishBatch(worker, third.item, { results: [done, done], entityState: "9" }));
    const fourth = await operations();
    await finishBatch(worker, fourth.item, { results: [done], entityState: "6" });
    const read = () =>
      scene.call(
        "getEntity",
        create(wire.GetEntityRequestSchema, { instanceId: "@counter@a", includeState: true }),
      );
    while ((await read()).entity?.serializedState !== "6") await turn();

    expect([first, again].map(({ count, state }) => [count, state])).toEqual([
      [1, undefined],
      [1, undefined],
    ]);
    expect([second.count, second.state]).toEqual([2, "1"]);
    expect([third.count, third.state, wrong]).toEqual([1, "3", "INVALID_ARGUMENT"]);
    expect([fourth.count, fourth.state]).toEqual([1, "3"]);
    expect(scene.complaints).toEqual(["A worker could not run a batch of operations; it will be run again"]);
  });

  test("the call of an orchestration, with its answer", async () => {
    const scene = await openScene();
    const worker = await scene.connect();
    await start(scene, "order", { instanceId: "a" });
    const first = await worker.next();
    const requestId = "5f2d8c1e-0000-4000-8000-000000000001";
    const call = { requestId, operation: "get", targetInstanceId: "@counter@a" };
    const EntityMessageType = { case: "entityOperationCalled", value: call };
    await finishTurn(
      worker,
      answerTo(first, {
        case: "sendEntityMessage",
        value: create(wire.SendEntityMessageActionSchema, { EntityMessageType } as never),
      }),
    );
    const batch = await worker.next();
    const results = [{ resultType: { case: "success", value: { result: "42" } } }];
    await finishBatch(worker, batch, { results });
    const second = await worker.next();

    expect(batch.request).toMatchObject({
      case: "entityRequestV2",
      value: {
        instanceId: "@counter@a",
        operationRequests: [
          {
            eventType: {
              case: "entityOperationCalled",
              value: { requestId, operation: "get", parentInstanceId: "a" },
            },
          },
        ],
      },
    });
    expect(turnOf(second).newEvents[1]?.eventType).toMatchObject({
      case: "entityOperationCompleted",
      value: { requestId, output: "42" },
    });
  });
});
