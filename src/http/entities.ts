import { bareResponse, errorResponse, jsonResponse } from "./responses.ts";

// There are no entities in this version: each route answers as for an entity nobody has used.

/** GET entities/{entityName}/{entityKey} (1.15). */
export async function getEntity(): Promise<Response> {
  return bareResponse(404);
}

/** GET entities and entities/{entityName} (1.16). */
export async function listEntities(): Promise<Response> {
  return jsonResponse(200, "[]", { "x-ms-continuation-token": "" });
}

/** POST and DELETE entities/{entityName}/{entityKey?} (1.17): there is no entity function to signal (H-113). */
export async function signalEntity(request: {
  readonly path: Readonly<Record<string, string | undefined>>;
}): Promise<Response> {
  return errorResponse(400, `The entity function '${request.path["entityName"] ?? ""}' does not exist.`);
}
