import { expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { foldHistory, type RuntimeState } from "../../src/core/runtime-state.ts";
import {
  childCompleted,
  childCreated,
  childFailed,
  episode,
  eventRaised,
  resumed,
  started,
  suspended,
  T0,
  taskCompleted,
  taskFailed,
  taskScheduled,
  timerCreated,
  timerFired,
} from "../support/history.ts";

const nothing: Omit<RuntimeState, "eventCount"> = {
  activities: [],
  children: [],
  timers: [],
  entityCalls: [],
  locks: [],
  suspended: undefined,
  parent: undefined,
  returned: false,
};

const lockRequested = (eventId: number, criticalSectionId: string, lockSet: string[]): HistoryEvent => ({
  type: "EntityLockRequested",
  timestamp: T0,
  eventId,
  criticalSectionId,
  lockSet,
});
const lockGranted = (criticalSectionId: string): HistoryEvent => ({
  type: "EntityLockGranted",
  timestamp: T0,
  criticalSectionId,
});
const unlockSent = (eventId: number, criticalSectionId: string, instanceId: string): HistoryEvent => ({
  type: "EntityUnlockSent",
  timestamp: T0,
  eventId,
  criticalSectionId,
  instanceId,
});

const parent = { instanceId: "boss", executionId: "f00", name: "Boss", taskScheduledId: 1 };

test.each<[string, readonly HistoryEvent[], Partial<RuntimeState>]>([
  ["nothing", [], {}],
  ["its parent", [started({ parent })], { parent }],
  [
    "activities without a result",
    [taskScheduled(0, "a"), taskScheduled(1, "b"), taskScheduled(2, "c"), taskCompleted(0), taskFailed(2)],
    { activities: [{ id: 1, name: "b", since: T0 }] },
  ],
  [
    "children without an outcome",
    [
      childCreated(0, "A", "a"),
      childCreated(1, "B", "b"),
      childCreated(2, "C", "c"),
      childFailed(0, "a"),
      childCompleted(2, "c"),
    ],
    { children: [{ id: 1, instanceId: "b", name: "B", since: T0 }] },
  ],
  ["no child that was started and forgotten", [{ ...childCreated(0, "A", "a"), fireAndForget: true }], {}],
  [
    "a child that is tried again under its id",
    [childCreated(0, "A", "a"), childFailed(0, "a"), childCreated(2, "A", "a")],
    { children: [{ id: 2, instanceId: "a", name: "A", since: T0 }] },
  ],
  [
    "timers that have not fired, and what for",
    [
      timerCreated(0),
      timerCreated(1, T0 + 1),
      { ...timerCreated(2, T0 + 2), retryOf: 0 },
      { ...timerCreated(3, T0 + 3), timeoutOf: "go" },
      timerFired(0),
    ],
    {
      timers: [
        { id: 1, fireAt: T0 + 1 },
        { id: 2, fireAt: T0 + 2, retryOf: 0 },
        { id: 3, fireAt: T0 + 3, timeoutOf: "go" },
      ],
    },
  ],
  ["its suspension", [suspended("wait")], { suspended: { since: T0, reason: "wait" } }],
  ["its suspension without a reason", [suspended()], { suspended: { since: T0 } }],
  ["no suspension that a resume has ended", [suspended("wait"), resumed()], {}],
  [
    "its end",
    [{ type: "ExecutionCompleted", timestamp: T0, eventId: 0, status: "Completed" }],
    { returned: true },
  ],
  [
    "the locks that were not let go of",
    [
      lockRequested(0, "left", ["@x@a", "@x@b"]),
      lockRequested(1, "held", ["@x@c", "@x@d"]),
      lockGranted("left"),
      lockGranted("held"),
      unlockSent(2, "held", "@x@c"),
      unlockSent(3, "left", "@x@a"),
      unlockSent(4, "left", "@x@b"),
      lockRequested(5, "asked for", ["@x@e"]),
    ],
    {
      locks: [
        { criticalSectionId: "held", lockSet: ["@x@d"], since: T0, isHeld: true },
        { criticalSectionId: "asked for", lockSet: ["@x@e"], since: T0, isHeld: false },
      ],
    },
  ],
  [
    "no locks that were taken back",
    [lockRequested(0, "asked for", ["@x@a", "@x@b"]), unlockSent(1, "asked for", "@x@b")],
    {},
  ],
  [
    "nothing of what only passes through",
    [
      eventRaised("go"),
      { type: "EventSent", timestamp: T0, eventId: 0, instanceId: "o", name: "n" },
      { type: "ExecutionTerminated", timestamp: T0 },
      { type: "ExecutionRewound", timestamp: T0 },
    ],
    {},
  ],
])("a folded history tells %s", (_what, events, expected) => {
  const history = episode(T0, ...events);

  expect(foldHistory(history)).toEqual({ ...nothing, ...expected, eventCount: history.length });
});
