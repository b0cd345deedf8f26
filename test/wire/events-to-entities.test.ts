import { create } from "@bufbuild/protobuf";
import { expect, test } from "vitest";
import { eventsOf } from "../../src/core/episode-events.ts";
import { given } from "../../src/core/given.ts";
import type { EntityAnswer } from "../../src/core/history-event.ts";
import type { EntityAction, OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { decodeActions } from "../../src/wire/action-codec.ts";
import { OrchestratorActionSchema } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeHistory } from "../../src/wire/history-codec.ts";

const ID = "5f2d8c1e-0000-4000-8000-000000000001";
const EPISODE = { instanceId: "caller", timestamp: 0 };

function decoded(name: string, content: unknown, instanceId = "@counter@a"): OrchestratorAction | undefined {
  const data = typeof content === "object" ? JSON.stringify(content) : (content as string | undefined);
  const action = create(OrchestratorActionSchema, {
    id: 7,
    orchestratorActionType: {
      case: "sendEvent",
      value: { instance: { instanceId }, name, ...given({ data }) },
    },
  });
  return decodeActions([action], EPISODE).actions[0];
}

const common = { id: 7, viaEvents: true } as const;

test.each([
  [
    "S-143: a call",
    "op",
    { op: "add", input: "5", id: ID, parent: "caller", parentExecution: "x" },
    {
      ...common,
      type: "CallEntity",
      instanceId: "@counter@a",
      requestId: ID,
      operation: "add",
      input: "5",
      criticalSectionId: undefined,
    },
  ],
  [
    "S-143: a signal",
    "op",
    { op: "add", signal: true, id: ID },
    {
      ...common,
      type: "SignalEntity",
      instanceId: "@counter@a",
      requestId: ID,
      operation: "add",
      input: undefined,
      scheduledTime: undefined,
    },
  ],
  [
    "S-142: a signal with a time",
    "op@2030-01-01T00:00:00.0000000Z",
    { op: "add", signal: true, id: ID, due: "2030-01-01T00:00:00Z" },
    {
      ...common,
      type: "SignalEntity",
      instanceId: "@counter@a",
      requestId: ID,
      operation: "add",
      input: undefined,
      scheduledTime: Date.UTC(2030, 0, 1),
    },
  ],
  [
    "S-167: a lock, in the order that all workers share",
    "op",
    {
      op: null,
      id: ID,
      lockset: [
        { name: "Counter", key: "b" },
        { name: "counter", key: "a" },
        { name: "counter", key: "b" },
      ],
    },
    { ...common, type: "RequestEntityLock", criticalSectionId: ID, lockSet: ["@counter@a", "@counter@b"] },
  ],
  [
    "S-170: its end",
    "release",
    { parent: "caller", id: ID },
    { ...common, type: "SendEntityUnlock", instanceId: "@counter@a", criticalSectionId: ID },
  ],
])("%s", (_rule, name, content, expected) => {
  expect(decoded(name, content)).toEqual({
    ...expected,
    sentAs: { instanceId: "@counter@a", name, input: JSON.stringify(content) },
  });
});

test.each([
  ["no JSON", "op", "no json", "has no content"],
  ["no content", "op", undefined, "has no content"],
  ["no id", "op", { op: "add" }, "The id in the event to an entity of the sendEvent action 7 is missing"],
  ["an id that is no GUID", "op", { op: "add", id: "first" }, "is 'first', which is no GUID"],
  ["an end of what is no GUID", "release", { id: "first" }, "is 'first', which is no GUID"],
  ["another name", "hello", { id: ID }, "is named 'hello', not op or release"],
  ["a lock of nothing", "op", { id: ID, lockset: [] }, "asks for a lock of no entity"],
  ["an entity without a key", "op", { id: ID, lockset: [{ name: "a" }] }, "without name or key"],
])("%s is refused", (_what, name, content, text) => {
  expect(() => decoded(name, content)).toThrow(text);
});

function historyOf(action: OrchestratorAction | undefined, answer?: EntityAnswer): readonly unknown[] {
  const nothing = {
    accepted: [],
    patches: [],
    completion: undefined,
    continuedAsNew: undefined,
    customStatus: undefined,
    canceledTimers: [],
    abandoned: [],
    toUnlock: [],
  };
  const asked = eventsOf({ ...nothing, actions: action ? [action] : [] }, 0);
  const viaEvents = new Set<string>();
  const events = [
    ...encodeHistory(asked, "worker", viaEvents),
    ...encodeHistory(answer ? [answer] : [], "worker", viaEvents),
  ];
  return events.map(({ eventId, eventType }) => [eventId, eventType.case, eventType.value]);
}

