import { create } from "@bufbuild/protobuf";
import type { Duration } from "@bufbuild/protobuf/wkt";
import { status } from "@grpc/grpc-js";
import { given } from "../core/given.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { SubOrchestrationInstanceCreated } from "../core/history-event.ts";
import { isTerminal, TERMINAL_STATUSES } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import * as wire from "../wire/generated/orchestrator_service_pb.ts";
import { decodeStatus } from "../wire/status-codec.ts";
import { decodeOptionalTimestamp } from "../wire/timestamp-codec.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc, ServedHub } from "./served-hub.ts";

const MOST_AT_ONCE = 500;

/** Removes what has ended, and entities by their ids; what has not ended is left alone and not counted. */
export const purgeInstances: Rpc<wire.PurgeInstancesRequest, wire.PurgeInstancesResponse> = async (
  { request, recursive },
  { hub },
) => {
  switch (request.case) {
    case "instanceId":
      return purged(await purgeAll(hub, [request.value], recursive));
    case "instanceBatch":
      return purged(await purgeAll(hub, checked(request.value.instanceIds), recursive));
    case "purgeInstanceFilter":
      return purgeMatching(hub, request.value, recursive);
    case undefined:
      throw new RpcError(
        status.INVALID_ARGUMENT,
        "It is not said what to purge: an instance id, a batch of ids, or a filter.",
      );
  }
};

function purged(deletedInstanceCount: number, isComplete = true): wire.PurgeInstancesResponse {
  return create(wire.PurgeInstancesResponseSchema, { deletedInstanceCount, isComplete });
}

function checked(instanceIds: readonly string[]): readonly string[] {
  if (instanceIds.length <= MOST_AT_ONCE) return instanceIds;
  throw new RpcError(
    status.INVALID_ARGUMENT,
    `There are ${instanceIds.length} instance ids; at most ${MOST_AT_ONCE} are purged at once.`,
  );
}

async function purgeAll(hub: ServedHub, instanceIds: readonly string[], recursive: boolean): Promise<number> {
  const all = recursive ? await withDescendants(hub, instanceIds) : instanceIds;
  return (await hub.client.purgeInstances(all)).instancesDeleted;
}

/** The instances and all that they have started, as far as histories and records tell. */
async function withDescendants(hub: ServedHub, instanceIds: readonly string[]): Promise<readonly string[]> {
  const found = new Set<string>();
  const toLookAt = await recordsOf(hub, instanceIds);
  for (let record = toLookAt.pop(); record !== undefined; record = toLookAt.pop()) {
    if (found.has(record.instanceId)) continue;
    found.add(record.instanceId);
    if (isTerminal(record.status)) toLookAt.push(...(await childrenOf(hub, record)));
  }
  return [...found];
}

async function recordsOf(hub: ServedHub, instanceIds: readonly string[]): Promise<InstanceRecord[]> {
  const records: InstanceRecord[] = [];
  for (const instanceId of instanceIds) {
    const record = await hub.query.get(instanceId);
    if (record) records.push(record);
  }
  return records;
}

async function childrenOf(hub: ServedHub, parent: InstanceRecord): Promise<readonly InstanceRecord[]> {
  const children: InstanceRecord[] = [];
  for await (const chunk of hub.query.history(parent.instanceId)) {
    for (const event of decodeChunk(chunk, parent)) {
      if (event.type !== "SubOrchestrationInstanceCreated") continue;
      const child = await hub.query.get(event.instanceId);
      if (child && isChildOf(parent, event, child)) children.push(child);
    }
  }
  return children;
}

/** The id may have been another's when the child was asked for. One that nobody waits for names no parent: it was made with the event. */
function isChildOf(
  { instanceId }: InstanceRecord,
  { fireAndForget, timestamp, name }: SubOrchestrationInstanceCreated,
  child: InstanceRecord,
): boolean {
  if (!fireAndForget) return child.parent?.instanceId === instanceId;
  return child.parent === undefined && child.createdAt === timestamp && child.name === name;
}

async function purgeMatching(
  hub: ServedHub,
  filter: wire.PurgeInstanceFilter,
  recursive: boolean,
): Promise<wire.PurgeInstancesResponse> {
  const wanted = filter.runtimeStatus.map(decodeStatus);
  const runtimeStatus = TERMINAL_STATUSES.filter((each) => wanted.length === 0 || wanted.includes(each));
  if (runtimeStatus.length === 0) return purged(0);
  const createdFrom = decodeOptionalTimestamp(filter.createdTimeFrom);
  const createdTo = decodeOptionalTimestamp(filter.createdTimeTo);
  const deadline = filter.timeout ? Date.now() + millisecondsOf(filter.timeout) : Number.POSITIVE_INFINITY;
  if (recursive)
    return purgeTrees(hub, { statuses: runtimeStatus, ...given({ createdFrom, createdTo }) }, deadline);
  let count = 0;
  for await (const { instancesDeleted, done } of hub.client.purgeMatching({
    runtimeStatus,
    ...given({ createdTimeFrom: dateOf(createdFrom), createdTimeTo: dateOf(createdTo) }),
  })) {
    count = instancesDeleted;
    if (!done && Date.now() >= deadline) return purged(count, false);
  }
  return purged(count);
}

async function purgeTrees(
  hub: ServedHub,
  filter: Parameters<ServedHub["query"]["list"]>[0],
  deadline: number,
): Promise<wire.PurgeInstancesResponse> {
  let count = 0;
  for (;;) {
    const { instances } = await hub.query.list(filter, { size: MOST_AT_ONCE, payloads: false });
    const ids = instances.map(({ instanceId }) => instanceId);
    const deleted = ids.length === 0 ? 0 : await purgeAll(hub, ids, true);
    count += deleted;
    if (deleted === 0) return purged(count);
    if (Date.now() >= deadline) return purged(count, false);
  }
}

const dateOf = (time: number | undefined): Date | undefined =>
  time === undefined ? undefined : new Date(time);

const millisecondsOf = ({ seconds, nanos }: Duration): number => Number(seconds) * 1_000 + nanos / 1_000_000;
