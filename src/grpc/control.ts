import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { checkPayload, toJsonText } from "../core/data-converter.ts";
import { isEntityId } from "../core/entity-id.ts";
import { given } from "../core/given.ts";
import type { MessageEvent } from "../core/history-event.ts";
import { checkName } from "../core/name-limits.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc, ServedHub } from "./served-hub.ts";

const MOST_AT_ONCE = 500;

/** @throws {RpcError} NOT_FOUND */
export const raiseEvent: Rpc<wire.RaiseEventRequest, wire.RaiseEventResponse> = async (
  { instanceId, name, input },
  { hub },
) => {
  if (name === "") throw new RpcError(status.INVALID_ARGUMENT, "The name of the event is missing.");
  checkName(name, "The name of the event");
  if (input !== undefined) checkPayload(input, `The payload of event '${name}'`);
  await tell(hub, instanceId, { type: "EventRaised", timestamp: Date.now(), name, ...given({ input }) });
  return create(wire.RaiseEventResponseSchema);
};

/** @throws {RpcError} NOT_FOUND */
export const suspendInstance: Rpc<wire.SuspendRequest, wire.SuspendResponse> = async (
  { instanceId, reason },
  { hub },
) => {
  checkReason(reason);
  await tell(hub, instanceId, { type: "ExecutionSuspended", timestamp: Date.now(), ...given({ reason }) });
  return create(wire.SuspendResponseSchema);
};

/** @throws {RpcError} NOT_FOUND */
export const resumeInstance: Rpc<wire.ResumeRequest, wire.ResumeResponse> = async (
  { instanceId, reason },
  { hub },
) => {
  checkReason(reason);
  await tell(hub, instanceId, { type: "ExecutionResumed", timestamp: Date.now(), ...given({ reason }) });
  return create(wire.ResumeResponseSchema);
};

/** The output stands word for word as that of the instance. @throws {RpcError} NOT_FOUND */
export const terminateInstance: Rpc<wire.TerminateRequest, wire.TerminateResponse> = async (
  { instanceId, output, recursive },
  { hub },
) => {
  if (output !== undefined) checkPayload(output, "The output");
  await tell(hub, instanceId, {
    type: "ExecutionTerminated",
    timestamp: Date.now(),
    ...given({ output, recurse: recursive ? (true as const) : undefined }),
  });
  return create(wire.TerminateResponseSchema);
};

/** Answers those that could not be terminated. */
export const skipGracefulOrchestrationTerminations: Rpc<
  wire.SkipGracefulOrchestrationTerminationsRequest,
  wire.SkipGracefulOrchestrationTerminationsResponse
> = async ({ instanceBatch, reason }, { hub: { client } }) => {
  const instanceIds = instanceBatch?.instanceIds ?? [];
  checkCount(instanceIds);
  checkReason(reason);
  const unterminatedInstanceIds = instanceIds.filter(isEntityId);
  for (const instanceId of instanceIds.filter((id) => !isEntityId(id))) {
    const delivery = await client.send(instanceId, {
      type: "ExecutionTerminated",
      timestamp: Date.now(),
      ...given({ reason }),
    });
    if (delivery !== "delivered") unterminatedInstanceIds.push(instanceId);
  }
  return create(wire.SkipGracefulOrchestrationTerminationsResponseSchema, { unterminatedInstanceIds });
};

/** @throws {RpcError} NOT_FOUND, FAILED_PRECONDITION unless it has failed */
export const rewindInstance: Rpc<wire.RewindInstanceRequest, wire.RewindInstanceResponse> = async (
  { instanceId, reason },
  { hub: { client } },
) => {
  await client.rewind(instanceId, reason);
  return create(wire.RewindInstanceResponseSchema);
};

/** @throws {RpcError} NOT_FOUND, FAILED_PRECONDITION for the same id while the instance has not ended */
export const restartInstance: Rpc<wire.RestartInstanceRequest, wire.RestartInstanceResponse> = async (
  { instanceId, restartWithNewInstanceId },
  { hub: { client, query } },
) => {
  const record = await query.get(instanceId);
  if (record === undefined || isEntityId(instanceId)) throw notFound(instanceId);
  if (!restartWithNewInstanceId && !isTerminal(record.status)) {
    throw new RpcError(
      status.FAILED_PRECONDITION,
      `Instance '${instanceId}' is ${record.status}. Under its own id it can be restarted when it has ended.`,
    );
  }
  const { name, input, version, tags } = record;
  const started = await client.startNew(name, {
    ...(restartWithNewInstanceId ? {} : { instanceId }),
    ...given({ inputText: input, version, tags }),
  });
  return create(wire.RestartInstanceResponseSchema, { instanceId: started });
};

/** An instance that has ended is told nothing, and nobody is the worse for it. */
async function tell({ client }: ServedHub, instanceId: string, message: MessageEvent): Promise<void> {
  if (isEntityId(instanceId)) {
    throw new RpcError(
      status.INVALID_ARGUMENT,
      `'${instanceId}' is an entity. Signal an operation to it, or purge it.`,
    );
  }
  if ((await client.send(instanceId, message)) === "instance-not-found") throw notFound(instanceId);
}

function notFound(instanceId: string): RpcError {
  return new RpcError(status.NOT_FOUND, `No instance with ID '${instanceId}' was found.`);
}

function checkCount(instanceIds: readonly string[]): void {
  if (instanceIds.length <= MOST_AT_ONCE) return;
  throw new RpcError(
    status.INVALID_ARGUMENT,
    `There are ${instanceIds.length} instance ids; at most ${MOST_AT_ONCE} are allowed at once.`,
  );
}

/** It is kept as JSON text, and may have to stand as an output. @throws {DurableError} PAYLOAD_TOO_LARGE */
function checkReason(reason: string | undefined): void {
  if (reason !== undefined) toJsonText(reason, "The reason");
}
