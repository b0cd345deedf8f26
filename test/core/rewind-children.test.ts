import { expect, test } from "vitest";
import { createChild, createTimer } from "../support/actions.ts";
import {
  childCompleted,
  childFailed,
  EXECUTION_ID,
  SECOND,
  taskCompleted,
  taskFailed,
  timerFired,
} from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, NEW_EXECUTION_ID, rewind } from "../support/rewinding.ts";

const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };

const family: Handler = function* (context) {
  return yield context.all([
    context.callSubOrchestrator("Child", 1),
    context.callSubOrchestrator("Child", 2, { instanceId: "second" }),
  ]);
};

const child = (id: number): string => `${EXECUTION_ID}:${id}`;

test("S-133: a failed child stays without its failure, and is named to be rewound", async () => {
  const failed = await orchestrate(family, [childCompleted(0, child(0), "one"), childFailed(1, "second")]);

  const rewound = await rewind(family, failed, ["second"]);

  expect(rewound.children).toEqual(["second"]);
  const run = await goOn(family, rewound, [childCompleted(1, "second", "two")]);
  expect(run.episodes[0]?.actions).toEqual([]);
  expect(run.episodes[0]?.openTasks).toEqual([1]);
  expect(run.end?.output).toEqual(["one", "two"]);
});

test("S-133: of two failed children each gets its own outcome", async () => {
  const failed = await orchestrate(family, [childFailed(1, "second"), childFailed(0, child(0))]);

  const rewound = await rewind(family, failed, [child(0), "second"]);

  expect(rewound.children).toEqual([child(0), "second"]);
  const run = await goOn(family, rewound, [
    childCompleted(1, "second", "two"),
    childCompleted(0, child(0), "one"),
  ]);
  expect(run.end?.output).toEqual(["one", "two"]);
});

test("S-133: a child that cannot be rewound, such as a terminated one, is started anew under the new execution", async () => {
  const failed = await orchestrate(family, [childFailed(0, child(0)), childCompleted(1, "second", "two")]);

  const rewound = await rewind(family, failed);

  expect(rewound.children).toEqual([]);
  const run = await goOn(family, rewound, [childCompleted(0, `${NEW_EXECUTION_ID}:0`, "one")]);
  expect(run.episodes[0]?.actions).toEqual([
    createChild(0, "Child", { input: 1, instanceId: `${NEW_EXECUTION_ID}:0` }),
  ]);
  expect(run.end?.output).toEqual(["one", "two"]);
});

test("S-137: of a child with retries the last attempt stays, as the first one", async () => {
  const handler: Handler = function* (context) {
    const [shaky, steady] = [
      context.callSubOrchestrator("Child", 1, { retry }),
      context.callSubOrchestrator("Child", 2),
    ];
    return [yield* shaky, yield* steady];
  };
  const failed = await orchestrate(
    handler,
    [childFailed(0, child(0)), childCompleted(1, child(1), "steady")],
    [timerFired(2)],
    [childFailed(3, child(3))],
  );

  const rewound = await rewind(handler, failed, [child(0), child(3)]);

  expect(rewound.children).toEqual([child(3)]);
  expect(rewound.history.filter((event) => event.type === "SubOrchestrationInstanceCreated")).toMatchObject([
    { eventId: 0, instanceId: child(3) },
    { eventId: 1, instanceId: child(1) },
  ]);
  const run = await goOn(handler, rewound, [childCompleted(3, child(3), "shaky")]);
  expect(run.end?.output).toEqual(["shaky", "steady"]);
});

test("S-137: a rewound child with retries left is tried again when it fails again", async () => {
  const handler: Handler = function* (context) {
    return yield context.callSubOrchestrator("Child", 1, { retry });
  };
  const failed = await orchestrate(
    handler,
    [childFailed(0, child(0))],
    [timerFired(1)],
    [childFailed(2, child(2))],
  );

  const rewound = await rewind(handler, failed, [child(2)]);
  const run = await goOn(handler, rewound, [childFailed(2, child(2))], [timerFired(1)]);

  expect(run.episodes[1]?.actions).toMatchObject([
    { ...createTimer(1, 0, { retryOf: 0 }), fireAt: expect.any(Number) },
  ]);
  expect(run.episodes[2]?.actions).toEqual([
    createChild(2, "Child", { input: 1, instanceId: `${NEW_EXECUTION_ID}:2`, retryOf: 0 }),
  ]);
});

test("S-133: a child behind a call whose retries went gets the number it has now", async () => {
  const handler: Handler = function* (context) {
    const shaky = context.callActivity("shaky", undefined, { retry });
    yield context.callActivity("steady");
    const inner = context.callSubOrchestrator("Child");
    return [yield* inner, yield* shaky];
  };
  const failed = await orchestrate(
    handler,
    [taskFailed(0)],
    [timerFired(2)],
    [taskFailed(3), taskCompleted(1)],
    [childFailed(4, child(4))],
  );

  const rewound = await rewind(handler, failed, [child(4)]);

  expect(rewound.history.find((event) => event.type === "SubOrchestrationInstanceCreated")).toMatchObject({
    eventId: 2,
    instanceId: child(4),
  });
  const run = await goOn(handler, rewound, [childCompleted(4, child(4), "inner"), taskCompleted(0, "shaky")]);
  expect(run.history.at(-3)).toMatchObject({ type: "TaskCompleted", taskScheduledId: 0 });
  expect(run.history.at(-4)).toMatchObject({ type: "SubOrchestrationInstanceCompleted", taskScheduledId: 2 });
  expect(run.end?.output).toEqual(["inner", "shaky"]);
});

test("S-133: a child whose handled failure stays is not rewound", async () => {
  const handler: Handler = function* (context) {
    try {
      yield context.callSubOrchestrator("Child", 1, { instanceId: "handled" });
    } catch {
      yield context.callActivity("clean up");
    }
    yield context.callSubOrchestrator("Child", 2, { instanceId: "fatal" });
  };
  const failed = await orchestrate(
    handler,
    [childFailed(0, "handled")],
    [taskCompleted(1)],
    [childFailed(2, "fatal")],
  );

  const { children } = await rewind(handler, failed, ["handled", "fatal"]);

  expect(children).toEqual(["fatal"]);
});

test("S-133: an id that was used twice keeps the outcome of the run that went well", async () => {
  const handler: Handler = function* (context) {
    try {
      yield context.callSubOrchestrator("Child", 1, { instanceId: "same" });
    } catch {
      // The second call makes up for it.
    }
    const second = yield* context.callSubOrchestrator("Child", 2, { instanceId: "same" });
    return [second, yield* context.callActivity("fatal")];
  };
  const failed = await orchestrate(
    handler,
    [childFailed(0, "same")],
    [childCompleted(1, "same", "second")],
    [taskFailed(2)],
  );

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(2, "well")]);

  expect(run.end?.output).toEqual(["second", "well"]);
});
