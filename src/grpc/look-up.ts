import { create } from "@bufbuild/protobuf";
import { isDurableError } from "../core/errors.ts";
import {
  type GetInstanceRequest,
  type GetInstanceResponse,
  GetInstanceResponseSchema,
} from "../wire/generated/orchestrator_service_pb.ts";
import { stateOf } from "./instance-snapshot.ts";
import type { Rpc, RpcCall } from "./served-hub.ts";

type LookUp = Rpc<GetInstanceRequest, GetInstanceResponse>;

export const getInstance: LookUp = async ({ instanceId, getInputsAndOutputs }, { hub }) => {
  const record = await hub.query.get(instanceId);
  return create(
    GetInstanceResponseSchema,
    record ? { exists: true, orchestrationState: stateOf(record, getInputsAndOutputs) } : { exists: false },
  );
};

/** Waits as long as the caller does. What does not exist is not waited for. */
export const waitForInstanceStart: LookUp = (request, call) =>
  answerAfter(request, call, (id, options) => call.hub.client.waitForStart(id, options));

export const waitForInstanceCompletion: LookUp = (request, call) =>
  answerAfter(request, call, (id, options) => call.hub.client.waitForCompletion(id, options));

async function answerAfter(
  request: GetInstanceRequest,
  call: RpcCall,
  wait: (instanceId: string, options: { readonly signal: AbortSignal }) => Promise<unknown>,
): Promise<GetInstanceResponse> {
  try {
    await wait(request.instanceId, { signal: call.signal });
  } catch (error) {
    if (!isDurableError(error, "INSTANCE_NOT_FOUND")) throw error;
  }
  return getInstance(request, call);
}
