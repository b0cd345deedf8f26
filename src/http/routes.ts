import type { ApiRequest } from "./api-request.ts";
import { exportInstances, importInstances } from "./archive.ts";
import { resume, rewind, suspend, terminate } from "./control-instance.ts";
import { cleanEntities, getEntity, listEntities, signalEntity } from "./entities.ts";
import { health, ready } from "./health.ts";
import { countInstances, streamHistory, whyWaiting } from "./instance-details.ts";
import { getStatus } from "./instance-status.ts";
import { listInstances } from "./list-instances.ts";
import { BASE_PATH } from "./management-urls.ts";
import { type DescribedRoute, openApiDocument } from "./openapi.ts";
import type { Operation } from "./operation.ts";
import { OPERATIONS } from "./operations.ts";
import { purgeInstance, purgeInstances } from "./purge-instances.ts";
import { cancelPurgeJob, getPurgeJob } from "./purge-job-routes.ts";
import { raiseEvent } from "./raise-event.ts";
import { errorResponse, jsonResponse } from "./responses.ts";
import { restartOrchestration } from "./restart-orchestration.ts";
import { startOrchestration } from "./start-orchestration.ts";
import { deleteTaskHub, listTaskHubs } from "./task-hubs.ts";
import { watchInstances } from "./watch-hub.ts";
import { watchInstance } from "./watch-instance.ts";

interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "any";
  /** Literal segments, `{captured}` ones, and at the end `{optional?}` ones. */
  readonly path: string;
  readonly handle: (request: ApiRequest) => Promise<Response>;
  /** Absent for what is there for old callers only. */
  readonly operation?: Operation;
  /** Whether it is served to whoever asks, without a key. Default false. */
  readonly isOpen?: true;
}

/** Everything below the base path, in the order in which a path is compared (H-6). */
const ROUTES: readonly Route[] = [
  {
    method: "POST",
    path: "orchestrators/{functionName}/{instanceId?}",
    handle: startOrchestration,
    operation: OPERATIONS.start,
  },
  { method: "GET", path: "entities/{entityName?}", handle: listEntities, operation: OPERATIONS.listEntities },
  {
    method: "GET",
    path: "entities/{entityName}/{entityKey}",
    handle: getEntity,
    operation: OPERATIONS.entity,
  },
  {
    method: "POST",
    path: "entities/{entityName}/{entityKey?}",
    handle: signalEntity,
    operation: OPERATIONS.signalEntity,
  },
  {
    method: "DELETE",
    path: "entities/{entityName}/{entityKey?}",
    handle: signalEntity,
    operation: OPERATIONS.deleteEntity,
  },
  { method: "POST", path: "cleanEntityStorage", handle: cleanEntities, operation: OPERATIONS.cleanEntities },
  { method: "GET", path: "health", handle: health, operation: OPERATIONS.health, isOpen: true },
  { method: "GET", path: "ready", handle: ready, operation: OPERATIONS.ready, isOpen: true },
  { method: "GET", path: "counts", handle: countInstances, operation: OPERATIONS.count },
  { method: "GET", path: "export", handle: exportInstances, operation: OPERATIONS.export },
  { method: "POST", path: "import", handle: importInstances, operation: OPERATIONS.import },
  { method: "GET", path: "taskhubs", handle: listTaskHubs, operation: OPERATIONS.taskHubs },
  {
    method: "DELETE",
    path: "taskhubs/{taskHub}",
    handle: deleteTaskHub,
    operation: OPERATIONS.deleteTaskHub,
  },
  { method: "GET", path: "watch", handle: watchInstances, operation: OPERATIONS.watchAll },
  { method: "GET", path: "purges/{purgeId}", handle: getPurgeJob, operation: OPERATIONS.purgeJob },
  {
    method: "POST",
    path: "purges/{purgeId}/cancel",
    handle: cancelPurgeJob,
    operation: OPERATIONS.cancelPurge,
  },
  { method: "GET", path: "instances", handle: listInstances, operation: OPERATIONS.list },
  { method: "DELETE", path: "instances", handle: purgeInstances, operation: OPERATIONS.purgeMany },
  { method: "GET", path: "instances/{instanceId}", handle: getStatus, operation: OPERATIONS.status },
  { method: "DELETE", path: "instances/{instanceId}", handle: purgeInstance, operation: OPERATIONS.purge },
  {
    method: "GET",
    path: "instances/{instanceId}/history",
    handle: streamHistory,
    operation: OPERATIONS.history,
  },
  {
    method: "GET",
    path: "instances/{instanceId}/waiting",
    handle: whyWaiting,
    operation: OPERATIONS.waiting,
  },
  { method: "GET", path: "instances/{instanceId}/watch", handle: watchInstance, operation: OPERATIONS.watch },
  {
    method: "POST",
    path: "instances/{instanceId}/terminate",
    handle: terminate,
    operation: OPERATIONS.terminate,
  },
  { method: "POST", path: "instances/{instanceId}/suspend", handle: suspend, operation: OPERATIONS.suspend },
  { method: "POST", path: "instances/{instanceId}/resume", handle: resume, operation: OPERATIONS.resume },
  { method: "POST", path: "instances/{instanceId}/rewind", handle: rewind, operation: OPERATIONS.rewind },
  {
    method: "POST",
    path: "instances/{instanceId}/restart",
    handle: restartOrchestration,
    operation: OPERATIONS.restart,
  },
  {
    method: "POST",
    path: "instances/{instanceId}/raiseEvent/{eventName}",
    handle: raiseEvent,
    operation: OPERATIONS.raiseEvent,
  },
  { method: "GET", path: "openapi.json", handle: describe, operation: OPERATIONS.openapi, isOpen: true },
  { method: "any", path: "makeprimary", handle: makePrimary },
];

