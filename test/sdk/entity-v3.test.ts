import type * as df from "durable-functions";
import { describe, expect, test, vi } from "vitest";
import { EntityId, EntityStateResponse, LockingRulesViolationError, LockState } from "../../src/sdk/index.ts";
import { EntityScene } from "./entity-operations.ts";

/** An entity function as it is written for durable-functions 3.x: its types are those of that package. */
const counter: df.EntityHandler<number> = (context) => {
  const value = context.df.getState(() => 0) ?? 0;
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + (context.df.getInput<number>() ?? 1));
      break;
    case "reset":
      context.df.setState(0);
      break;
    case "get":
      context.df.return(value);
      break;
    case "delete":
      context.df.destructOnExit();
      break;
    case "describe": {
      const { entityId, entityKey, entityName, isNewlyConstructed } = context.df;
      context.df.return([entityId.name, entityId.key, entityName, entityKey, isNewlyConstructed]);
      break;
    }
    case "pass":
      context.df.signalEntity(new EntityId("counter", context.df.getInput<string>() ?? ""), "add", 5);
      break;
    case "raw":
      context.df.return([context.df.getState() ?? "none", context.df.getInput() ?? "none"]);
      break;
    default:
      throw new RangeError(`no operation ${context.df.operationName}`);
  }
};

function scene(): EntityScene {
  const made = new EntityScene();
  made.app.entity<number>("Counter", counter as never);
  return made;
}

const A = new EntityId("Counter", "a");

test.each([
  ["setState, getInput and return", [["add", 2], ["add"], ["get"]], [null, null, 3], 3],
  [
    "getState without a state and getInput without an input are undefined",
    [["raw"]],
    [["none", "none"]],
    undefined,
  ],
  ["return alone makes no entity", [["get"]], [0], undefined],
  [
    "isNewlyConstructed until there is a state",
    [["describe"], ["reset"], ["describe"]],
    [["counter", "a", "counter", "a", true], null, ["counter", "a", "counter", "a", false]],
    0,
  ],
  [
    "destructOnExit, and it is new again",
    [["add", 2], ["delete"], ["describe"]],
    [null, null, ["counter", "a", "counter", "a", true]],
    undefined,
  ],
  ["an error is what the caller gets", [["nonsense"]], ["failed: no operation nonsense"], undefined],
] as const)("context.df of an entity: %s", async (_title, operations, answers, state) => {
  const made = scene();

  expect(await made.answers(A, ...operations)).toEqual(answers);
  expect(await made.state(A)).toEqual(state);
});

test("context.df.signalEntity of an entity reaches another", async () => {
  const made = scene();
  await made.answers(A, ["pass", "b"]);

  await expect.poll(() => made.state(new EntityId("counter", "b")), { timeout: 10_000 }).toBe(5);
});

test("handlers are given as a function, or in an object with other options", async () => {
  const made = new EntityScene();
  made.app.entity("Counter", { handler: counter as never });

  expect(await made.answers(A, ["add", 4], ["get"])).toEqual([null, 4]);
});

test("the context logs, and names its function and this very operation", async () => {
  const made = new EntityScene();
  const seen: unknown[] = [];
  const printed = vi.spyOn(console, "warn").mockReturnValue(undefined);
  made.app.entity("Counter", (context) => {
    context.warn("careful");
    seen.push(context.functionName, context.invocationId);
  });

  await made.answers(A, ["x"], ["x"]);

  expect(seen).toEqual(["Counter", expect.any(String), "Counter", expect.any(String)]);
  expect(seen[1]).not.toBe(seen[3]);
  expect(printed.mock.calls).toEqual([["careful"], ["careful"]]);
  printed.mockRestore();
});

describe("an orchestrator in the spelling of 3.x", () => {
  test("calls, signals, locks, and is told of broken rules", async () => {
    const made = scene();
    const [a, b] = [new EntityId("Counter", "a"), new EntityId("Counter", "b")];
    made.app.orchestration("old", function* (context) {
      const seen: unknown[] = [context.df.isLocked().isLocked];
      yield context.df.callEntity(b, "add", 20);
      const lock = yield context.df.lock(b, a, b);
      seen.push(lock.ownedLocks.map(String), context.df.isLocked() instanceof LockState);
      try {
        context.df.signalEntity(a, "add", 1);
      } catch (error) {
        seen.push(error instanceof LockingRulesViolationError && error.code);
      }
      yield context.df.callEntity(a, "add", 3);
      seen.push(yield context.df.callEntity(b, "get"));
      lock.release();
      lock.release();
      context.df.signalEntity(a, "add", 4);
      seen.push(yield context.df.callEntity(a, "get"), context.df.isLocked().isLocked);
      return seen;
    });
    const { client } = await made.hub();

    const id = await client.startNew("old");

    expect((await client.waitForCompletion(id)).output).toEqual([
      false,
      ["@counter@a", "@counter@b"],
      true,
      "LOCKING_RULES",
      20,
      7,
      false,
    ]);
  });
});

describe("the client in the spelling of 3.x", () => {
  test("signalEntity, and readEntityState with entityExists and entityState", async () => {
    const { client } = await scene().hub();

    const before = await client.readEntityState<number>(A);
    await client.signalEntity(A, "add", 41);
    await client.signalEntity(A, "add");

    expect(before).toEqual({ entityExists: false });
    expect(before.entityState).toBeUndefined();
    await expect
      .poll(() => client.readEntityState<number>(A), { timeout: 10_000 })
      .toEqual(new EntityStateResponse(true, 42));
  });
});

test("an EntityId has a name and a key, and its text is the id of the instance", () => {
  expect(Object.entries(A)).toEqual([
    ["name", "Counter"],
    ["key", "a"],
  ]);
  expect([String(A), String(new EntityId("x", ""))]).toEqual(["@counter@a", "@x@"]);
  expect(() => new EntityId("", "a")).toThrow(/needs a name/);
});
