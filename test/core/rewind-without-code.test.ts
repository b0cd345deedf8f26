import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { type Rewound, rewindWithoutCode } from "../../src/core/rewind-without-code.ts";
import {
  childCompleted,
  childCreated,
  childFailed,
  episode,
  eventRaised,
  failure,
  resumed,
  SECOND,
  started,
  suspended,
  T0,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../support/history.ts";

const NEW_EXECUTION_ID = "00000000000000000000000000000001";

const ended = (eventId: number): HistoryEvent => ({
  type: "ExecutionCompleted",
  timestamp: 0,
  eventId,
  status: "Failed",
  failure: failure("it broke"),
});

/** One episode after the other, a second apart. */
function historyOf(...episodes: readonly (readonly HistoryEvent[])[]): readonly HistoryEvent[] {
  return episodes.flatMap((events, index) => episode(T0 + index * SECOND, ...events));
}

function rewind(history: readonly HistoryEvent[], ...rewindable: readonly string[]): Rewound {
  const rewindableChildren = new Set(rewindable);
  return rewindWithoutCode({ history, newExecutionId: NEW_EXECUTION_ID, rewindableChildren });
}

/** What is left, in a word each, without the frames of episodes. */
function left({ history }: Rewound): readonly string[] {
  return history.flatMap((event) => {
    if (event.type === "OrchestratorStarted" || event.type === "OrchestratorCompleted") return [];
    if ("eventId" in event) return [`${event.eventId} ${event.type}`];
    if ("taskScheduledId" in event) return [`${event.taskScheduledId} ${event.type}`];
    return "timerId" in event ? [`${event.timerId} ${event.type}`] : [event.type];
  });
}

const entityCalled: HistoryEvent = {
  type: "EntityOperationCalled",
  timestamp: 0,
  eventId: 1,
  requestId: "request",
  instanceId: "@log@a",
  operation: "add",
};
const entityAnswered: HistoryEvent = {
  type: "EntityOperationCompleted",
  timestamp: 0,
  requestId: "request",
};
const lockRequested: HistoryEvent = {
  type: "EntityLockRequested",
  timestamp: 0,
  eventId: 1,
  criticalSectionId: "section",
  lockSet: ["@log@a"],
};
const lockGranted: HistoryEvent = { type: "EntityLockGranted", timestamp: 0, criticalSectionId: "section" };
const unlocked: HistoryEvent = {
  type: "EntityUnlockSent",
  timestamp: 0,
  eventId: 2,
  criticalSectionId: "section",
  instanceId: "@log@a",
};

describe("what is left of a history", () => {
  test.each<[string, readonly HistoryEvent[], readonly string[]]>([
    [
      "a failed activity goes, with its failure and the end; what came before stays",
      historyOf(
        [started(), taskScheduled(0, "first")],
        [taskCompleted(0), taskScheduled(1, "second")],
        [taskFailed(1), ended(2)],
      ),
      ["ExecutionStarted", "0 TaskScheduled", "0 TaskCompleted"],
    ],
    [
      "of a fan-out only the failed ones go",
      historyOf(
        [started(), taskScheduled(0, "a"), taskScheduled(1, "b"), taskScheduled(2, "c")],
        [taskFailed(0), taskCompleted(1)],
        [taskFailed(2), ended(3)],
      ),
      ["ExecutionStarted", "1 TaskScheduled", "1 TaskCompleted"],
    ],
    [
      "failed retries go with the timers between them",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskFailed(0), timerCreated(1)],
        [timerFired(1), taskScheduled(2, "work")],
        [taskFailed(2), timerCreated(3)],
        [timerFired(3), taskScheduled(4, "work")],
        [taskFailed(4), ended(5)],
      ),
      ["ExecutionStarted"],
    ],
    [
      "a failure that was caught goes, and so does what followed from it alone",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskFailed(0), taskScheduled(1, "compensate")],
        [taskCompleted(1), taskScheduled(2, "notify")],
        [taskCompleted(2), ended(3)],
      ),
      ["ExecutionStarted"],
    ],
    [
      "what something else led to as well stays",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskFailed(0), eventRaised("go"), taskScheduled(1, "next")],
        [taskCompleted(1), ended(2)],
      ),
      ["ExecutionStarted", "EventRaised", "1 TaskScheduled", "1 TaskCompleted"],
    ],
    [
      "a timer goes that a failure may have led to, with what followed from it",
      historyOf(
        [started(), taskScheduled(0, "a"), taskScheduled(1, "b")],
        [taskCompleted(0), taskFailed(1), timerCreated(2), taskScheduled(3, "next")],
        [timerFired(2), taskScheduled(4, "b")],
        [taskFailed(4), ended(5)],
      ),
      ["ExecutionStarted", "0 TaskScheduled", "0 TaskCompleted", "3 TaskScheduled"],
    ],
    [
      "what followed from a failure that a suspension held back goes",
      historyOf(
        [started(), taskScheduled(0, "work"), taskScheduled(1, "other")],
        [suspended()],
        [taskFailed(0), taskCompleted(1)],
        [resumed(), timerCreated(2)],
        [timerFired(2), taskScheduled(3, "work")],
        [taskFailed(3), ended(4)],
      ),
      ["ExecutionStarted", "1 TaskScheduled", "ExecutionSuspended", "1 TaskCompleted", "ExecutionResumed"],
    ],
    [
      "with nothing failed but the end, everything else stays",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskCompleted(0), timerCreated(1)],
        [timerFired(1), ended(2)],
      ),
      ["ExecutionStarted", "0 TaskScheduled", "0 TaskCompleted", "1 TimerCreated", "1 TimerFired"],
    ],
    ["one that failed at once has its start", historyOf([started(), ended(0)]), ["ExecutionStarted"]],
    [
      "the number of the end is nobody else's, whatever it is",
      historyOf(
        [started(), taskScheduled(0, "first")],
        [taskCompleted(0), taskScheduled(1, "second")],
        [taskFailed(1), ended(0)],
      ),
      ["ExecutionStarted", "0 TaskScheduled", "0 TaskCompleted"],
    ],
    [
      "a call of an entity that a failure led to goes with its answer, and what that led to",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskFailed(0), entityCalled],
        [entityAnswered, taskScheduled(2, "notify")],
        [taskCompleted(2), ended(3)],
      ),
      ["ExecutionStarted"],
    ],
    [
      "so does a critical section",
      historyOf(
        [started(), taskScheduled(0, "work")],
        [taskFailed(0), lockRequested],
        [lockGranted, unlocked, ended(3)],
      ),
      ["ExecutionStarted"],
    ],
    [
      "a critical section that no failure led to stays",
      historyOf(
        [started(), lockRequested],
        [lockGranted, taskScheduled(2, "work")],
        [taskFailed(2), ended(3)],
      ),
      ["ExecutionStarted", "1 EntityLockRequested", "EntityLockGranted"],
    ],
  ])("%s", (_what, history, expected) => {
    expect(left(rewind(history))).toEqual(expected);
  });
});

