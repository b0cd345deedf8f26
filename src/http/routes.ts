import type { ApiRequest } from "./api-request.ts";
import { resume, rewind, suspend, terminate } from "./control-instance.ts";
import { getEntity, listEntities, signalEntity } from "./entities.ts";
import { health, ready } from "./health.ts";
import { countInstances, streamHistory, whyWaiting } from "./instance-details.ts";
import { getStatus } from "./instance-status.ts";
import { listInstances } from "./list-instances.ts";
import { purgeInstance, purgeInstances } from "./purge-instances.ts";
import { raiseEvent } from "./raise-event.ts";
import { errorResponse } from "./responses.ts";
import { restartOrchestration } from "./restart-orchestration.ts";
import { startOrchestration } from "./start-orchestration.ts";
import { watchInstance } from "./watch-instance.ts";

interface Route {
  readonly method: "GET" | "POST" | "DELETE" | "any";
  /** Literal segments, `{captured}` ones, and at the end `{optional?}` ones. */
  readonly path: string;
  readonly handle: (request: ApiRequest) => Promise<Response>;
  /** Whether it is served to whoever asks, without a key. Default false. */
  readonly isOpen?: true;
}

/** Everything below the base path, in the order in which a path is compared (H-6). */
const ROUTES: readonly Route[] = [
  { method: "POST", path: "orchestrators/{functionName}/{instanceId?}", handle: startOrchestration },
  { method: "GET", path: "entities/{entityName?}", handle: listEntities },
  { method: "GET", path: "entities/{entityName}/{entityKey}", handle: getEntity },
  { method: "POST", path: "entities/{entityName}/{entityKey?}", handle: signalEntity },
  { method: "DELETE", path: "entities/{entityName}/{entityKey?}", handle: signalEntity },
  { method: "GET", path: "health", handle: health, isOpen: true },
  { method: "GET", path: "ready", handle: ready, isOpen: true },
  { method: "GET", path: "counts", handle: countInstances },
  { method: "GET", path: "instances", handle: listInstances },
  { method: "DELETE", path: "instances", handle: purgeInstances },
  { method: "GET", path: "instances/{instanceId}", handle: getStatus },
  { method: "DELETE", path: "instances/{instanceId}", handle: purgeInstance },
  { method: "GET", path: "instances/{instanceId}/history", handle: streamHistory },
  { method: "GET", path: "instances/{instanceId}/waiting", handle: whyWaiting },
  { method: "GET", path: "instances/{instanceId}/watch", handle: watchInstance },
  { method: "POST", path: "instances/{instanceId}/terminate", handle: terminate },
  { method: "POST", path: "instances/{instanceId}/suspend", handle: suspend },
  { method: "POST", path: "instances/{instanceId}/resume", handle: resume },
  { method: "POST", path: "instances/{instanceId}/rewind", handle: rewind },
  { method: "POST", path: "instances/{instanceId}/restart", handle: restartOrchestration },
  { method: "POST", path: "instances/{instanceId}/raiseEvent/{eventName}", handle: raiseEvent },
  { method: "any", path: "makeprimary", handle: makePrimary },
];

/** There is no app lease: whichever host is up runs the hub, and others stand by (H-115). */
async function makePrimary(): Promise<Response> {
  return errorResponse(
    501,
    "This host has no app lease to take: the hosts of a task hub take turns by themselves.",
  );
}

/** The same routes under both (H-1). */
const BASE_PATHS = ["/runtime/webhooks/durabletask", "/admin/extensions/DurableTaskExtension"];

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
