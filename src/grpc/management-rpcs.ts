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
import type { Rpc } from "./served-hub.ts";
import { startInstance } from "./start-instance.ts";

/** Makes and removes task hubs. */
export interface TaskHubAdmin {
  /** It is there, and empty. @throws {DurableError} INVALID_INSTANCE_STATE for the hub of the server */
  recreate(name: string): Promise<void>;
  /** @throws {DurableError} INVALID_INSTANCE_STATE for the hub of the server */
  delete(name: string): Promise<void>;
}

/** The RPCs for clients that have one answer, by the names of the service. */
export function managementRpcs(admin: TaskHubAdmin) {
  // The call has made the hub it names already.
  const createTaskHub: Rpc<CreateTaskHubRequest, CreateTaskHubResponse> = async (
    { recreateIfExists },
    { hub },
  ) => {
    if (recreateIfExists) await admin.recreate(hub.name);
    return create(CreateTaskHubResponseSchema);
  };
  const deleteTaskHub: Rpc<DeleteTaskHubRequest, DeleteTaskHubResponse> = async (_request, { hub }) => {
    await admin.delete(hub.name);
    return create(DeleteTaskHubResponseSchema);
  };
  const hello: Rpc<Empty, Empty> = async () => create(EmptySchema);
  return {
    hello,
    createTaskHub,
    deleteTaskHub,
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
}
