import { create, fromBinary, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { EntityBatch } from "../../src/core/entity-batch.ts";
import type { EntityOperation } from "../../src/core/entity-message.ts";
import {
  decodeEntityBatchResult,
  type EntityBatchOutcome,
  encodeEntityBatch,
} from "../../src/wire/entity-batch-codec.ts";
import {
  EntityBatchResultSchema,
  EntityRequestSchema,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { MalformedMessageError } from "../../src/wire/malformed-message-error.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { EXECUTION_ID, failure, SECOND, T0 } from "../support/history.ts";
import { asSdkReads, sentBySdk } from "./sdk-messages.ts";

type ResultInit = MessageInitShape<typeof EntityBatchResultSchema>;

const entity = "@counter@a";
const requestId = "5e0a0b0e-6a39-4bd1-b1fe-1d1b3f4f3c52";
const broken = { errorType: "Error", errorMessage: "it broke" };

function batch(state: string | undefined, ...operations: readonly EntityOperation[]): EntityBatch {
  return { entity: { name: "counter", key: "a" }, instanceId: entity, state, operations };
}

const operation = (more: Partial<EntityOperation> = {}): EntityOperation => ({
  type: "EntityOperation",
  timestamp: T0,
  requestId,
  operation: "add",
  input: "1",
  ...more,
});

const sent = (what: EntityBatch): unknown =>
  asSdkReads("EntityRequest", toBinary(EntityRequestSchema, encodeEntityBatch(what, EXECUTION_ID)));

function received(result: ResultInit): EntityBatchOutcome {
  const bytes = toBinary(EntityBatchResultSchema, create(EntityBatchResultSchema, result));
  return decodeEntityBatchResult(fromBinary(EntityBatchResultSchema, sentBySdk("EntityBatchResult", bytes)));
}

describe("a batch for a worker", () => {
  const framed = { eventid: -1, timestamp: { seconds: T0 / 1_000 } };
  const asked = { requestid: requestId, operation: "add", input: { value: "1" } };

  test.each<[string, EntityOperation, object]>([
    ["a signal", operation(), { entityoperationsignaled: asked }],
    [
      "a signal for a time",
      operation({ scheduledTime: T0 + SECOND }),
      { entityoperationsignaled: { ...asked, scheduledtime: { seconds: T0 / 1_000 + 1 } } },
    ],
    [
      "a call",
      operation({ caller: { instanceId: "mother", executionId: EXECUTION_ID }, criticalSectionId: "s" }),
      {
        entityoperationcalled: {
          ...asked,
          parentinstanceid: { value: "mother" },
          parentexecutionid: { value: EXECUTION_ID },
        },
      },
    ],
  ])("holds %s", (_, asks, kind) => {
    expect(sent(batch("5", asks))).toEqual({
      instanceid: entity,
      executionid: EXECUTION_ID,
      entitystate: { value: "5" },
      operationrequestsList: [{ ...framed, ...kind }],
    });
  });

  test.each([
    ["no state", undefined, {}],
    ["an empty state", "", { entitystate: { value: "" } }],
  ])("tells %s", (_, state, expected) => {
    expect(sent(batch(state))).toEqual({ instanceid: entity, executionid: EXECUTION_ID, ...expected });
  });
});

describe("the result of a batch", () => {
  test("holds what each operation came to, in order", () => {
    const results: ResultInit["results"] = [
      { resultType: { case: "success", value: { result: "6" } } },
      { resultType: { case: "failure", value: { failureDetails: broken } } },
      { resultType: { case: "success", value: {} } },
    ];

    expect(received({ results, entityState: "6" })).toEqual({
      type: "done",
      result: {
        results: [
          { type: "completed", result: "6" },
          { type: "failed", failure: failure("it broke") },
          { type: "completed", result: undefined },
        ],
        state: "6",
        actions: [],
      },
    });
  });

  test.each([
    ["deletes the state that is absent", {}, undefined],
    ["keeps a state that is empty", { entityState: "" }, ""],
  ])("%s", (_, result, state) => {
    expect(received(result)).toEqual({ type: "done", result: { results: [], state, actions: [] } });
  });

  test("holds what the operations ask for, in order", () => {
    const scheduledTime = encodeTimestamp(T0 + SECOND);
    const outcome = received({
      actions: [
        {
          operationActionType: {
            case: "sendSignal",
            value: { instanceId: "@b@b", name: "add", input: "1", scheduledTime },
          },
        },
        {
          operationActionType: {
            case: "startNewOrchestration",
            value: {
              instanceId: "abc",
              name: "Hello",
              version: "2",
              input: "1",
              scheduledTime,
              parentTraceContext: { traceParent: "00-aa-bb-01", spanID: "bb", traceState: "k=v" },
            },
          },
        },
        { operationActionType: { case: "startNewOrchestration", value: { name: "Hello" } } },
      ],
    });

    expect(outcome).toMatchObject({
      result: {
        actions: [
          {
            type: "signalEntity",
            instanceId: "@b@b",
            operation: "add",
            input: "1",
            scheduledTime: T0 + SECOND,
          },
          {
            type: "startOrchestration",
            instanceId: "abc",
            name: "Hello",
            version: "2",
            input: "1",
            scheduledAt: T0 + SECOND,
            traceContext: { traceParent: "00-aa-bb-01", spanId: "bb", traceState: "k=v" },
          },
          { type: "startOrchestration", name: "Hello" },
        ],
      },
    });
  });

  test("is a failure when the whole batch has failed", () => {
    expect(received({ failureDetails: broken, entityState: "6" })).toEqual({
      type: "failed",
      failure: failure("it broke"),
    });
  });

  test("may be that the worker wants the state", () => {
    expect(received({ requiresState: true })).toEqual({ type: "stateWanted" });
  });

  test.each<[string, ResultInit, RegExp]>([
    ["a result without a kind", { results: [{}] }, /kind of result 0/],
    [
      "a failure without details",
      { results: [{ resultType: { case: "failure", value: {} } }] },
      /failureDetails of result 0/,
    ],
    ["an action without a kind", { actions: [{ id: 3 }] }, /kind of action 3/],
    [
      "a signal to nobody",
      { actions: [{ id: 3, operationActionType: { case: "sendSignal", value: {} } }] },
      /entity of the sendSignal action 3/,
    ],
  ])("with %s is malformed", (_, result, text) => {
    expect(() => received(result)).toThrow(text);
    expect(() => received(result)).toThrow(MalformedMessageError);
  });
});
