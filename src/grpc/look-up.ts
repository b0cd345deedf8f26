import { create } from "@bufbuild/protobuf";
import { isEntityId } from "../core/entity-id.ts";
import { isDurableError } from "../core/errors.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import {
  type GetInstanceRequest,
  type GetInstanceResponse,
  GetInstanceResponseSchema,
  OrchestrationStatus,
} from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { stateOf } from "./instance-snapshot.ts";
import type { Rpc, RpcCall } from "./served-hub.ts";

type LookUp = Rpc<GetInstanceRequest, GetInstanceResponse>;

/** Entities are looked at by RPCs of their own. */
export const getInstance: LookUp = async ({ instanceId, getInputsAndOutputs }, { hub }) => {
  const record = isEntityId(instanceId) ? undefined : await hub.query.get(instanceId);
  return create(
    GetInstanceResponseSchema,
    record ? { exists: true, orchestrationState: stateOf(record, getInputsAndOutputs) } : { exists: false },
  );
};

/** Waits as long as the caller does. What does not exist is not waited for. */
export const waitForInstanceStart: LookUp = (request, call) =>
  answerAfter(request, call, {
    wait: (id, options) => call.hub.client.waitForStart(id, options),
    until: (status) => status !== OrchestrationStatus.PENDING,
  });

export const waitForInstanceCompletion: LookUp = (request, call) =>
  answerAfter(request, call, {
    wait: (id, options) => call.hub.client.waitForCompletion(id, options),
    until: (status) => isTerminal(decodeStatus(status)),
  });

interface Wait {
  readonly wait: (instanceId: string, options: { readonly signal: AbortSignal }) => Promise<unknown>;
  readonly until: (status: OrchestrationStatus) => boolean;
}

async function answerAfter(
  request: GetInstanceRequest,
  call: RpcCall,
  { wait, until }: Wait,
): Promise<GetInstanceResponse> {
  if (isEntityId(request.instanceId)) return getInstance(request, call);
  for (;;) {
    try {
      await wait(request.instanceId, { signal: call.signal });
    } catch (error) {
      if (!isDurableError(error, "INSTANCE_NOT_FOUND")) throw error;
    }
    const response = await getInstance(request, call);
    // Another may have taken the place of the one that was waited for.
    const state = response.orchestrationState;
    if (state === undefined || until(state.orchestrationStatus)) return response;
  }
}
