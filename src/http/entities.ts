import { isDurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import type { EntityPage } from "../engine/entity-client.ts";
import type { ApiRequest } from "./api-request.ts";
import { pageAsked, pageResponse } from "./page.ts";
import { readJsonOrText } from "./request-body.ts";
import { bareResponse, errorResponse, jsonResponse } from "./responses.ts";
import { jsonOf } from "./status-payload.ts";

/** What stands for the empty key in the path of a GET, and only there (H-101). */
const EMPTY_KEY = "$";

/** GET entities/{entityName}/{entityKey} (1.15): the state itself. */
export function getEntity({ hub, path }: ApiRequest): Promise<Response> {
  const { entityName: name = "", entityKey = "" } = path;
  return refusingInWords(async () => {
    const found = await hub.client.entities.read({ name, key: entityKey === EMPTY_KEY ? "" : entityKey });
    return found === undefined ? bareResponse(404) : jsonResponse(200, jsonOf(found.state));
  });
}

/** GET entities and entities/{entityName} (1.16). */
export function listEntities({ hub, path, query, raw }: ApiRequest): Promise<Response> {
  const fetchState = query.flag("fetchState", false);
  const { size: top, ...page } = pageAsked(query, raw);
  return refusingInWords(async () => {
    const { entities, continuationToken } = await hub.client.entities.list({
      ...page,
      top,
      ...given({
        name: path["entityName"],
        lastOperationFrom: query.time("lastOperationTimeFrom"),
        lastOperationTo: query.time("lastOperationTimeTo"),
      }),
    });
    return pageResponse(
      entities.map((entity) => entityPayload(entity, fetchState)),
      continuationToken,
    );
  });
}

/** POST and DELETE entities/{entityName}/{entityKey?} (1.17). */
export async function signalEntity({ hub, path, query, raw }: ApiRequest): Promise<Response> {
  const { entityName: name = "", entityKey: key = "" } = path;
  const operation = raw.method === "DELETE" ? "delete" : (query.text("op") ?? "");
  const scheduledTime = query.time("scheduledTime");
  if (scheduledTime === undefined && query.text("scheduledTime") !== undefined) {
    return errorResponse(400, "scheduledTime is no time; it is one like 2030-01-31T23:59:00Z.");
  }
  const body = await readJsonOrText(raw);
  if (body.type === "invalid") {
    return errorResponse(400, `Could not parse JSON content: ${body.error.message}`);
  }
  const inputText = body.type === "json" ? body.text : undefined;
  return refusingInWords(async () => {
    await hub.client.entities.signal(
      { name, key },
      operation,
      undefined,
      given({ inputText, scheduledTime }),
    );
    return bareResponse(202);
  });
}

/** POST cleanEntityStorage: what is empty goes, and locks whose orchestration has ended are released (S-161). */
export async function cleanEntities({ hub, query }: ApiRequest): Promise<Response> {
  const cleaned = await hub.client.entities.clean({
    removeEmptyEntities: query.flag("removeEmptyEntities", true),
    releaseOrphanedLocks: query.flag("releaseOrphanedLocks", true),
  });
  return jsonResponse(200, JSON.stringify(cleaned));
}

/** Put together from the stored text of the state, as a status is (H-105). */
function entityPayload(
  { entityId: { name, key }, lastOperationTime, state }: EntityPage["entities"][number],
  fetchState: boolean,
): string {
  const properties = [
    `"entityId":${JSON.stringify({ name, key })}`,
    `"lastOperationTime":"${lastOperationTime.toISOString()}"`,
    `"state":${fetchState ? jsonOf(state) : "null"}`,
  ];
  return `{${properties.join(",")}}`;
}

/** A name, key or function that cannot be is a 400 whose `Message` says why (H-103, H-113). */
async function refusingInWords(answer: () => Promise<Response>): Promise<Response> {
  try {
    return await answer();
  } catch (error) {
    if (!isDurableError(error) || error.httpStatus !== 400) throw error;
    return errorResponse(400, error.message);
  }
}
