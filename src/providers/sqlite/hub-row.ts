import { partitionOf, type TaskHubDescription } from "../../storage/index.ts";

/** A hub as its rows know it. */
export interface HubRow {
  readonly hubId: number;
  readonly description: TaskHubDescription;
}

/** Partitions are numbered over the whole file, so that one number finds the rows of a partition. */
const PARTS_PER_HUB = 1024;

export const MAX_PARTITIONS = PARTS_PER_HUB;

export function partAt(hubId: number, partition: number): number {
  return hubId * PARTS_PER_HUB + partition;
}

export function partOf(hub: HubRow, instanceId: string): number {
  return partAt(hub.hubId, partitionOf(instanceId, hub.description.partitionCount));
}
