import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { HistoryEvent, HistoryEventName } from "../../src/core/history-event.ts";
import { HistoryEventSchema } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "../../src/wire/history-codec.ts";
import { EXECUTION_ID, failure, SECOND, T0 } from "../support/history.ts";
import { asSdkReads } from "./sdk-messages.ts";

type EventOf<T extends HistoryEventName> = Extract<HistoryEvent, { readonly type: T }>;

const timestamp = T0 + 7;
const sdkTime = (epochMs: number) => ({
  seconds: Math.floor(epochMs / 1_000),
  ...(epochMs % 1_000 === 0 ? {} : { nanos: (epochMs % 1_000) * 1_000_000 }),
});

const entity = "@counter@a";
const requestId = "5e0a0b0e-6a39-4bd1-b1fe-1d1b3f4f3c52";
const parent = {
  instanceId: "mother",
  executionId: EXECUTION_ID,
  name: "Mother",
  version: "7",
  taskScheduledId: 3,
};
const sdkParent = {
  taskscheduledid: 3,
  name: { value: "Mother" },
  version: { value: "7" },
  orchestrationinstance: { instanceid: "mother", executionid: { value: EXECUTION_ID } },
};
const broken = failure("it broke", { stackTrace: "at work" });
const sdkBroken = { errortype: "Error", errormessage: "it broke", stacktrace: { value: "at work" } };
const traceContext = { traceParent: "00-aa-bb-01", spanId: "bb", traceState: "k=v" };
const sdkTrace = { traceparent: "00-aa-bb-01", spanid: "bb", tracestate: { value: "k=v" } };
const tags = { team: "blue" };
const tagsMap = [["team", "blue"]];

