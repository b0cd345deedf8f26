import { describe, expect, test } from "vitest";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import type { RequestOf } from "./sidecar-client.ts";

type BatchActions = NonNullable<RequestOf<"completeEntityTask">["actions"]>;

const ID = "11111111-2222-3333-4444-555555555555";
const refusedChild = (text: string) => ({
  case: "subOrchestrationInstanceFailed",
  value: { taskScheduledId: 0, failureDetails: { errorMessage: expect.stringContaining(text) } },
});

async function scene(instanceId = "caller") {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("caller", { instanceId });
  return { sidecar, worker, turn: await worker.turn() };
}

describe("a child with an id that cannot be", () => {
  test.each([
    ["of an entity", "@x@y", 'Instance id "@x@y" starts with "@", which is reserved for entities'],
    ["of half an entity", "@x", 'Instance id "@x" starts with "@"'],
    ["that is too long", "x".repeat(5_000), "has 5000 characters; at most 256 are allowed"],
    ["with a slash", "a/b", 'Instance id "a/b" contains "/"'],
  ])("%s has failed, and the parent goes on", async (_what, childId, text) => {
    const { sidecar, worker, turn } = await scene();

    await worker.answerTurn(turn, [action.child(0, "child", childId)]);

    const next = await worker.turnOf("caller");
    expect(next.newEvents[1]?.eventType).toMatchObject(refusedChild(text));
    await worker.answerTurn(next, [action.complete(1, '"went on"')]);
    expect(await sidecar.client.ended("caller")).toMatchObject({ status: "COMPLETED", output: '"went on"' });
    expect(worker.seen).toHaveLength(2);
  });

  test("fails the orchestration that ends with it", async () => {
    const { sidecar, worker, turn } = await scene();

    await worker.answerTurn(turn, [action.child(0, "child", "@x"), action.complete(1)]);

    expect(await sidecar.client.ended("caller")).toMatchObject({
      status: "FAILED",
      failureDetails: { errorMessage: expect.stringContaining('Instance id "@x" starts with "@"') },
    });
  });
});

test("a child's id that its SDK has made from the parent's may be longer than others", async () => {
  const parentId = "p".repeat(256);
  const { worker, turn } = await scene(parentId);

  await worker.answerTurn(turn, [action.child(0, "child", `${parentId}:0000`)]);

  expect((await worker.turn()).instanceId).toBe(`${parentId}:0000`);
});

test.each([
  ["of an orchestration", "foo", '"foo" is no entity id: those look like @name@key.'],
  ["without a key", "@foo", '"@foo" is no entity id'],
  ["without a name", "@@key", "An entity needs a name"],
  ["that is too long", `@foo@${"x".repeat(300)}`, "has 305 characters; at most 256 are allowed"],
])("the call of an entity by an id %s has failed, and the caller goes on", async (_what, target, text) => {
  const { worker, turn } = await scene();

  await worker.answerTurn(turn, [action.call(0, ID, target)]);

  expect((await worker.turn()).newEvents[1]?.eventType).toMatchObject({
    case: "entityOperationFailed",
    value: { requestId: ID, failureDetails: { errorMessage: expect.stringContaining(text) } },
  });
});

test("so has one by a plain event, which is answered by one", async () => {
  const { worker, turn } = await scene();

  await worker.answerTurn(turn, [action.event(0, "@foo", "op", JSON.stringify({ op: "do", id: ID }))]);

  expect((await worker.turn()).newEvents[1]?.eventType).toMatchObject({
    case: "eventRaised",
    value: { name: ID, input: expect.stringContaining("is no entity id") },
  });
});

test.each([
  ["a signal to", [action.signal(0, ID, "foo")]],
  ["a lock of", [action.lock(0, ID, ["@a@b", "foo"])]],
])("%s what is no entity fails the orchestration, which could not learn of it", async (_what, actions) => {
  const { sidecar, worker, turn } = await scene();

  await worker.answerTurn(turn, actions);

  expect(await sidecar.client.ended("caller")).toMatchObject({
    status: "FAILED",
    failureDetails: { errorMessage: '"foo" is no entity id: those look like @name@key.' },
  });
});

test.each<[string, BatchActions[number]["operationActionType"], string]>([
  [
    "orchestration",
    { case: "startNewOrchestration", value: { instanceId: "@x@y", name: "anything" } },
    'Instance id "@x@y" starts with "@"',
  ],
  ["signal", { case: "sendSignal", value: { instanceId: "foo", name: "do" } }, '"foo" is no entity id'],
])("an operation whose %s has an id that cannot be has failed, without effect", async (_what, kind, text) => {
  const { worker, turn } = await scene();
  await worker.answerTurn(turn, [action.call(0, ID, "@thing@a")]);

  await worker.answerBatch(await worker.batch(), {
    results: [{ resultType: { case: "success", value: {} } }],
    entityState: "1",
    actions: [{ id: 0, operationActionType: kind }] as BatchActions,
  });

  const next = await worker.turn();
  expect(next.newEvents[1]?.eventType).toMatchObject({
    case: "entityOperationFailed",
    value: { requestId: ID, failureDetails: { errorMessage: expect.stringContaining(text) } },
  });
  await worker.answerTurn(next, [action.call(1, ID.replace("1", "2"), "@thing@a")]);
  expect((await worker.batch()).entityState).toBeUndefined();
});
