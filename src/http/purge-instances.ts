import { isEntityId } from "../core/entity-id.ts";
import { given } from "../core/given.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { ApiRequest } from "./api-request.ts";
import { recordOf } from "./control-instance.ts";
import { instancesOf } from "./instance-filter.ts";
import { startPurgeJob } from "./purge-job-routes.ts";
import { bareResponse, jsonResponse } from "./responses.ts";

/** DELETE instances/{instanceId} (1.9): only what has ended is purged, and entities, which never end (H-66). */
export async function purgeInstance(request: ApiRequest): Promise<Response> {
  const record = await recordOf(request);
  if (record === undefined) return bareResponse(404);
  if (!isTerminal(record.status) && !isEntityId(record.instanceId)) {
    const text = `Instance '${record.instanceId}' cannot be purged: it is ${record.status}, and only what has ended can be.`;
    return jsonResponse(412, JSON.stringify(text));
  }
  const { instancesDeleted } = await request.hub.client.purgeInstances([record.instanceId]);
  return purged(instancesDeleted);
}

/**
 * DELETE instances (1.10). Statuses that are no end match nothing (H-73). A prefix is read with background=true only: the
 * original does not read it (H-74).
 */
export async function purgeInstances(request: ApiRequest): Promise<Response> {
  const { query, hub } = request;
  const { createdTimeFrom, runtimeStatus: asked, instanceIdPrefix, ...narrower } = instancesOf(query);
  if (createdTimeFrom === undefined) {
    return jsonResponse(400, JSON.stringify("Please provide value for 'createdTimeFrom' parameter."));
  }
  const runtimeStatus = asked?.filter((status) => isTerminal(status));
  if (runtimeStatus?.length === 0) return bareResponse(404);
  const isJob = query.flag("background", false);
  const steps = hub.client.purgeMatching({
    ...narrower,
    createdTimeFrom,
    ...given({ runtimeStatus, instanceIdPrefix: isJob ? instanceIdPrefix : undefined }),
  });
  if (isJob) return startPurgeJob(request, steps);
  let instancesDeleted = 0;
  for await (const step of steps) instancesDeleted = step.instancesDeleted;
  return instancesDeleted === 0 ? bareResponse(404) : purged(instancesDeleted);
}

const purged = (instancesDeleted: number): Response =>
  jsonResponse(200, JSON.stringify({ instancesDeleted }));
