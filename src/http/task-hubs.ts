import type { ApiRequest } from "./api-request.ts";
import { bareResponse, errorResponse, jsonResponse } from "./responses.ts";

/** GET taskhubs: the hubs of the store. */
export async function listTaskHubs({ taskHubs }: ApiRequest): Promise<Response> {
  const hubs = await taskHubs.list();
  const payloads = hubs.map(({ name, createdAt }) => ({
    name,
    createdTime: new Date(createdAt).toISOString(),
  }));
  return jsonResponse(200, JSON.stringify(payloads));
}

/** DELETE taskhubs/{taskHub}: any but the one this host runs. */
export async function deleteTaskHub({ taskHubs, ownTaskHub, path }: ApiRequest): Promise<Response> {
  const name = path["taskHub"] ?? "";
  if (name.toLowerCase() === ownTaskHub.toLowerCase()) {
    return errorResponse(
      409,
      `This host runs the task hub '${ownTaskHub}'. Stop the host, then delete the hub on its store.`,
    );
  }
  return bareResponse((await taskHubs.markDeleted(name)) ? 200 : 404);
}
