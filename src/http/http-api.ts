import { Hono } from "hono";
import { DurableError } from "../core/errors.ts";
import type { Logger } from "../engine/logger.ts";
import type { HttpHub, TaskHubs } from "./api-request.ts";
import { type CrossOrigin, crossOrigin, isOfStrangePage } from "./cross-origin.ts";
import { type KeyRing, presentedKey, refuse } from "./keys.ts";
import { CONNECTION, managementUrls, purgeJobUrl } from "./management-urls.ts";
import { PurgeJobs } from "./purge-jobs.ts";
import { QueryParameters } from "./query-parameters.ts";
import { originOf } from "./request-origin.ts";
import { bareResponse, errorResponse, jsonResponse, responseOf } from "./responses.ts";
import { findRoute, type RouteMatch } from "./routes.ts";

export interface HttpApiOptions {
  /** The hub of this host. */
  readonly hub: HttpHub;
  /** Another hub of the same store. @throws {DurableError} TASK_HUB_NOT_FOUND */
  readonly openHub: (name: string) => Promise<HttpHub>;
  /** The hubs of that store. */
  readonly taskHubs: TaskHubs;
  /** What `GET /` tells of this host. */
  readonly hello: () => object;
  /** Who presents none of them gets 401 (H-8). Default: no key is needed. */
  readonly keys?: KeyRing;
  /** Whether to believe `X-Forwarded-Host` and `X-Forwarded-Proto` (P-4). Default false. */
  readonly useForwardedHost?: boolean;
  /** Default: no web page of another origin. */
  readonly crossOrigin?: CrossOrigin;
  /** Aborted when the host stops; requests that wait are answered then. */
  readonly stopping?: AbortSignal;
  readonly logger?: Logger;
}

/** Our own name for it, and the one that Azure Functions has. */
const CONNECTION_NAMES = [CONNECTION.toLowerCase(), "azurewebjobsstorage"];

/** The Durable Functions HTTP management API over a task hub. It needs no socket: `fetch` turns a Request into a Response. */
export function createHttpApi(options: HttpApiOptions): Hono {
  const api = new Hono();
  const purgeJobs = new PurgeJobs(options.stopping);
  if (options.crossOrigin) api.use(crossOrigin(options.crossOrigin));
  api.get("/", () => jsonResponse(200, JSON.stringify(options.hello(), undefined, 2)));
  api.all("*", async ({ req }) => {
    const route = routeOf(req.raw);
    return route === undefined ? bareResponse(404) : answer(req.raw, route, { ...options, purgeJobs });
  });
  api.onError((error, { req }) => {
    const response = responseOf(error);
    const hasGone = req.raw.signal.aborted; // Nobody hears the answer, and nothing is wrong here.
    if (response.status >= 500 && !hasGone) options.logger?.error({ err: error }, "A request failed");
    return response;
  });
  return api;
}

function routeOf(request: Request): RouteMatch | undefined {
  try {
    return findRoute(request.method, new URL(request.url).pathname);
  } catch (cause) {
    if (!(cause instanceof URIError)) throw cause;
    throw new DurableError("INVALID_ARGUMENT", "The path of the request is not percent-encoded text.", {
      cause,
    });
  }
}

interface Served extends HttpApiOptions {
  readonly purgeJobs: PurgeJobs;
}

async function answer(raw: Request, route: RouteMatch, options: Served): Promise<Response> {
  const url = new URL(raw.url);
  const query = new QueryParameters(url);
  const key = presentedKey(raw, query);
  const isReading = raw.method === "GET";
  const refusal = options.keys && !route.isOpen ? await refuse(options.keys, key, { isReading }) : undefined;
  if (refusal) return refusal;
  const origin = originOf(raw, options.useForwardedHost ?? false) ?? url.origin;
  if (!options.keys && !isReading && isOfStrangePage(raw, origin, options.crossOrigin)) {
    return errorResponse(
      403,
      "Web pages of other origins may not change anything here. Name theirs with --cors when it may.",
    );
  }
  checkConnection(query.text("connection"));
  const hub = await hubOf(query.text("taskHub"), options);
  const base = {
    origin,
    basePath: route.basePath,
    taskHub: hub.client.taskHubName,
    connection: CONNECTION,
    code: options.keys && key,
  };
  return route.handle({
    raw,
    basePath: route.basePath,
    path: route.path,
    query,
    hub,
    urlsOf: (instanceId) => managementUrls(base, instanceId),
    jobUrlOf: (purgeId) => purgeJobUrl(base, purgeId),
    purgeJobs: options.purgeJobs,
    taskHubs: options.taskHubs,
    ownTaskHub: options.hub.client.taskHubName,
    isStopping: options.stopping?.aborted ?? false,
    get signal() {
      return options.stopping ? AbortSignal.any([raw.signal, options.stopping]) : raw.signal;
    },
  });
}

/** Without regard to case, and the host's own when none is named (H-9). */
async function hubOf(name: string | undefined, { hub, openHub }: HttpApiOptions): Promise<HttpHub> {
  if (name === undefined || name.toLowerCase() === hub.client.taskHubName.toLowerCase()) return hub;
  return openHub(name);
}

function checkConnection(name: string | undefined): void {
  if (name === undefined || CONNECTION_NAMES.includes(name.toLowerCase())) return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `There is no connection named '${name}'. This host has one, '${CONNECTION}'; it need not be named.`,
  );
}
