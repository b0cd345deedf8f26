import { create, toBinary } from "@bufbuild/protobuf";
import { given } from "../core/given.ts";
import type { CompletionFilter, InstanceFilter } from "../storage/index.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { decodeOptionalTimestamp } from "../wire/timestamp-codec.ts";
import { stateOf } from "./instance-snapshot.ts";
import { pageSizeOf } from "./page-size.ts";
import type { Rpc } from "./served-hub.ts";

const MAX_PAGE_BYTES = 3 * 1024 * 1024;

/** Oldest first, or in the order of ids when they have a prefix. Entities are not among them. */
export const queryInstances: Rpc<wire.QueryInstancesRequest, wire.QueryInstancesResponse> = async (
  { query = create(wire.InstanceQuerySchema) },
  { hub },
) => {
  const prefix = query.instanceIdPrefix || undefined;
  if (prefix?.startsWith("@")) return create(wire.QueryInstancesResponseSchema);
  const filter: InstanceFilter = given({
    statuses: query.runtimeStatus.length === 0 ? undefined : query.runtimeStatus.map(decodeStatus),
    createdFrom: decodeOptionalTimestamp(query.createdTimeFrom),
    createdTo: decodeOptionalTimestamp(query.createdTimeTo),
    instanceIdPrefix: prefix,
  });
  const { fetchInputsAndOutputs, continuationToken } = query;
  const pageOf = async (size: number): Promise<wire.QueryInstancesResponse> => {
    const page = await hub.query.list(filter, {
      size,
      order: "oldestFirst",
      ...given({ continuationToken: continuationToken || undefined }),
    });
    return create(wire.QueryInstancesResponseSchema, {
      orchestrationState: page.instances
        .filter(({ instanceId }) => !instanceId.startsWith("@"))
        .map((record) => stateOf(record, fetchInputsAndOutputs)),
      continuationToken: page.continuationToken,
    });
  };
  return smallEnough(pageSizeOf("maxInstanceCount", query.maxInstanceCount), pageOf);
};

/** Clients of some SDKs receive no message above 4 MB: a page of large instances has fewer of them. */
async function smallEnough(
  size: number,
  pageOf: (size: number) => Promise<wire.QueryInstancesResponse>,
): Promise<wire.QueryInstancesResponse> {
  const page = await pageOf(size);
  const bytes = toBinary(wire.QueryInstancesResponseSchema, page).length;
  if (bytes <= MAX_PAGE_BYTES || size === 1) return page;
  const fitting = Math.floor((page.orchestrationState.length * MAX_PAGE_BYTES) / bytes);
  return smallEnough(Math.max(1, Math.min(fitting, size - 1)), pageOf);
}

/** Ended instances in the order in which they have ended. */
export const listInstanceIds: Rpc<wire.ListInstanceIdsRequest, wire.ListInstanceIdsResponse> = async (
  request,
  { hub },
) => {
  const filter: CompletionFilter = given({
    statuses: request.runtimeStatus.length === 0 ? undefined : request.runtimeStatus.map(decodeStatus),
    completedFrom: decodeOptionalTimestamp(request.completedTimeFrom),
    completedTo: decodeOptionalTimestamp(request.completedTimeTo),
  });
  const { instanceIds, continuationToken } = await hub.query.listByCompletion(filter, {
    size: pageSizeOf("pageSize", request.pageSize),
    ...given({ continuationToken: request.lastInstanceKey || undefined }),
  });
  return create(wire.ListInstanceIdsResponseSchema, {
    instanceIds: [...instanceIds],
    lastInstanceKey: continuationToken,
  });
};