describe("a child that failed", () => {
  const history = historyOf(
    [started(), childCreated(0, "Child", "child"), childCreated(1, "Child", "other")],
    [childCompleted(1, "other")],
    [childFailed(0, "child"), ended(2)],
  );

  test("stays without its failure when it can be rewound, and is to be", () => {
    const rewound = rewind(history, "child");

    expect(rewound.children).toEqual(["child"]);
    expect(left(rewound)).toEqual([
      "ExecutionStarted",
      "0 SubOrchestrationInstanceCreated",
      "1 SubOrchestrationInstanceCreated",
      "1 SubOrchestrationInstanceCompleted",
    ]);
  });

  test("goes when it cannot be rewound, to be started anew", () => {
    const rewound = rewind(history);

    expect(rewound.children).toEqual([]);
    expect(left(rewound)).toEqual([
      "ExecutionStarted",
      "1 SubOrchestrationInstanceCreated",
      "1 SubOrchestrationInstanceCompleted",
    ]);
  });

  test("under the same id in every attempt is rewound as the first of them", () => {
    const rewound = rewind(
      historyOf(
        [started(), childCreated(0, "Child", "child")],
        [childFailed(0, "child"), timerCreated(1)],
        [timerFired(1), childCreated(2, "Child", "child")],
        [childFailed(2, "child"), ended(3)],
      ),
      "child",
    );

    expect(rewound.children).toEqual(["child"]);
    expect(left(rewound)).toEqual(["ExecutionStarted", "0 SubOrchestrationInstanceCreated"]);
  });
});

test("timers that have not fired are set again, those that a failure led to are not", () => {
  const { timers } = rewind(
    historyOf(
      [started(), timerCreated(0, T0 + 60 * SECOND), timerCreated(1, T0), taskScheduled(2, "work")],
      [timerFired(1)],
      [taskFailed(2), timerCreated(3, T0 + 90 * SECOND), ended(4)],
    ),
  );

  expect(timers).toEqual([{ id: 0, fireAt: T0 + 60 * SECOND }]);
});

test("the frames of the episodes stay, and the execution has its new id", () => {
  const history = historyOf([started(), taskScheduled(0, "work")], [taskFailed(0), ended(1)]);

  const rewound = rewind(history);

  expect(rewound.history).toEqual(historyOf([started({ executionId: NEW_EXECUTION_ID })], []));
});

test("what has failed and was rewound can fail and be rewound again", () => {
  const again = historyOf(
    [started(), taskScheduled(0, "first")],
    [taskCompleted(0)],
    [{ type: "ExecutionRewound", timestamp: 0 }],
    [taskScheduled(1, "second")],
    [taskFailed(1), ended(2)],
  );

  expect(left(rewind(again))).toEqual([
    "ExecutionStarted",
    "0 TaskScheduled",
    "0 TaskCompleted",
    "ExecutionRewound",
  ]);
});
