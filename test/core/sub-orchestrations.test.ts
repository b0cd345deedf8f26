import { expect, test } from "vitest";
import { TaskFailedError } from "../../src/core/errors.ts";
import { createChild, createTimer, scheduleTask } from "../support/actions.ts";
import {
  childCompleted,
  childFailed,
  EXECUTION_ID,
  SECOND,
  T0,
  taskCompleted,
  timerFired,
} from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

const parent = { instanceId: "Parent", executionId: "f00", name: "Boss", taskScheduledId: 3 };

test("S-110: a child without an id gets the execution id and its number", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callActivity("work");
      return yield context.callSubOrchestrator("Child", { n: 1 });
    },
    [taskCompleted(0)],
    [childCompleted(1, `${EXECUTION_ID}:1`, "done")],
  );

  expect(run.episodes[1]?.actions).toEqual([
    createChild(1, "Child", { input: { n: 1 }, instanceId: `${EXECUTION_ID}:1` }),
  ]);
  expect(run.end).toEqual({ status: "Completed", output: "done" });
});

test("S-110: a child with an id of the caller's choosing gets that", async () => {
  const run = await orchestrate(function* (context) {
    yield context.callSubOrchestrator("Child", undefined, { instanceId: "mine", version: "2.0" });
  });

  expect(run.last.actions).toEqual([createChild(0, "Child", { instanceId: "mine", version: "2.0" })]);
});

test("S-115: a child inherits no version", async () => {
  const run = await orchestrate({
    started: { version: "1.0" },
    *handler(context) {
      yield context.callSubOrchestrator("Child");
    },
  });

  expect(run.last.actions).toEqual([createChild(0, "Child", {})]);
});

test.each([
  ["its own", "abc123"],
  ["its own in other case", "ABC123"],
  ["its parent's", "Parent"],
  ["its parent's in other case", "pARENT"],
])("S-111: a child cannot have %s id", async (_whose, instanceId) => {
  const run = await orchestrate({
    started: { parent },
    *handler(context) {
      yield context.callSubOrchestrator("Child", undefined, { instanceId });
    },
  });

  expect(run.end?.status).toBe("Failed");
  expect(run.end?.output).toMatch("must differ from that of its parent");
  expect(run.last.actions).toEqual([]);
});

test("S-1: a child's id is checked like one that a client chose", async () => {
  const run = await orchestrate(function* (context) {
    yield context.callSubOrchestrator("Child", undefined, { instanceId: "a/b" });
  });

  expect(run.end?.output).toMatch('contains "/"');
});

test("S-113: a child's failure throws a TaskFailedError that names the child and its reason", async () => {
  let caught: unknown;
  await orchestrate(
    function* (context) {
      try {
        yield context.callSubOrchestrator("Child");
      } catch (error) {
        caught = error;
      }
    },
    [childFailed(0, `${EXECUTION_ID}:0`, "no paper")],
  );

  expect(caught).toBeInstanceOf(TaskFailedError);
  expect(caught).toMatchObject({
    message: "Sub-orchestrator function 'Child' failed: no paper",
    failure: { errorMessage: "no paper" },
  });
});

test("S-46: a terminated child fails its parent with the reason", async () => {
  const run = await orchestrate(
    function* (context) {
      yield context.callSubOrchestrator("Child");
    },
    [childFailed(0, `${EXECUTION_ID}:0`, "not wanted")],
  );

  expect(run.end?.output).toBe(
    "Orchestrator function 'Orchestrator' failed: Sub-orchestrator function 'Child' failed: not wanted",
  );
});

