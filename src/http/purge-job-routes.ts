import type { PurgeProgress } from "../storage/index.ts";
import type { ApiRequest } from "./api-request.ts";
import { bareResponse, jsonResponse } from "./responses.ts";

/** DELETE instances with background=true: 202 at once, and where to look how far it is. */
export function startPurgeJob(request: ApiRequest, purge: AsyncIterable<PurgeProgress>): Response {
  const { purgeJobs, hub, jobUrlOf } = request;
  const job = purgeJobs.start(hub.client.taskHubName, purge);
  const statusQueryGetUri = jobUrlOf(job.id);
  return jsonResponse(202, JSON.stringify({ ...job, statusQueryGetUri }), {
    Location: statusQueryGetUri,
    "Retry-After": "1",
  });
}

/** GET purges/{purgeId}: 202 while it goes on, 200 once it has ended. */
export async function getPurgeJob({ purgeJobs, hub, path }: ApiRequest): Promise<Response> {
  const job = purgeJobs.find(hub.client.taskHubName, path["purgeId"] ?? "");
  if (job === undefined) return bareResponse(404);
  return job.status === "Running"
    ? jsonResponse(202, JSON.stringify(job), { "Retry-After": "1" })
    : jsonResponse(200, JSON.stringify(job));
}

/** POST purges/{purgeId}/cancel: it ends with the batch it is at; 410 when it has ended before. */
export async function cancelPurgeJob({ purgeJobs, hub, path }: ApiRequest): Promise<Response> {
  const job = purgeJobs.find(hub.client.taskHubName, path["purgeId"] ?? "");
  if (job === undefined) return bareResponse(404);
  if (job.status !== "Running") return bareResponse(410);
  purgeJobs.cancel(job.id);
  return bareResponse(202);
}
