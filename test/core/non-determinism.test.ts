import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import {
  childCreated,
  episode,
  eventSent,
  started,
  T0,
  taskCompleted,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../support/history.ts";
import { asAsync, type Handler, newSession } from "../support/orchestration.ts";

/** Replays a history over code that was changed under it, as a generator and as an async function. */
async function verdict(handler: Handler, ...events: readonly HistoryEvent[]): Promise<string> {
  const outputs: unknown[] = [];
  for (const style of [handler, asAsync(handler)]) {
    const session = newSession({ handler: style });
    await session.replay(episode(T0, started(), ...events));
    const { completion, actions } = await session.execute([], T0);
    expect(actions).toEqual([]);
    expect(completion?.status).toBe("Failed");
    expect(completion?.failure?.errorType).toBe("NonDeterminismError");
    outputs.push(JSON.parse(completion?.result ?? ""));
  }
  expect(outputs[1]).toBe(outputs[0]);
  return outputs[0] as string;
}

const asksFor: Readonly<Record<string, Handler>> = {
  nothing: function* () {
    yield* [];
  },
  activity: function* (context) {
    yield context.callActivity("Work");
  },
  "other activity": function* (context) {
    yield context.callActivity("Other");
  },
  timer: function* (context) {
    yield context.createTimer(T0);
  },
  child: function* (context) {
    yield context.callSubOrchestrator("Child");
  },
  "other child": function* (context) {
    yield context.callSubOrchestrator("Stranger");
  },
  event: function* (context) {
    context.sendEvent("target", "Hello");
    yield context.waitForExternalEvent("never");
  },
  "other event": function* (context) {
    context.sendEvent("target", "Bye");
    yield context.waitForExternalEvent("never");
  },
};

const removed = "a step was removed from the code";
const renamed = "a step was renamed, or steps were put in another order";
const branched = "a step was added or removed in the code";

const scheduled = "event 0 of the history is TaskScheduled of activity 'Work', but";
const timer = "event 0 of the history is TimerCreated, but";
const created = "event 0 of the history is SubOrchestrationInstanceCreated of 'Child' (instance 'c1'), but";
const sent = "event 0 of the history is EventSent of 'Hello' to instance 'target', but";

describe("history and code disagree:", () => {
  test.each<[string, HistoryEvent, keyof typeof asksFor, string, string, string]>([
    [
      "S-39a(1)",
      taskScheduled(0, "Work"),
      "nothing",
      scheduled,
      "the code now asks for nothing more",
      removed,
    ],
    [
      "S-39a(2)",
      taskScheduled(0, "Work"),
      "timer",
      scheduled,
      "now asks for CreateTimer (action 0)",
      branched,
    ],
    [
      "S-39a(2)",
      taskScheduled(0, "Work"),
      "child",
      scheduled,
      "CreateSubOrchestration of 'Child' (action 0)",
      branched,
    ],
    [
      "S-39a(3)",
      taskScheduled(0, "Work"),
      "other activity",
      scheduled,
      "ScheduleTask of activity 'Other'",
      renamed,
    ],
    ["S-39b(1)", timerCreated(0), "nothing", timer, "the code now asks for nothing more", removed],
    ["S-39b(2)", timerCreated(0), "activity", timer, "ScheduleTask of activity 'Work' (action 0)", branched],
    [
      "S-39c(1)",
      childCreated(0, "Child", "c1"),
      "nothing",
      created,
      "the code now asks for nothing more",
      removed,
    ],
    [
      "S-39c(2)",
      childCreated(0, "Child", "c1"),
      "event",
      created,
      "SendEvent of 'Hello' to instance 'target'",
      branched,
    ],
    [
      "S-39c(3)",
      childCreated(0, "Child", "c1"),
      "other child",
      created,
      "CreateSubOrchestration of 'Stranger'",
      renamed,
    ],
    [
      "S-39d(1)",
      eventSent(0, "target", "Hello"),
      "nothing",
      sent,
      "the code now asks for nothing more",
      removed,
    ],
    ["S-39d(2)", eventSent(0, "target", "Hello"), "timer", sent, "CreateTimer (action 0)", branched],
    [
      "S-39d(3)",
      eventSent(0, "target", "Hello"),
      "other event",
      sent,
      "SendEvent of 'Bye' to instance 'target'",
      renamed,
    ],
  ])("%s, S-39e: %o against code that asks for %s", async (_rule, event, code, past, present, cause) => {
    const text = await verdict(asksFor[code] as Handler, event);

    expect(text.startsWith(`Non-Deterministic workflow detected: ${past}`)).toBe(true);
    expect(text).toMatch(present);
    expect(text).toMatch(`Likely cause: ${cause}`);
  });
});

test("S-39e: the text names the number at which the code left its history", async () => {
  const text = await verdict(
    function* (context) {
      yield context.callActivity("Work");
      yield context.createTimer(T0);
    },
    taskScheduled(0, "Work"),
    taskCompleted(0),
    taskScheduled(1, "More"),
  );

  expect(text).toMatch("event 1 of the history is TaskScheduled of activity 'More'");
  expect(text).toMatch("CreateTimer (action 1)");
});

test("S-39a(1): a past activity whose turn has not come is as wrong as one that is gone", async () => {
  const text = await verdict(
    function* (context) {
      yield context.waitForExternalEvent("go");
      yield context.callActivity("Work");
    },
    taskScheduled(0, "Work"),
  );

  expect(text).toMatch("the code now asks for nothing more at this point");
});

test("S-39f: code that returns earlier than its history says is caught", async () => {
  const text = await verdict(
    function* (context) {
      yield context.callActivity("Work");
    },
    taskScheduled(0, "Work"),
    taskCompleted(0),
    timerCreated(1),
  );

  expect(text).toMatch("event 1 of the history is TimerCreated");
});

test("S-39e: the failure does not wait for open tasks", async () => {
  const session = newSession({ handler: (context) => void context.callActivity("Work") });

  await session.replay(episode(T0, started(), taskScheduled(0, "Work"), timerCreated(1)));

  expect([session.isAtOddsWithHistory, session.isDue, session.actions.open.size]).toEqual([true, true, 1]);
});

test("S-39e: what arrives in the episode of the verdict cannot change it", async () => {
  const session = newSession({
    handler: function* (context) {
      yield context.callActivity("Work");
    },
  });
  await session.replay(episode(T0, started(), timerCreated(0)));

  const { completion } = await session.execute([{ ...taskCompleted(0), timestamp: T0 }], T0);

  expect(completion?.result).toMatch("Non-Deterministic workflow detected: ");
});

describe("history and code agree", () => {
  const agrees = async (handler: Handler, ...events: readonly HistoryEvent[]): Promise<readonly string[]> => {
    const session = newSession({ handler });
    await session.replay(episode(T0, started(), ...events));
    expect(session.isAtOddsWithHistory).toBe(false);
    const { actions } = await session.execute([], T0);
    return actions.map((action) => action.type);
  };

  test.each<[string, HistoryEvent, Handler]>([
    ["the case of an activity's name (S-4)", taskScheduled(0, "WORK"), asksFor["activity"] as Handler],
    ["the case of a child's name (S-4)", childCreated(0, "CHILD", "c1"), asksFor["child"] as Handler],
    ["the case of an event's name (S-4)", eventSent(0, "target", "HELLO"), asksFor["event"] as Handler],
    ["an activity's input (S-39f)", taskScheduled(0, "Work", { other: 1 }), asksFor["activity"] as Handler],
    ["a timer's time (S-39b)", timerCreated(0, T0 + 1), asksFor["timer"] as Handler],
    ["a child's id (S-39c)", childCreated(0, "Child", "some other"), asksFor["child"] as Handler],
    ["an event's target (S-39d)", eventSent(0, "elsewhere", "Hello"), asksFor["event"] as Handler],
  ])("although %s differs", async (_what, event, handler) => {
    expect(await agrees(handler, event)).toEqual([]);
  });

  test("S-39f: although the code asks for more than the history has: that is new work", async () => {
    const more = await agrees(
      function* (context) {
        context.callActivity("Work");
        context.callActivity("Added");
        yield context.createTimer(T0);
      },
      taskScheduled(0, "Work"),
    );

    expect(more).toEqual(["ScheduleTask", "CreateTimer"]);
  });

  test("S-33: although a past result is for a number the code never used", async () => {
    expect(await agrees(asksFor["activity"] as Handler, taskScheduled(0, "Work"), timerFired(5))).toEqual([]);
  });

  test("S-39c: a child's outcome finds the child by the id that history gave it", async () => {
    const session = newSession({
      handler: function* (context) {
        return yield context.callSubOrchestrator("Child");
      },
    });
    await session.replay(episode(T0, started(), childCreated(0, "Child", "old id")));

    const { completion } = await session.execute(
      [
        {
          type: "SubOrchestrationInstanceCompleted",
          timestamp: T0,
          taskScheduledId: 0,
          instanceId: "old id",
          result: '"done"',
        },
      ],
      T0,
    );

    expect(completion?.result).toBe('"done"');
  });
});
