import { create } from "@bufbuild/protobuf";
import { type Empty, EmptySchema } from "@bufbuild/protobuf/wkt";
import {
  type CreateTaskHubRequest,
  type CreateTaskHubResponse,
  CreateTaskHubResponseSchema,
  type DeleteTaskHubRequest,
  type DeleteTaskHubResponse,
  DeleteTaskHubResponseSchema,
} from "../wire/generated/orchestrator_service_pb.ts";
import {
  raiseEvent,
  restartInstance,
  resumeInstance,
  rewindInstance,
  skipGracefulOrchestrationTerminations,
  suspendInstance,
  terminateInstance,
} from "./control.ts";
import { cleanEntityStorage, getEntity, queryEntities, signalEntity } from "./entity-rpcs.ts";
import { getInstance, waitForInstanceCompletion, waitForInstanceStart } from "./look-up.ts";
import { purgeInstances } from "./purge-instances.ts";
import { listInstanceIds, queryInstances } from "./query-instances.ts";
import type { AdminRpc, Rpc } from "./served-hub.ts";
import { startInstance } from "./start-instance.ts";

/** Makes and removes task hubs; without a name the one of the server is meant. */
export interface TaskHubAdmin {
  /** It is there, and as it was if it was there. @throws {DurableError} INVALID_TASK_HUB_NAME */
  create(name: string | undefined): Promise<void>;
  /** It is there, and empty. @throws {DurableError} INVALID_TASK_HUB_NAME */
  recreate(name: string | undefined): Promise<void>;
  /** @throws {DurableError} INVALID_INSTANCE_STATE for the hub of the server, INVALID_TASK_HUB_NAME */
  delete(name: string | undefined): Promise<void>;
}

/** The RPCs about hubs as a whole. */
export function adminRpcs(admin: TaskHubAdmin) {
  const createTaskHub: AdminRpc<CreateTaskHubRequest, CreateTaskHubResponse> = async (
    { recreateIfExists },
    hubName,
  ) => {
    await (recreateIfExists ? admin.recreate(hubName) : admin.create(hubName));
    return create(CreateTaskHubResponseSchema);
  };
  const deleteTaskHub: AdminRpc<DeleteTaskHubRequest, DeleteTaskHubResponse> = async (_request, hubName) => {
    await admin.delete(hubName);
    return create(DeleteTaskHubResponseSchema);
  };
  return { createTaskHub, deleteTaskHub };
}

const hello: Rpc<Empty, Empty> = async () => create(EmptySchema);

/** The RPCs for clients that have one answer, by the names of the service. */
export const managementRpcs = {
  hello,
  startInstance,
  getInstance,
  waitForInstanceStart,
  waitForInstanceCompletion,
  raiseEvent,
  suspendInstance,
  resumeInstance,
  terminateInstance,
  skipGracefulOrchestrationTerminations,
  rewindInstance,
  restartInstance,
  queryInstances,
  listInstanceIds,
  purgeInstances,
  signalEntity,
  getEntity,
  queryEntities,
  cleanEntityStorage,
};