test("S-108: without an id each attempt is a child of its own", async () => {
  const run = await orchestrate(
    function* (context) {
      const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };
      return yield context.callSubOrchestrator("Child", 1, { retry });
    },
    [childFailed(0, `${EXECUTION_ID}:0`)],
    [timerFired(1)],
    [childCompleted(2, `${EXECUTION_ID}:2`, "second")],
  );

  expect(run.episodes.flatMap((each) => each.actions)).toEqual([
    createChild(0, "Child", { input: 1 }),
    createTimer(1, T0 + 2 * SECOND, { retryOf: 0 }),
    createChild(2, "Child", { input: 1, retryOf: 0 }),
  ]);
  expect(run.end?.output).toBe("second");
});

test("S-108: with an id every attempt has it", async () => {
  const run = await orchestrate(
    function* (context) {
      const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };
      return yield context.callSubOrchestrator("Child", 1, { retry, instanceId: "mine" });
    },
    [childFailed(0, "mine")],
    [timerFired(1)],
    [childCompleted(2, "mine", "second")],
  );

  expect(run.episodes[2]?.actions).toEqual([
    createChild(2, "Child", { input: 1, instanceId: "mine", retryOf: 0 }),
  ]);
  expect(run.end?.output).toBe("second");
});

test("S-112: when a second child with the same id is refused, the first still answers its own call", async () => {
  const run = await orchestrate(
    function* (context) {
      const first = context.callSubOrchestrator("Child", 1, { instanceId: "twin" });
      const second = context.callSubOrchestrator("Child", 2, { instanceId: "twin" });
      const refused = yield* context.any([second]);
      return [refused.isFaulted, yield* first];
    },
    [childFailed(1, "twin", "An Orchestration instance with the status Running already exists.")],
    [childCompleted(0, "twin", "mine")],
  );

  expect(run.end).toEqual({ status: "Completed", output: [true, "mine"] });
});

test("S-133: an outcome that bears a number from before a rewind is recorded under the child's number", async () => {
  const run = await orchestrate(
    function* (context) {
      return yield context.callSubOrchestrator("Child", undefined, { instanceId: "mine" });
    },
    [childCompleted(7, "mine", "late")],
  );

  expect(run.last.accepted).toMatchObject([{ taskScheduledId: 0, instanceId: "mine" }]);
  expect(run.end?.output).toBe("late");
});

test("S-114: starting an orchestration gives its id and waits for nothing", async () => {
  const run = await orchestrate((context) => context.startOrchestration("Other", 1));

  expect(run.end?.status).toBe("Completed");
  expect(run.end?.output).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(run.last.actions).toEqual([
    createChild(0, "Other", { input: 1, instanceId: run.end?.output as string, fireAndForget: true }),
  ]);
  expect(run.last.abandoned).toEqual([]);
});

test("S-114: an orchestration can be started with a chosen id and version", async () => {
  const run = await orchestrate(function* (context) {
    context.startOrchestration("Other", undefined, { instanceId: "chosen", version: "3" });
    yield context.callActivity("work");
  });

  expect(run.last.actions).toEqual([
    createChild(0, "Other", { instanceId: "chosen", version: "3", fireAndForget: true }),
    scheduleTask(1, "work"),
  ]);
  expect(run.last.openTasks).toEqual([1]);
});

test("an orchestration knows its own id, execution, name, version, tags, input and parent", async () => {
  const known = { version: "1.2", tags: { team: "blue" }, input: '{"n":1}', parent };

  const run = await orchestrate({
    started: known,
    handler: (context) => [
      context.instanceId,
      context.executionId,
      context.name,
      context.version,
      context.tags,
      context.inputText,
      context.parent,
    ],
  });

  expect(run.end?.output).toEqual([
    "abc123",
    EXECUTION_ID,
    "Orchestrator",
    "1.2",
    { team: "blue" },
    '{"n":1}',
    parent,
  ]);
});

test("an orchestration that was started with nothing but a name has no version, tags, input or parent", async () => {
  const run = await orchestrate((context) => [
    context.version,
    context.tags,
    context.inputText,
    context.parent,
  ]);

  expect(run.end?.output).toEqual([null, {}, null, null]);
});