/** Each kind with all its fields, and what a published SDK makes of it; `undefined` where it has no such kind. */
const EVENTS: { readonly [T in HistoryEventName]: readonly [EventOf<T>, object | undefined] } = {
  OrchestratorStarted: [{ type: "OrchestratorStarted", timestamp }, { orchestratorstarted: {} }],
  OrchestratorCompleted: [{ type: "OrchestratorCompleted", timestamp }, undefined],
  PatchMarked: [{ type: "PatchMarked", timestamp, patchId: "p" }, undefined],
  ExecutionStarted: [
    {
      type: "ExecutionStarted",
      timestamp,
      instanceId: "abc",
      executionId: EXECUTION_ID,
      name: "Hello",
      version: "1.2",
      input: '"Tokyo"',
      parent,
      tags,
      scheduledStartTime: T0 + SECOND,
      traceContext,
      generation: 2,
    },
    {
      executionstarted: {
        name: "Hello",
        version: { value: "1.2" },
        input: { value: '"Tokyo"' },
        orchestrationinstance: { instanceid: "abc", executionid: { value: EXECUTION_ID } },
        parentinstance: sdkParent,
        scheduledstarttimestamp: sdkTime(T0 + SECOND),
        parenttracecontext: sdkTrace,
        tagsMap,
      },
    },
  ],
  ExecutionCompleted: [
    { type: "ExecutionCompleted", timestamp, eventId: 9, status: "Failed", result: "1", failure: broken },
    { executioncompleted: { orchestrationstatus: 3, result: { value: "1" }, failuredetails: sdkBroken } },
  ],
  ExecutionTerminated: [
    { type: "ExecutionTerminated", timestamp, reason: "enough", output: "[1]", recurse: true },
    { executionterminated: { input: { value: "[1]" }, recurse: true } },
  ],
  ExecutionSuspended: [
    { type: "ExecutionSuspended", timestamp, reason: "lunch" },
    { executionsuspended: { input: { value: "lunch" } } },
  ],
  ExecutionResumed: [
    { type: "ExecutionResumed", timestamp, reason: "back" },
    { executionresumed: { input: { value: "back" } } },
  ],
  ExecutionRewound: [
    { type: "ExecutionRewound", timestamp, reason: "mended", parent },
    {
      executionrewound: {
        reason: { value: "mended" },
        parentexecutionid: { value: EXECUTION_ID },
        parentinstance: sdkParent,
      },
    },
  ],
  TaskScheduled: [
    {
      type: "TaskScheduled",
      timestamp,
      eventId: 0,
      name: "SayHello",
      version: "2",
      input: "1",
      tags,
      traceContext,
      retryOf: 0,
    },
    {
      taskscheduled: {
        name: "SayHello",
        version: { value: "2" },
        input: { value: "1" },
        parenttracecontext: sdkTrace,
        tagsMap,
      },
    },
  ],
  TaskCompleted: [
    { type: "TaskCompleted", timestamp, taskScheduledId: 4, result: '""' },
    { taskcompleted: { taskscheduledid: 4, result: { value: '""' } } },
  ],
  TaskFailed: [
    { type: "TaskFailed", timestamp, taskScheduledId: 4, reason: "it broke", failure: broken },
    { taskfailed: { taskscheduledid: 4, failuredetails: sdkBroken } },
  ],
  SubOrchestrationInstanceCreated: [
    {
      type: "SubOrchestrationInstanceCreated",
      timestamp,
      eventId: 5,
      instanceId: "child",
      name: "Child",
      version: "1",
      input: "2",
      tags,
      traceContext,
      fireAndForget: true,
    },
    {
      suborchestrationinstancecreated: {
        instanceid: "child",
        name: "Child",
        version: { value: "1" },
        input: { value: "2" },
        parenttracecontext: sdkTrace,
        tagsMap,
      },
    },
  ],
  SubOrchestrationInstanceCompleted: [
    {
      type: "SubOrchestrationInstanceCompleted",
      timestamp,
      taskScheduledId: 5,
      instanceId: "child",
      result: "3",
    },
    { suborchestrationinstancecompleted: { taskscheduledid: 5, result: { value: "3" } } },
  ],
  SubOrchestrationInstanceFailed: [
    {
      type: "SubOrchestrationInstanceFailed",
      timestamp,
      taskScheduledId: 5,
      instanceId: "child",
      reason: "it broke",
      failure: broken,
    },
    { suborchestrationinstancefailed: { taskscheduledid: 5, failuredetails: sdkBroken } },
  ],
  TimerCreated: [
    { type: "TimerCreated", timestamp, eventId: 6, fireAt: T0 + 1, timeoutOf: "go" },
    { timercreated: { fireat: sdkTime(T0 + 1) } },
  ],
  TimerFired: [
    { type: "TimerFired", timestamp, timerId: 6, fireAt: T0 + 1 },
    { timerfired: { timerid: 6, fireat: sdkTime(T0 + 1) } },
  ],
  EventSent: [
    { type: "EventSent", timestamp, eventId: 7, instanceId: "other", name: "go", input: "4" },
    { eventsent: { instanceid: "other", name: "go", input: { value: "4" } } },
  ],
  EventRaised: [
    { type: "EventRaised", timestamp, name: "go", input: "4", messageId: "m" },
    { eventraised: { name: "go", input: { value: "4" } } },
  ],
  EntityOperationCalled: [
    {
      type: "EntityOperationCalled",
      timestamp,
      eventId: 8,
      requestId,
      instanceId: entity,
      operation: "add",
      input: "1",
    },
    {
      entityoperationcalled: {
        requestid: requestId,
        operation: "add",
        input: { value: "1" },
        targetinstanceid: { value: entity },
      },
    },
  ],
  EntityOperationSignaled: [
    {
      type: "EntityOperationSignaled",
      timestamp,
      eventId: 9,
      requestId,
      instanceId: entity,
      operation: "add",
      input: "1",
      scheduledTime: T0 + SECOND,
    },
    {
      entityoperationsignaled: {
        requestid: requestId,
        operation: "add",
        input: { value: "1" },
        scheduledtime: sdkTime(T0 + SECOND),
        targetinstanceid: { value: entity },
      },
    },
  ],
  EntityLockRequested: [
    {
      type: "EntityLockRequested",
      timestamp,
      eventId: 10,
      criticalSectionId: "s",
      lockSet: [entity, "@b@b"],
    },
    { entitylockrequested: { criticalsectionid: "s", locksetList: [entity, "@b@b"] } },
  ],
  EntityUnlockSent: [
    { type: "EntityUnlockSent", timestamp, eventId: 11, criticalSectionId: "s", instanceId: entity },
    { entityunlocksent: { criticalsectionid: "s", targetinstanceid: { value: entity } } },
  ],
  EntityOperationCompleted: [
    { type: "EntityOperationCompleted", timestamp, requestId, result: "1" },
    { entityoperationcompleted: { requestid: requestId, output: { value: "1" } } },
  ],
  EntityOperationFailed: [
    { type: "EntityOperationFailed", timestamp, requestId, failure: broken },
    { entityoperationfailed: { requestid: requestId, failuredetails: sdkBroken } },
  ],
  EntityLockGranted: [
    { type: "EntityLockGranted", timestamp, criticalSectionId: "s" },
    { entitylockgranted: { criticalsectionid: "s" } },
  ],
};