/** GET openapi.json: what these very routes are. */
async function describe({ basePath }: ApiRequest): Promise<Response> {
  return jsonResponse(200, JSON.stringify(openApiDocument(describedRoutes(), basePath), undefined, 2));
}

/** The routes that callers are told of. */
export function describedRoutes(): readonly DescribedRoute[] {
  return ROUTES.flatMap(({ method, path, operation, isOpen = false }) =>
    operation === undefined || method === "any" ? [] : [{ method, path, operation, isOpen }],
  );
}

/** There is no app lease: whichever host is up runs the hub, and others stand by (H-115). */
async function makePrimary(): Promise<Response> {
  return errorResponse(
    501,
    "This host has no app lease to take: the hosts of a task hub take turns by themselves.",
  );
}

/** The same routes under both (H-1). */
const BASE_PATHS = [BASE_PATH, "/admin/extensions/DurableTaskExtension"];

export interface RouteMatch {
  /** The base path as this API spells it, for the URLs in answers. */
  readonly basePath: string;
  readonly path: Readonly<Record<string, string>>;
  readonly handle: (request: ApiRequest) => Promise<Response>;
  readonly isOpen: boolean;
}

/**
 * The route of a request; `undefined` when there is none, also when only the method is wrong (H-7).
 *
 * @throws {URIError} when a segment is not percent-encoded text.
 */
export function findRoute(method: string, pathname: string): RouteMatch | undefined {
  const basePath = BASE_PATHS.find((base) => isBelow(base, pathname));
  if (basePath === undefined) return undefined;
  const segments = pathname
    .slice(basePath.length)
    .replace(/^\/+|\/+$/g, "")
    .split("/");
  for (const route of ROUTES) {
    const isMeant = route.method === method || route.method === "any";
    const captured = isMeant ? capture(route.path.split("/"), segments) : undefined;
    if (captured) return { basePath, path: captured, handle: route.handle, isOpen: route.isOpen ?? false };
  }
  return undefined;
}

function isBelow(base: string, pathname: string): boolean {
  return `${pathname}/`.toLowerCase().startsWith(`${base}/`.toLowerCase());
}

/** Literals match in any case; what is captured keeps its case and is decoded once (H-4, H-5). */
function capture(
  pattern: readonly string[],
  segments: readonly string[],
): Readonly<Record<string, string>> | undefined {
  const required = pattern.filter((each) => !each.endsWith("?}")).length;
  if (segments.length < required || segments.length > pattern.length) return undefined;
  const captured: Record<string, string> = {};
  for (const [index, segment] of segments.entries()) {
    const expected = pattern[index] ?? "";
    const name = /^\{(\w+)\??\}$/.exec(expected)?.[1];
    if (name !== undefined && segment !== "") captured[name] = decodeURIComponent(segment);
    else if (segment.toLowerCase() !== expected.toLowerCase()) return undefined;
  }
  return captured;
}
