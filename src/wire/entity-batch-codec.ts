import { create } from "@bufbuild/protobuf";
import type {
  EntityBatch,
  EntityBatchAction,
  EntityBatchResult,
  EntityOperationResult,
} from "../core/entity-batch.ts";
import type { EntityOperation } from "../core/entity-message.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import { type EventType, NO_EVENT_ID } from "./event-type.ts";
import { decodeFailure } from "./failure-codec.ts";
import {
  type EntityRequest,
  EntityRequestSchema,
  HistoryEventSchema,
  type OperationAction,
  type OperationResult,
  type EntityBatchResult as WireBatchResult,
  type HistoryEvent as WireEvent,
} from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError, requireText } from "./malformed-message-error.ts";
import { decodeOptionalTimestamp, encodeOptionalTimestamp, encodeTimestamp } from "./timestamp-codec.ts";
import { decodeTraceContext } from "./trace-context-codec.ts";

/** What a worker made of a batch. */
export type EntityBatchOutcome =
  | { readonly type: "done"; readonly result: EntityBatchResult }
  /** Nothing of the batch counts; it has to run again. */
  | { readonly type: "failed"; readonly failure: FailureDetails }
  /** The worker had no state to start from and wants the batch with it. */
  | { readonly type: "stateWanted" };

export function encodeEntityBatch(
  { instanceId, state, operations }: EntityBatch,
  executionId: string,
): EntityRequest {
  return create(EntityRequestSchema, {
    instanceId,
    executionId,
    entityState: state,
    operationRequests: operations.map(encodeOperation),
  });
}

function encodeOperation(operation: EntityOperation): WireEvent {
  return create(HistoryEventSchema, {
    eventId: NO_EVENT_ID,
    timestamp: encodeTimestamp(operation.timestamp),
    eventType: encodeOperationType(operation),
  });
}

function encodeOperationType({ caller, ...asked }: EntityOperation): EventType {
  const { requestId, operation, input } = asked;
  const scheduledTime = encodeOptionalTimestamp(asked.scheduledTime);
  if (caller === undefined) {
    return { case: "entityOperationSignaled", value: { requestId, operation, input, scheduledTime } };
  }
  const parent = { parentInstanceId: caller.instanceId, parentExecutionId: caller.executionId };
  return { case: "entityOperationCalled", value: { requestId, operation, input, scheduledTime, ...parent } };
}

/** @throws {MalformedMessageError} */
export function decodeEntityBatchResult(received: WireBatchResult): EntityBatchOutcome {
  if (received.requiresState) return { type: "stateWanted" };
  if (received.failureDetails) return { type: "failed", failure: decodeFailure(received.failureDetails) };
  const results = received.results.map(decodeResult);
  const actions = received.actions.map(decodeBatchAction);
  return { type: "done", result: { results, state: received.entityState, actions } };
}

function decodeResult({ resultType }: OperationResult, index: number): EntityOperationResult {
  switch (resultType.case) {
    case "success":
      return { type: "completed", result: resultType.value.result };
    case "failure": {
      const { failureDetails } = resultType.value;
      if (!failureDetails) throw new MalformedMessageError(`failureDetails of result ${index} are missing.`);
      return { type: "failed", failure: decodeFailure(failureDetails) };
    }
    case undefined:
      throw new MalformedMessageError(`The kind of result ${index} is missing.`);
  }
}

function decodeBatchAction({ id, operationActionType: action }: OperationAction): EntityBatchAction {
  switch (action.case) {
    case "sendSignal": {
      const { instanceId, name, input, scheduledTime } = action.value;
      return {
        type: "signalEntity",
        instanceId: requireText(instanceId, `The entity of the sendSignal action ${id}`),
        operation: name,
        input,
        scheduledTime: decodeOptionalTimestamp(scheduledTime),
      };
    }
    case "startNewOrchestration": {
      const { instanceId, name, version, input, scheduledTime, parentTraceContext } = action.value;
      return {
        type: "startOrchestration",
        instanceId: instanceId === "" ? undefined : instanceId,
        name,
        version,
        input,
        scheduledAt: decodeOptionalTimestamp(scheduledTime),
        ...given({ traceContext: decodeTraceContext(parentTraceContext) }),
      };
    }
    case undefined:
      throw new MalformedMessageError(`The kind of action ${id} of the batch is missing.`);
  }
}
