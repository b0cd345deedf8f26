import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { given } from "../core/given.ts";
import { TERMINAL_STATUSES } from "../core/orchestration-status.ts";
import type { InstanceFilter } from "../storage/index.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { decodeOptionalTimestamp } from "../wire/timestamp-codec.ts";
import { stateOf } from "./instance-snapshot.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc } from "./served-hub.ts";

const DEFAULT_PAGE = 100;
const MAX_PAGE = 1_000;

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
  const page = await hub.query.list(filter, {
    size: sizeOf(query.maxInstanceCount),
    order: "oldestFirst",
    ...given({ continuationToken: query.continuationToken || undefined }),
  });
  return create(wire.QueryInstancesResponseSchema, {
    orchestrationState: page.instances
      .filter(({ instanceId }) => !instanceId.startsWith("@"))
      .map((record) => stateOf(record, query.fetchInputsAndOutputs)),
    continuationToken: page.continuationToken,
  });
};

/** Ended instances that have ended in the time that is asked for, in the order in which they were made. */
export const listInstanceIds: Rpc<wire.ListInstanceIdsRequest, wire.ListInstanceIdsResponse> = async (
  request,
  { hub },
) => {
  const wanted = request.runtimeStatus.map(decodeStatus);
  const statuses = TERMINAL_STATUSES.filter((each) => wanted.length === 0 || wanted.includes(each));
  const from = decodeOptionalTimestamp(request.completedTimeFrom) ?? Number.NEGATIVE_INFINITY;
  const to = decodeOptionalTimestamp(request.completedTimeTo) ?? Number.POSITIVE_INFINITY;
  const size = sizeOf(request.pageSize);
  let continuationToken = request.lastInstanceKey || undefined;
  const instanceIds: string[] = [];
  do {
    const page = await hub.query.list(
      { statuses },
      {
        size: size - instanceIds.length,
        payloads: false,
        order: "oldestFirst",
        ...given({ continuationToken }),
      },
    );
    for (const { instanceId, completedAt } of page.instances) {
      if (completedAt !== undefined && completedAt >= from && completedAt <= to) instanceIds.push(instanceId);
    }
    continuationToken = page.continuationToken;
  } while (continuationToken !== undefined && instanceIds.length < size);
  return create(wire.ListInstanceIdsResponseSchema, { instanceIds, lastInstanceKey: continuationToken });
};

function sizeOf(wish: number): number {
  if (wish > MAX_PAGE) {
    throw new RpcError(status.INVALID_ARGUMENT, `A page has at most ${MAX_PAGE} instances, not ${wish}.`);
  }
  return wish > 0 ? wish : DEFAULT_PAGE;
}
