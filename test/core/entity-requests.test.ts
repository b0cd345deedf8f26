import { expect, test } from "vitest";
import { deterministicGuid } from "../../src/core/deterministic-guid.ts";
import { EntityId } from "../../src/core/entity-id.ts";
import { isDurableError } from "../../src/core/errors.ts";
import type { MessageEvent } from "../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import {
  EXECUTION_ID,
  episode,
  failure,
  resumed,
  started,
  suspended,
  T0,
  terminated,
} from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

const A = new EntityId("Counter", "a");
const B = new EntityId("counter", "b");

const requestOf = (action: number): string => deterministicGuid(EXECUTION_ID, "entity", action);

const answered = (action: number, result: unknown, requestId = requestOf(action)): MessageEvent => ({
  type: "EntityOperationCompleted",
  timestamp: T0,
  requestId,
  result: JSON.stringify(result),
});

const refused = (action: number, message: string): MessageEvent => ({
  type: "EntityOperationFailed",
  timestamp: T0,
  requestId: requestOf(action),
  failure: failure(message),
});

const granted = (action: number): MessageEvent => ({
  type: "EntityLockGranted",
  timestamp: T0,
  criticalSectionId: requestOf(action),
});

const lock = (context: OrchestrationContext, ...entities: readonly EntityId[]) =>
  context.lock(entities, (section) => section);

test("S-165: a call has a number and a request id, and waits for the answer with that id", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callEntity(A, "add", 5);
    },
    [answered(0, "another's", "someone-else")],
    [answered(0, 12)],
  );

  expect(run.episodes[0]?.actions).toEqual([
    {
      type: "CallEntity",
      id: 0,
      requestId: requestOf(0),
      instanceId: "@counter@a",
      operation: "add",
      input: "5",
      criticalSectionId: undefined,
    },
  ]);
  expect(run.episodes[1]?.accepted).toEqual([]);
  expect(run.end?.output).toBe(12);
});

test("S-165: answers come in any order, a second one is dropped, and none is needed for the end", async () => {
  const run = await orchestrate(
    function* (context) {
      const calls = [context.callEntity(A, "x"), context.callEntity(B, "y"), context.callEntity(B, "z")];
      return yield context.all(calls.slice(0, 2));
    },
    [answered(1, "second"), answered(1, "again")],
    [answered(0, "first")],
  );

  expect(run.episodes[1]?.accepted).toHaveLength(1);
  expect(run.end?.output).toEqual(["first", "second"]);
});

test("S-166: a failed call throws what the operation threw", async () => {
  const run = await orchestrate(
    function* (context) {
      try {
        return yield context.callEntity(A, "add");
      } catch (error) {
        return [isDurableError(error, "TASK_FAILED"), (error as Error).message];
      }
    },
    [refused(0, "no such luck")],
  );

  expect(run.end?.output).toEqual([true, "Operation 'add' of entity '@counter@a' failed: no such luck"]);
});

test("S-53: while suspended, answers wait", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callEntity(A, "x");
      return yield context.callEntity(A, "y");
    },
    [suspended()],
    [answered(0, 1), answered(0, 1)],
    [resumed()],
    [answered(1, 2)],
  );

  expect(run.episodes.map(({ actions }) => actions.length)).toEqual([1, 0, 0, 1, 0]);
  expect(run.end?.output).toBe(2);
});

test("S-167: a lock set is sorted and has no one twice; inside, calls say in which section they are", async () => {
  const run = await orchestrate(
    function* (context) {
      const section = yield* lock(context, B, A, new EntityId("COUNTER", "b"));
      context.callEntity(B, "x");
      context.unlock(section);
      context.unlock(section);
      context.callEntity(B, "y");
      return context.section === undefined;
    },
    [granted(0)],
  );

  expect(run.episodes[0]?.actions).toMatchObject([
    { type: "RequestEntityLock", lockSet: ["@counter@a", "@counter@b"] },
  ]);
  expect(run.last.actions).toMatchObject([
    { type: "CallEntity", criticalSectionId: requestOf(0) },
    { type: "SendEntityUnlock", instanceId: "@counter@a", criticalSectionId: requestOf(0) },
    { type: "SendEntityUnlock", instanceId: "@counter@b" },
    { type: "CallEntity", criticalSectionId: undefined },
  ]);
  expect(run.end?.output).toBe(true);
});

