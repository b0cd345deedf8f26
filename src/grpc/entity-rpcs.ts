import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { checkEntityId, type EntityName, parseEntityId } from "../core/entity-id.ts";
import { given } from "../core/given.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { requireGuid } from "../wire/malformed-message-error.ts";
import { decodeOptionalTimestamp, encodeTimestamp } from "../wire/timestamp-codec.ts";
import { MAX_PAGE_BYTES, pageSizeOf } from "./page-limits.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc, ServedHub } from "./served-hub.ts";

const MAX_ID_LENGTH = 100;
/** Only its state tells whether there is an entity: also a page that shows no states is made from them. */
const MAX_BYTES_READ = 32 * 1024 * 1024;

/** @throws {RpcError} INVALID_ARGUMENT */
export const signalEntity: Rpc<wire.SignalEntityRequest, wire.SignalEntityResponse> = async (
  { instanceId, name, input, requestId, scheduledTime },
  { hub: { client } },
) => {
  const entity = entityOf(instanceId);
  const time = decodeOptionalTimestamp(scheduledTime);
  await client.entities.signal(entity, name, undefined, {
    // What is not there stays away; the SDKs tell it from null.
    ...given({
      inputText: input,
      scheduledTime: time === undefined ? undefined : new Date(time),
      requestId: requestId === "" ? undefined : requireGuid(requestId, "The request id of the signal"),
    }),
  });
  return create(wire.SignalEntityResponseSchema);
};

/** An entity exists while it has a state. */
export const getEntity: Rpc<wire.GetEntityRequest, wire.GetEntityResponse> = async (
  { instanceId, includeState },
  { hub },
) => {
  const view = await hub.client.entities.read(entityOf(instanceId));
  if (view === undefined) return create(wire.GetEntityResponseSchema, { exists: false });
  return create(wire.GetEntityResponseSchema, {
    exists: true,
    entity: await metadataOf(view, includeState, hub),
  });
};

export const queryEntities: Rpc<wire.QueryEntitiesRequest, wire.QueryEntitiesResponse> = async (
  { query = create(wire.EntityQuerySchema) },
  { hub },
) => {
  const from = decodeOptionalTimestamp(query.lastModifiedFrom);
  const to = decodeOptionalTimestamp(query.lastModifiedTo);
  const page = await hub.client.entities.list({
    includeTransient: query.includeTransient,
    top: pageSizeOf("pageSize", query.pageSize),
    maxBytes: query.includeState ? MAX_PAGE_BYTES : MAX_BYTES_READ,
    ...given({
      instanceIdPrefix: prefixOf(query.instanceIdStartsWith),
      lastOperationFrom: from === undefined ? undefined : new Date(from),
      lastOperationTo: to === undefined ? undefined : new Date(to),
      continuationToken: query.continuationToken || undefined,
    }),
  });
  const entities = await Promise.all(page.entities.map((view) => metadataOf(view, query.includeState, hub)));
  return create(wire.QueryEntitiesResponseSchema, { entities, continuationToken: page.continuationToken });
};

export const cleanEntityStorage: Rpc<
  wire.CleanEntityStorageRequest,
  wire.CleanEntityStorageResponse
> = async ({ removeEmptyEntities, releaseOrphanedLocks }, { hub: { client } }) => {
  const cleaned = await client.entities.clean({ removeEmptyEntities, releaseOrphanedLocks });
  return create(wire.CleanEntityStorageResponseSchema, {
    emptyEntitiesRemoved: cleaned.numberOfEmptyEntitiesRemoved,
    orphanedLocksReleased: cleaned.numberOfOrphanedLocksRemoved,
  });
};

function entityOf(instanceId: string): EntityName {
  if (instanceId.length > MAX_ID_LENGTH) {
    throw new RpcError(
      status.INVALID_ARGUMENT,
      `The length of the entity id is ${instanceId.length} characters; at most ${MAX_ID_LENGTH} are allowed.`,
    );
  }
  const entity = parseEntityId(instanceId);
  if (entity) return entity;
  throw new RpcError(status.INVALID_ARGUMENT, `'${instanceId}' is no entity id: those look like @name@key.`);
}

/** Entity names are in lower case wherever they are kept. */
function prefixOf(text: string | undefined): string | undefined {
  if (text === undefined || text === "") return undefined;
  const prefix = text.startsWith("@") ? text : `@${text}`;
  const end = prefix.indexOf("@", 1);
  return end < 0 ? prefix.toLowerCase() : prefix.slice(0, end).toLowerCase() + prefix.slice(end);
}

async function metadataOf(
  view: {
    readonly entityId: EntityName;
    readonly state: string | undefined;
    readonly lastOperationTime: Date;
    readonly lockedBy: string | undefined;
  },
  includeState: boolean,
  { query }: ServedHub,
): Promise<wire.EntityMetadata> {
  const instanceId = checkEntityId(view.entityId);
  return create(wire.EntityMetadataSchema, {
    instanceId,
    lastModifiedTime: encodeTimestamp(view.lastOperationTime.getTime()),
    backlogQueueSize: (await query.messages(instanceId)).length,
    lockedBy: view.lockedBy,
    serializedState: includeState ? view.state : undefined,
  });
}
