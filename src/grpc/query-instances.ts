import { create } from "@bufbuild/protobuf";
import { given } from "../core/given.ts";
import type { CompletionFilter, InstanceFilter } from "../storage/index.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { decodeOptionalTimestamp } from "../wire/timestamp-codec.ts";
import { isDotnet } from "./dotnet-sdk.ts";
import { stateOf } from "./instance-snapshot.ts";
import { MAX_PAGE_BYTES, pageSizeOf } from "./page-limits.ts";
import type { Rpc } from "./served-hub.ts";

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
  const page = await hub.query.list(filter, {
    size: pageSizeOf("maxInstanceCount", query.maxInstanceCount),
    maxBytes: MAX_PAGE_BYTES,
    payloads: fetchInputsAndOutputs || "failure",
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

/** Ended instances in the order in which they have ended. */
export const listInstanceIds: Rpc<wire.ListInstanceIdsRequest, wire.ListInstanceIdsResponse> = async (
  request,
  { hub, userAgent },
) => {
  const filter: CompletionFilter = given({
    statuses: request.runtimeStatus.length === 0 ? undefined : request.runtimeStatus.map(decodeStatus),
    completedFrom: decodeOptionalTimestamp(request.completedTimeFrom),
    completedTo: decodeOptionalTimestamp(request.completedTimeTo),
  });
  const { instanceIds, continuationToken } = await hub.query.listByCompletion(filter, {
    size: pageSizeOf("pageSize", request.pageSize),
    // Its export of histories goes on until a page is empty, and without a key it would begin again.
    tokenAtEnd: isDotnet(userAgent),
    ...given({ continuationToken: request.lastInstanceKey || undefined }),
  });
  return create(wire.ListInstanceIdsResponseSchema, {
    instanceIds: [...instanceIds],
    lastInstanceKey: continuationToken,
  });
};