test("S-170: a lock that cannot be had lets go of what was locked on the way", async () => {
  const run = await orchestrate(
    function* (context) {
      try {
        yield* lock(context, A, B);
        return "locked";
      } catch (error) {
        yield* lock(context, A);
        return (error as Error).message;
      }
    },
    [refused(0, "nobody has it")],
    [granted(3)],
  );

  expect(run.episodes[1]?.actions).toMatchObject([
    { type: "SendEntityUnlock", instanceId: "@counter@a" },
    { type: "SendEntityUnlock", instanceId: "@counter@b" },
    { type: "RequestEntityLock", lockSet: ["@counter@a"] },
  ]);
  expect(run.end?.output).toBe("nobody has it");
});

test("S-43: terminated while it waits for a lock, it asks for nothing more", async () => {
  const run = await orchestrate(
    function* (context) {
      yield* lock(context, A);
      return "never";
    },
    [terminated()],
  );

  expect(run.end?.status).toBe("Terminated");
  expect(run.last.actions).toEqual([]);
});

test.each([
  ["at once", [], [granted(0), terminated()]],
  ["while it is suspended", [suspended(), granted(0)], [resumed(), suspended(), terminated()]],
])(
  "S-170: terminated as it leaves a critical section (%s), it unlocks it and does nothing else",
  async (_when, first, second) => {
    const run = await orchestrate(
      function* (context) {
        const section = yield* lock(context, A, B);
        context.callEntity(A, "x");
        context.unlock(section);
        context.callEntity(A, "y");
        return yield context.waitForExternalEvent("never");
      },
      first,
      second,
    );

    expect(run.end?.status).toBe("Terminated");
    expect(run.last.actions).toEqual([]);
    expect(run.last.lastUnlocks).toMatchObject([
      { type: "SendEntityUnlock", instanceId: "@counter@a", criticalSectionId: requestOf(0) },
      { type: "SendEntityUnlock", instanceId: "@counter@b", criticalSectionId: requestOf(0) },
    ]);
  },
);

test("S-39: a call of another operation, entity or lock set is not what the history says", async () => {
  const past = (event: object) =>
    episode(T0, started(), { timestamp: T0, eventId: 0, ...event } as unknown as MessageEvent);
  const call = { type: "EntityOperationCalled", requestId: "r", instanceId: "@counter@a", operation: "add" };
  for (const [event, matches] of [
    [call, true],
    [{ ...call, operation: "sub" }, false],
    [{ ...call, instanceId: "@counter@b" }, false],
    [{ ...call, type: "EntityOperationSignaled" }, false],
    [{ type: "EntityLockRequested", criticalSectionId: "s", lockSet: ["@counter@a"] }, false],
  ] as const) {
    const run = await orchestrate({
      handler: function* (context) {
        return yield context.callEntity(A, "add");
      },
      past: past(event),
    });
    expect(run.end?.status, JSON.stringify(event)).toBe(matches ? undefined : "Failed");
  }
});

test("the request id of the history wins: after a rewind the answer still finds its call", async () => {
  const called: MessageEvent = {
    type: "EntityOperationCalled",
    timestamp: T0,
    eventId: 0,
    requestId: "from-before",
    instanceId: "@counter@a",
    operation: "add",
  } as unknown as MessageEvent;
  const run = await orchestrate(
    {
      handler: function* (context) {
        return yield context.callEntity(A, "add");
      },
      past: episode(T0, started(), called),
    },
    [answered(0, 7, "from-before")],
  );

  expect(run.end?.output).toBe(7);
});
