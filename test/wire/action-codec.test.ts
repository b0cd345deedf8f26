import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { deterministicGuid } from "../../src/core/deterministic-guid.ts";
import { decodeActions, type RequestedActions } from "../../src/wire/action-codec.ts";
import {
  OrchestrationStatus,
  type OrchestratorActionSchema,
  OrchestratorResponseSchema,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { MalformedMessageError } from "../../src/wire/malformed-message-error.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { failure, SECOND, T0 } from "../support/history.ts";
import { sentBySdk } from "./sdk-messages.ts";

type ActionInit = MessageInitShape<typeof OrchestratorActionSchema>;
type Kind = NonNullable<ActionInit["orchestratorActionType"]>;
type EntityKind = NonNullable<(Kind & { case: "sendEntityMessage" })["value"]["EntityMessageType"]>;
type CompleteInit = (Kind & { case: "completeOrchestration" })["value"];

const entity = "@counter@a";
const requestId = "5e0a0b0e-6a39-4bd1-b1fe-1d1b3f4f3c52";
const sectionId = "5e0a0b0e-6a39-4bd1-b1fe-1d1b3f4f3c53";
const nothing = { actions: [], terminations: [], end: undefined };

/** Through the bytes of a published SDK and back. */
function received(...actions: readonly ActionInit[]): RequestedActions {
  const bytes = toBinary(
    OrchestratorResponseSchema,
    create(OrchestratorResponseSchema, { actions: [...actions] }),
  );
  const response = fromBinary(OrchestratorResponseSchema, sentBySdk("OrchestratorResponse", bytes));
  return decodeActions(response.actions, { instanceId: "mother", timestamp: T0 });
}

const action = (id: number, orchestratorActionType: Kind): ActionInit => ({ id, orchestratorActionType });
const ofEntity = (id: number, EntityMessageType: EntityKind): ActionInit =>
  action(id, { case: "sendEntityMessage", value: { EntityMessageType } });
const complete = (value: CompleteInit, id = 9): ActionInit =>
  action(id, { case: "completeOrchestration", value });
const scheduleTask = (id: number): ActionInit =>
  action(id, { case: "scheduleTask", value: { name: "SayHello" } });

/** Each kind that becomes an action of the core, with all its fields. */
const ACTIONS: readonly (readonly [string, ActionInit, object])[] = [
  [
    "scheduleTask",
    action(0, {
      case: "scheduleTask",
      value: {
        name: "SayHello",
        version: "2",
        input: '"Tokyo"',
        tags: { team: "blue" },
        parentTraceContext: { traceParent: "00-aa-bb-01", traceState: "k=v" },
      },
    }),
    {
      type: "ScheduleTask",
      id: 0,
      name: "SayHello",
      input: '"Tokyo"',
      retryOf: undefined,
      version: "2",
      tags: { team: "blue" },
      traceContext: { traceParent: "00-aa-bb-01", traceState: "k=v" },
    },
  ],
  [
    "createTimer",
    action(1, { case: "createTimer", value: { fireAt: encodeTimestamp(T0 + SECOND) } }),
    { type: "CreateTimer", id: 1, fireAt: T0 + SECOND, retryOf: undefined, timeoutOf: undefined },
  ],
  [
    "createSubOrchestration",
    action(2, {
      case: "createSubOrchestration",
      value: {
        instanceId: "child",
        name: "Child",
        version: "1",
        input: "1",
        tags: { team: "blue" },
        parentTraceContext: { traceParent: "00-aa-bb-01", spanID: "bb" },
      },
    }),
    {
      type: "CreateSubOrchestration",
      id: 2,
      instanceId: "child",
      name: "Child",
      version: "1",
      input: "1",
      retryOf: undefined,
      fireAndForget: false,
      tags: { team: "blue" },
      traceContext: { traceParent: "00-aa-bb-01", spanId: "bb" },
    },
  ],
  [
    "sendEvent",
    action(3, { case: "sendEvent", value: { instance: { instanceId: "other" }, name: "go", data: "1" } }),
    { type: "SendEvent", id: 3, instanceId: "other", name: "go", input: "1" },
  ],
  [
    "entityOperationCalled",
    ofEntity(4, {
      case: "entityOperationCalled",
      value: { requestId, operation: "add", input: "1", targetInstanceId: entity },
    }),
    {
      type: "CallEntity",
      id: 4,
      requestId,
      instanceId: entity,
      operation: "add",
      input: "1",
      criticalSectionId: undefined,
    },
  ],
  [
    "entityOperationSignaled",
    ofEntity(5, {
      case: "entityOperationSignaled",
      value: { requestId, operation: "add", targetInstanceId: entity, scheduledTime: encodeTimestamp(T0) },
    }),
    {
      type: "SignalEntity",
      id: 5,
      requestId,
      instanceId: entity,
      operation: "add",
      input: undefined,
      scheduledTime: T0,
    },
  ],
  [
    "entityLockRequested",
    ofEntity(6, {
      case: "entityLockRequested",
      value: { criticalSectionId: sectionId, lockSet: [entity, "@b@b"] },
    }),
    { type: "RequestEntityLock", id: 6, criticalSectionId: sectionId, lockSet: ["@b@b", entity] },
  ],
  [
    "entityUnlockSent",
    ofEntity(7, {
      case: "entityUnlockSent",
      value: { criticalSectionId: sectionId, targetInstanceId: entity },
    }),
    { type: "SendEntityUnlock", id: 7, criticalSectionId: sectionId, instanceId: entity },
  ],
];

describe("an action a worker asks for", () => {
  test.each(ACTIONS)("%s has all its fields", (_, wire, core) => {
    expect(received(wire)).toStrictEqual({ ...nothing, actions: [core] });
  });

  test("terminateOrchestration stands apart", () => {
    const value = { instanceId: "other", reason: '"enough"', recurse: true };

    expect(received(action(3, { case: "terminateOrchestration", value })).terminations).toEqual([
      { instanceId: "other", output: '"enough"', recurse: true },
    ]);
  });

  test("has its place by its id, however it was sent", () => {
    const { actions, end } = received(
      scheduleTask(10),
      complete({ orchestrationStatus: OrchestrationStatus.COMPLETED }, 1),
      scheduleTask(2),
      scheduleTask(0),
    );

    expect(actions.map(({ id }) => id)).toEqual([0, 2, 10]);
    expect(end).toBeDefined();
  });

  test.each([
    [1, "mother:0001"],
    [0xabcde, "mother:abcde"],
  ])("a child without an id gets one from its parent and action %i", (id, instanceId) => {
    const child = action(id, { case: "createSubOrchestration", value: { name: "Child" } });

    expect(received(child).actions).toMatchObject([{ instanceId }]);
  });

  test.each([
    ["no input", undefined],
    ["an empty input", ""],
  ])("%s stays what it is", (_, input) => {
    const withInput = action(1, {
      case: "scheduleTask",
      value: { name: "SayHello", ...(input === undefined ? {} : { input }) },
    });

    expect(received(withInput).actions).toMatchObject([{ input }]);
  });

  test("may share its id with the end when nothing waits for it", () => {
    const unlock = ofEntity(-1, {
      case: "entityUnlockSent",
      value: { criticalSectionId: sectionId, targetInstanceId: entity },
    });

    expect(received(unlock, complete({ orchestrationStatus: 1 }, -1)).actions).toMatchObject([{ id: -1 }]);
  });
});

test.each([
  ["in lower case", requestId],
  ["in upper case", requestId.toUpperCase()],
  ["without dashes", requestId.replaceAll("-", "")],
  ["of an orchestrator in this process", deterministicGuid("abc", "entity", 0)],
])("a request id may be a GUID %s", (_, id) => {
  const value = { requestId: id, operation: "add", targetInstanceId: entity };

  expect(received(ofEntity(4, { case: "entityOperationCalled", value })).actions).toMatchObject([
    { requestId: id },
  ]);
});

describe("the end of an execution", () => {
  const broken = failure("it broke");

  test.each<[string, CompleteInit, object]>([
    [
      "completed",
      { orchestrationStatus: 1, result: "7" },
      { status: "Completed", result: "7", failure: undefined },
    ],
    [
      "completed without a result",
      { orchestrationStatus: 1 },
      { status: "Completed", result: undefined, failure: undefined },
    ],
    [
      "failed",
      { orchestrationStatus: 3, failureDetails: { errorType: "Error", errorMessage: "it broke" } },
      { status: "Failed", result: undefined, failure: broken },
    ],
    [
      "failed, told in details",
      { orchestrationStatus: 3, details: "it broke" },
      { status: "Failed", failure: broken },
    ],
    [
      "failed, told in the result",
      { orchestrationStatus: 3, result: "it broke" },
      { status: "Failed", failure: broken },
    ],
    [
      "failed, not told why",
      { orchestrationStatus: 3 },
      { status: "Failed", failure: failure("The worker gave no reason.") },
    ],
    [
      "terminated",
      { orchestrationStatus: 5, result: '"enough"' },
      { status: "Terminated", result: '"enough"' },
    ],
  ])("%s", (_, value, completion) => {
    expect(received(complete(value)).end).toMatchObject({
      type: "completed",
      completion: { eventId: 9, ...completion },
    });
  });

  test("is no end when it continues as new", () => {
    const end = received(
      complete({
        orchestrationStatus: OrchestrationStatus.CONTINUED_AS_NEW,
        result: "8",
        newVersion: "2",
        carryoverEvents: [
          {
            timestamp: encodeTimestamp(T0 - 5),
            eventType: { case: "eventRaised", value: { name: "go", input: "1" } },
          },
          { eventType: { case: "eventRaised", value: { name: "stop" } } },
        ],
      }),
    ).end;

    expect(end).toStrictEqual({
      type: "continuedAsNew",
      continuedAsNew: {
        input: "8",
        version: "2",
        carriedOver: [
          { type: "EventRaised", timestamp: T0 - 5, name: "go", input: "1" },
          { type: "EventRaised", timestamp: T0, name: "stop" },
        ],
      },
    });
  });
});

describe("a malformed response names what is wrong", () => {
  const target = { targetInstanceId: entity };

  test.each<[string, readonly ActionInit[], RegExp]>([
    ["no kind", [{ id: 4 }], /kind of action 4 is missing/],
    [
      "no kind of entity message",
      [ofEntity(4, { case: undefined })],
      /kind of the sendEntityMessage action 4/,
    ],
    ["no fireAt", [action(4, { case: "createTimer", value: {} })], /fireAt of the createTimer action 4/],
    [
      "no receiver",
      [action(4, { case: "sendEvent", value: { name: "go" } })],
      /instance of the sendEvent action 4/,
    ],
    [
      "nobody to terminate",
      [action(4, { case: "terminateOrchestration", value: {} })],
      /instance of the terminateOrch/,
    ],
    [
      "a call without a request",
      [ofEntity(4, { case: "entityOperationCalled", value: target })],
      /requestId of the entityOperationCalled action 4/,
    ],
    [
      "a call of nobody",
      [ofEntity(4, { case: "entityOperationCalled", value: { requestId } })],
      /targetInstanceId of the entityOperationCalled action 4/,
    ],
    [
      "a signal without a request",
      [ofEntity(4, { case: "entityOperationSignaled", value: target })],
      /requestId/,
    ],
    [
      "a signal to nobody",
      [ofEntity(4, { case: "entityOperationSignaled", value: { requestId } })],
      /targetInstanceId/,
    ],
    [
      "a lock without a section",
      [ofEntity(4, { case: "entityLockRequested", value: { lockSet: [entity] } })],
      /criticalSectionId/,
    ],
    [
      "a lock of nothing",
      [ofEntity(4, { case: "entityLockRequested", value: { criticalSectionId: sectionId } })],
      /lockSet/,
    ],
    [
      "an unlock without a section",
      [ofEntity(4, { case: "entityUnlockSent", value: target })],
      /criticalSectionId/,
    ],
    [
      "an unlock of nobody",
      [ofEntity(4, { case: "entityUnlockSent", value: { criticalSectionId: sectionId } })],
      /targetInstanceId/,
    ],
    [
      "a call whose request is no GUID",
      [ofEntity(4, { case: "entityOperationCalled", value: { ...target, requestId: "first" } })],
      /requestId of the entityOperationCalled action 4 is 'first', which is no GUID/,
    ],
    [
      "a signal whose request is no GUID",
      [ofEntity(4, { case: "entityOperationSignaled", value: { ...target, requestId: `${requestId}0` } })],
      /requestId of the entityOperationSignaled action 4 is '5e0a0b0e.*', which is no GUID/,
    ],
    [
      "a lock whose section is no GUID",
      [ofEntity(4, { case: "entityLockRequested", value: { criticalSectionId: "s", lockSet: [entity] } })],
      /criticalSectionId of the entityLockRequested action 4 is 's', which is no GUID/,
    ],
    [
      "an unlock whose section is no GUID",
      [ofEntity(4, { case: "entityUnlockSent", value: { ...target, criticalSectionId: "s" } })],
      /criticalSectionId of the entityUnlockSent action 4 is 's', which is no GUID/,
    ],
    ["a negative id", [scheduleTask(-1)], /ScheduleTask action is -1/],
    ["an id twice", [scheduleTask(1), scheduleTask(1)], /More than one action has the id 1/],
    [
      "two ends",
      [complete({ orchestrationStatus: 1 }), complete({ orchestrationStatus: 3 })],
      /more than one completeOrch/,
    ],
    ["an end that is none", [complete({ orchestrationStatus: 0 })], /status Running, which is no end/],
    [
      "an unknown status",
      [complete({ orchestrationStatus: 77 as OrchestrationStatus })],
      /no orchestration status 77/,
    ],
    ["a rewind", [action(4, { case: "rewindOrchestration", value: {} })], /Action 4 rewinds/],
    [
      "an event that cannot be carried over",
      [
        complete({
          orchestrationStatus: 2,
          carryoverEvents: [{ eventType: { case: "timerFired", value: {} } }],
        }),
      ],
      /kind timerFired cannot be carried over/,
    ],
  ])("%s", (_, actions, text) => {
    expect(() => received(...actions)).toThrow(text);
    expect(() => received(...actions)).toThrow(MalformedMessageError);
  });
});

test("a response without actions asks for nothing", () => {
  expect(received()).toEqual(nothing);
});
