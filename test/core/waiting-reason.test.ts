import { expect, test } from "vitest";
import { explain, type WaitingReason } from "../../src/core/waiting-reason.ts";
import { T0 } from "../support/history.ts";

const AT = "2024-01-02T03:04:05.000Z";

test.each<[WaitingReason, string]>([
  [{ type: "start" }, "It has not been started yet: no host has picked it up."],
  [{ type: "start", scheduledAt: T0 }, `It is scheduled to start at ${AT}.`],
  [{ type: "suspended", since: T0 }, `It is suspended since ${AT}.`],
  [{ type: "suspended", since: T0, reason: "month's end" }, `It is suspended since ${AT}: month's end.`],
  [{ type: "quarantined", reason: "its history is corrupt" }, "It is in quarantine: its history is corrupt."],
  [{ type: "orchestrator-missing", name: "Order" }, "No worker has the orchestrator 'Order'."],
  [
    { type: "version-missing", name: "Order", version: "3.0", versions: ["1.0", "2.0"] },
    "No worker has version '3.0' of the orchestrator 'Order'; there is '1.0', '2.0'.",
  ],
  [
    { type: "version-missing", name: "Order", versions: [] },
    "No worker runs the orchestrator 'Order' without a version.",
  ],
  [
    { type: "blocked", eventId: 3, history: "this", code: "that", likelyCause: "a change." },
    "It is blocked until its code is mended: event 3 of the history is this, but the code now asks for that. Likely cause: a change.",
  ],
  [
    { type: "given-back", kind: "entity", name: "counter", times: 1, why: "the worker refused it" },
    "Work of the entity 'counter' was given back once, the last time because the worker refused it.",
  ],
  [
    { type: "given-back", kind: "activity", name: "Pay", times: 3, why: "the answer meant nothing: no id." },
    "Work of the activity 'Pay' was given back 3 times, the last time because the answer meant nothing: no id.",
  ],
  [{ type: "messages", count: 1 }, "1 message waits for a host to pick them up."],
  [{ type: "messages", count: 3 }, "3 messages wait for a host to pick them up."],
  [
    { type: "activity", name: "Pay", taskId: 0, since: T0, state: "running" },
    `Activity 'Pay' is running since ${AT}.`,
  ],
  [
    { type: "activity", name: "Pay", taskId: 0, since: T0, state: "queued" },
    `Activity 'Pay' waits for a free slot since ${AT}.`,
  ],
  [
    { type: "activity", name: "Pay", taskId: 0, since: T0, state: "unknown" },
    `Activity 'Pay' is under way since ${AT}.`,
  ],
  [
    { type: "sub-orchestration", name: "Ship", instanceId: "s1", since: T0 },
    `It waits for sub-orchestration 'Ship' (instance 's1') since ${AT}.`,
  ],
  [{ type: "timer", dueAt: T0, purpose: "timer" }, `It waits for a timer due at ${AT}.`],
  [{ type: "timer", dueAt: T0, purpose: "retry" }, `A failed call is tried again at ${AT}.`],
  [{ type: "timer", dueAt: T0, purpose: "event-timeout" }, `Its wait for an external event ends at ${AT}.`],
  [{ type: "timer", dueAt: 1e20, purpose: "timer" }, "It waits for a timer due at 100000000000000000000."],
  [
    { type: "entity-call", instanceId: "@a@b", operation: "add", since: T0 },
    `It waits for operation 'add' of entity '@a@b' since ${AT}.`,
  ],
  [
    { type: "lock", instanceId: "@a@b", ahead: 0, since: T0 },
    `It waits for the lock of entity '@a@b' since ${AT}.`,
  ],
  [
    { type: "lock", instanceId: "@a@b", heldBy: "x", ahead: 2, since: T0 },
    `It waits for the lock of entity '@a@b', which instance 'x' holds (2 others wait before it) since ${AT}.`,
  ],
  [{ type: "entity", waiting: 0, lockQueue: [] }, "It is an entity: it waits for operations."],
  [{ type: "entity", waiting: 2, lockQueue: [] }, "It is an entity; 2 messages wait for it."],
  [
    { type: "entity", waiting: 1, lockQueue: [], lockedBy: "x" },
    "It is an entity that instance 'x' has locked; 1 message waits for it.",
  ],
  [{ type: "event", names: ["approval"] }, "It waits for external event 'approval'."],
  [{ type: "event", names: ["approval", "refusal"] }, "It waits for external event 'approval', 'refusal'."],
  [{ type: "event", names: [] }, "It waits for an external event."],
  [
    { type: "returned", openTasks: 1 },
    "Its function has returned; it ends when the task it did not wait for has ended.",
  ],
  [
    { type: "returned", openTasks: 2 },
    "Its function has returned; it ends when the 2 tasks it did not wait for have ended.",
  ],
  [{ type: "next-episode" }, "It is about to run its next episode."],
])("%j reads well", (reason, sentence) => {
  expect(explain("abc123", [reason])).toEqual({ instanceId: "abc123", reasons: [reason], sentence });
});

test("without a reason an instance is about to run its next episode", () => {
  expect(explain("abc123", [])).toEqual({
    instanceId: "abc123",
    reasons: [{ type: "next-episode" }],
    sentence: "It is about to run its next episode.",
  });
});

test("the sentence tells the first of several reasons, and how many more there are", () => {
  const reasons: WaitingReason[] = [
    { type: "event", names: ["go"] },
    { type: "next-episode" },
    { type: "start" },
  ];

  const { sentence, reasons: all } = explain("abc123", reasons);

  expect(sentence).toBe("It waits for external event 'go' (and 2 more).");
  expect(all).toEqual(reasons);
});