const LATE = "op@2030-01-01T00:00:00.1234567Z";

test.each([
  ["a call", "op", { op: "add", input: "5", id: ID, parent: "caller", Timestamp: "0001-01-01T00:00:00" }],
  ["a signal whose time is capped", LATE, { op: "add", signal: true, id: ID, due: "2031-01-01T00:00:00.7Z" }],
  [
    "a lock",
    "op",
    {
      op: null,
      id: ID,
      lockset: [
        { name: "Counter", key: "b" },
        { name: "a", key: "a" },
      ],
    },
  ],
  ["an unlock", "release", { parent: "caller", id: ID }],
])("S-142: the history tells %s word for word", (_what, name, content) => {
  const instanceId = "@counter@b";

  expect(historyOf(decoded(name, content, instanceId))).toMatchObject([
    [7, "eventSent", { instanceId, name, input: JSON.stringify(content) }],
  ]);
});

test.each<[string, string, object, object]>([
  [
    "a call",
    "op",
    { op: "add", input: "5", id: ID, parent: "caller" },
    { name: "op", input: JSON.stringify({ op: "add", input: "5", id: ID }) },
  ],
  [
    "a signal with a time",
    LATE,
    { op: "add", signal: true, id: ID, due: "2030-01-01T00:00:00.1234567Z" },
    { name: "op@2030-01-01T00:00:00.123Z" },
  ],
  [
    "a lock",
    "op",
    { op: null, id: ID, lockset: [{ name: "counter", key: "a" }], parent: "caller" },
    { name: "op", input: JSON.stringify({ op: null, id: ID, lockset: [{ name: "counter", key: "a" }] }) },
  ],
  ["an unlock", "release", { parent: "caller", id: ID }, { input: JSON.stringify({ id: ID }) }],
])("a history without the event tells %s by what it was about", (_what, name, content, event) => {
  const { sentAs: _, ...action } = decoded(name, content) as EntityAction;

  expect(historyOf(action)).toMatchObject([[7, "eventSent", { instanceId: "@counter@a", ...event }]]);
});

test("S-144: what was asked for by an event is told as one, and so is the answer", () => {
  const call = decoded("op", { op: "add", input: "5", id: ID });
  const history = historyOf(call, {
    type: "EntityOperationCompleted",
    timestamp: 0,
    requestId: ID,
    result: "12",
  });

  expect(history).toMatchObject([
    [
      7,
      "eventSent",
      { instanceId: "@counter@a", name: "op", input: JSON.stringify({ op: "add", input: "5", id: ID }) },
    ],
    [-1, "eventRaised", { name: ID, input: JSON.stringify({ result: "12" }) }],
  ]);
});

test("S-144: a failure is told with its details, a lock with the text that stands for it", () => {
  const call = decoded("op", { op: "add", id: ID });
  const failure = { errorType: "RangeError", errorMessage: "too much" };
  const [, failed] = historyOf(call, { type: "EntityOperationFailed", timestamp: 0, requestId: ID, failure });
  const lock = decoded("op", { op: null, id: ID, lockset: [{ name: "counter", key: "a" }] });
  const [asked, granted] = historyOf(lock, {
    type: "EntityLockGranted",
    timestamp: 0,
    criticalSectionId: ID,
  });

  expect(failed).toMatchObject([
    -1,
    "eventRaised",
    { name: ID, input: expect.stringContaining('"exceptionType":"RangeError"') },
  ]);
  expect(asked).toMatchObject([
    7,
    "eventSent",
    { input: JSON.stringify({ op: null, id: ID, lockset: [{ name: "counter", key: "a" }] }) },
  ]);
  expect(granted).toMatchObject([
    -1,
    "eventRaised",
    { name: ID, input: JSON.stringify({ result: "Lock Acquisition Completed" }) },
  ]);
});

test("what was asked for by a message of its own stays one", () => {
  const history = historyOf(undefined, { type: "EntityOperationCompleted", timestamp: 0, requestId: ID });

  expect(history).toMatchObject([[-1, "entityOperationCompleted", { requestId: ID }]]);
});
