import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { isDurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { isTerminal, type RuntimeStatus } from "../core/orchestration-status.ts";
import {
  type CreateInstanceRequest,
  type CreateInstanceResponse,
  CreateInstanceResponseSchema,
  OrchestrationIdReuseAction,
  type OrchestrationIdReusePolicy,
} from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { decodeTags } from "../wire/tags-codec.ts";
import { decodeOptionalTimestamp } from "../wire/timestamp-codec.ts";
import { decodeTraceContext } from "../wire/trace-context-codec.ts";
import { isGo } from "./go-sdk.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc } from "./served-hub.ts";

const EXECUTION_ID = /^[0-9a-f]{32}$/;

/** @throws {RpcError} ALREADY_EXISTS, INVALID_ARGUMENT */
export const startInstance: Rpc<CreateInstanceRequest, CreateInstanceResponse> = async (request, call) => {
  const { client } = call.hub;
  const { instanceId, name, version, input, executionId } = request;
  const policy = request.orchestrationIdReusePolicy;
  const startAt = decodeOptionalTimestamp(request.scheduledStartTimestamp);
  try {
    const started = await client.startNew(name, {
      instanceId,
      ...given({
        version: version || undefined,
        inputText: input,
        // Some clients send the beginning of 1970 for "at once".
        startAt: startAt === undefined || startAt <= 0 ? undefined : new Date(startAt),
        executionId: executionId !== undefined && EXECUTION_ID.test(executionId) ? executionId : undefined,
        tags: decodeTags(request.tags),
        traceContext: decodeTraceContext(request.parentTraceContext),
        replaceable: policy && replaceableOf(policy, isGo(call.userAgent)),
        signal: policy && call.signal,
      }),
    });
    return create(CreateInstanceResponseSchema, { instanceId: started });
  } catch (error) {
    if (!isDurableError(error, "INSTANCE_ALREADY_EXISTS")) throw error;
    if (await isToBeIgnored(policy, instanceId, client))
      return create(CreateInstanceResponseSchema, { instanceId });
    throw new RpcError(
      status.ALREADY_EXISTS,
      `An orchestration instance already exists with the id '${instanceId}', and the start may not replace it: ${error.message}`,
    );
  }
};

/** Which instances with the same id the start may replace. @throws {RpcError} INVALID_ARGUMENT */
function replaceableOf(
  { replaceableStatus, action }: OrchestrationIdReusePolicy,
  isOfGo: boolean,
): readonly RuntimeStatus[] {
  const statuses = replaceableStatus.map(decodeStatus);
  // Its policies have an action; that it is an error to start again is not on the wire, as is any first of a kind.
  if (isOfGo && action === undefined) return [];
  if (action !== undefined) {
    return action === OrchestrationIdReuseAction.TERMINATE ? [...statuses, "Terminated"] : [];
  }
  const live = statuses.find((each) => !isTerminal(each));
  if (live === undefined || statuses.includes("Terminated")) return statuses;
  throw new RpcError(
    status.INVALID_ARGUMENT,
    `An instance that is ${live} is replaced by terminating it: the reuse policy must allow Terminated as well.`,
  );
}

/** Older clients may ask that a start is forgotten where the id is taken. */
async function isToBeIgnored(
  policy: OrchestrationIdReusePolicy | undefined,
  instanceId: string,
  client: { getStatus(id: string): Promise<{ readonly runtimeStatus: RuntimeStatus } | undefined> },
): Promise<boolean> {
  if (policy?.action !== OrchestrationIdReuseAction.IGNORE) return false;
  const existing = await client.getStatus(instanceId);
  return (
    existing !== undefined && policy.replaceableStatus.map(decodeStatus).includes(existing.runtimeStatus)
  );
}