const all: readonly HistoryEvent[] = Object.values(EVENTS).map(([event]) => event);

function sent(events: readonly HistoryEvent[], reader: HistoryReader): unknown[] {
  return encodeHistory(events, reader).map((event) =>
    asSdkReads("HistoryEvent", toBinary(HistoryEventSchema, event)),
  );
}

describe("an SDK that reads a history", () => {
  test.each(Object.entries(EVENTS))("understands %s", (_, [event, kind]) => {
    const eventId = "eventId" in event ? event.eventId : -1;
    const framed = { ...(eventId === 0 ? {} : { eventid: eventId }), timestamp: sdkTime(timestamp), ...kind };

    expect(sent([event], "client")).toEqual(kind === undefined ? [] : [framed]);
  });

  test("gets the reason of a termination as JSON when there is no output", () => {
    const [event] = sent([{ type: "ExecutionTerminated", timestamp, reason: "enough" }], "worker");

    expect(event).toMatchObject({ executionterminated: { input: { value: '"enough"' } } });
  });

  test("gets no value where there is none", () => {
    const bare = sent([{ type: "TaskCompleted", timestamp, taskScheduledId: 0 }], "worker");

    expect(bare).toEqual([{ eventid: -1, timestamp: sdkTime(timestamp), taskcompleted: {} }]);
  });

  test("gets an empty value where the value is empty", () => {
    const empty = sent([{ type: "TaskCompleted", timestamp, taskScheduledId: 0, result: "" }], "worker");

    expect(empty).toEqual([
      { eventid: -1, timestamp: sdkTime(timestamp), taskcompleted: { result: { value: "" } } },
    ]);
  });
});

describe("what is left out", () => {
  const leftOut = (reader: HistoryReader): string[] =>
    all.filter((event) => encodeHistory([event], reader).length === 0).map(({ type }) => type);

  const own = ["OrchestratorCompleted", "PatchMarked"];
  const forWorkers = [...own, "ExecutionCompleted", "ExecutionRewound"];

  test.each<[HistoryReader, readonly string[]]>([
    ["client", own],
    ["worker", forWorkers],
    [
      "workerWithoutEntities",
      [...forWorkers, "EventSent", ...Object.keys(EVENTS).filter((name) => name.startsWith("Entity"))],
    ],
  ])("for a %s", (reader, expected) => {
    expect(leftOut(reader)).toEqual(expected);
  });

  test("every event that is sent has a kind", () => {
    expect(encodeHistory(all, "client").filter(({ eventType }) => eventType.case === undefined)).toEqual([]);
  });
});
