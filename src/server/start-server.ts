import { resolve } from "node:path";
import { systemClock } from "../engine/clock.ts";
import { type Logger, silentLogger } from "../engine/logger.ts";
import { defaultSettings } from "../engine/settings.ts";
import { TaskHubClient } from "../engine/task-hub-client.ts";
import { WorkerPool } from "../grpc/index.ts";
import { BASE_PATH, createHttpApi, type HttpHub } from "../http/index.ts";
import { type App, app as sharedApp, TaskHub } from "../sdk/index.ts";
import { functionCount, loadApp } from "./app-loader.ts";
import { type AppLocation, locateApp, locateAppIfAny } from "./app-location.ts";
import { type Configuration, type ConfigurationOverrides, readConfiguration } from "./configuration.ts";
import { eventCheck } from "./event-check.ts";
import { type GrpcListener, listenGrpc } from "./grpc-listener.ts";
import { ensureKeys, keyFileOf } from "./key-file.ts";
import { FileKeyRing } from "./key-ring.ts";
import { type Listener, listen } from "./listener.ts";
import { packageVersion } from "./package-version.ts";
import { watchRole } from "./role-watch.ts";
import { SystemKey } from "./system-key.ts";

/** A hub without an app is there for workers: it listens for them unless something else is said. */
const DEFAULT_GRPC_PORT = 4001;

export interface StartServerOptions extends ConfigurationOverrides {
  /** A folder or a file. Default: the current folder; without an app in it the host is a hub for workers that connect. */
  readonly appPath?: string;
  /** An app that is registered already: then no file is loaded, and `appPath` only says where host.json is. */
  readonly app?: App;
  readonly logger?: Logger;
}

export type HostRole = TaskHub["role"];

/** A host that runs: an app on a task hub, and the management API before it. */
export interface RunningServer {
  readonly url: string;
  readonly port: number;
  /** Where workers and clients of the Durable Task SDKs connect; `undefined`: nowhere. */
  readonly grpcAddress: string | undefined;
  readonly taskHubName: string;
  readonly storage: string;
  /** Where the keys are that callers have to present; `undefined` when none is needed. */
  readonly keyFile: string | undefined;
  readonly role: HostRole;
  readonly orchestrators: readonly string[];
  readonly activities: readonly string[];
  readonly entities: readonly string[];
  /** Stops listening, lets running activities finish in the time they have, and leaves the rest to the next owner. */
  close(): Promise<void>;
}

/**
 * Starts a host. It listens once the hub is open, and runs instances once it listens, so that a port in use does no harm.
 *
 * @throws {DurableError} INVALID_CONFIGURATION, APP_LOAD_FAILED, PORT_IN_USE, UNKNOWN_STORAGE, DATABASE_NOT_OURS,
 * DATABASE_CORRUPT, DATABASE_TOO_NEW
 */
export async function startServer(options: StartServerOptions = {}): Promise<RunningServer> {
  const logger = options.logger ?? silentLogger;
  const location = await locate(options);
  const isHubOnly = options.app === undefined && location.files.length === 0;
  const configuration = await readConfiguration(
    location.folder,
    isHubOnly ? { ...options, defaultGrpcPort: DEFAULT_GRPC_PORT } : options,
    process.env,
  );
  for (const warning of [...location.warnings, ...configuration.warnings]) logger.warn({}, warning);
  Object.assign(process.env, configuration.environment);
  const app = options.app ?? sharedApp;
  if (!isHubOnly) {
    await loadApp(location.files, app);
    warnOfNothing(app, logger);
  }
  const workers = configuration.grpc && new WorkerPool(systemClock, configuration.grpc);
  const hub = await TaskHub.open(configuration.storage, {
    app,
    ...(workers ? { remoteWorkers: workers } : {}),
    taskHubName: configuration.taskHubName,
    settings: configuration.settings,
    useForwardedHost: configuration.useForwardedHost,
    logger: quieter(logger),
  });
  const keyFile = keyFileOf(location.folder);
  if (configuration.requireKey && configuration.systemKey === undefined) await ensureKeys(keyFile);
  return serve({ hub, workers, app, configuration, logger, keyFile });
}

async function locate({ app, appPath }: StartServerOptions): Promise<AppLocation> {
  if (app !== undefined) return { folder: resolve(appPath ?? "."), files: [], warnings: [] };
  return appPath === undefined ? locateAppIfAny(".") : locateApp(appPath);
}

function warnOfNothing(app: App, logger: Logger): void {
  if (functionCount(app) > 0) return;
  logger.warn({}, 'The app has registered no function. Functions register on `app` from "perdure".');
}

/** The engine's news are details here: what matters to whoever runs the host, the role watch says. */
function quieter(logger: Logger): Logger {
  const debug = logger.debug.bind(logger);
  return { debug, info: debug, warn: logger.warn.bind(logger), error: logger.error.bind(logger) };
}

interface OpenHost {
  readonly hub: TaskHub;
  /** Present when workers may connect. */
  readonly workers: WorkerPool | undefined;
  readonly app: App;
  readonly configuration: Configuration;
  readonly logger: Logger;
  readonly keyFile: string;
}

async function serve(host: OpenHost): Promise<RunningServer> {
  const { hub, configuration } = host;
  const stopping = new AbortController();
  let listener: Listener | undefined;
  let grpc: GrpcListener | undefined;
  try {
    const api = await makeApi(host, stopping.signal);
    listener = await listen((request) => api.fetch(request), configuration);
    hub.webhook.isAt(configuration.webhookUrl ?? listener.url, keyForUrls(host));
    await hub.start();
    grpc = await listenForWorkers(host);
  } catch (error) {
    listener?.cut();
    await listener?.stop();
    await grpc?.close({ drainMs: 0 });
    await hub.close({ drainMs: 0 });
    throw error;
  }
  return running(host, { listener, grpc }, stopping);
}

function listenForWorkers({ hub, workers, configuration, logger, keyFile }: OpenHost) {
  const { grpc, host, settings, requireKey, systemKey } = configuration;
  if (grpc === undefined || workers === undefined) return undefined;
  const keys = requireKey ? new FileKeyRing({ path: keyFile, extraKey: systemKey }) : undefined;
  return listenGrpc({ hub, workers, settings, host, ...grpc, keys, logger: quieter(logger) });
}

/** What the URLs that the hub's client makes carry, where callers have to present a key. */
function keyForUrls({ configuration, keyFile }: OpenHost): (() => string) | undefined {
  const { requireKey, systemKey } = configuration;
  if (!requireKey) return undefined;
  if (systemKey !== undefined) return () => systemKey;
  const inFile = new SystemKey(keyFile);
  return () => inFile.current();
}

interface Listeners {
  readonly listener: Listener;
  readonly grpc: GrpcListener | undefined;
}

function running(host: OpenHost, { listener, grpc }: Listeners, stopping: AbortController): RunningServer {
  const { hub, configuration, app, logger } = host;
  const unwatch = watchRole(hub, logger);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    unwatch();
    const answered = listener.stop();
    stopping.abort();
    await grpc?.close({ drainMs: configuration.drainMs });
    await hub.close({ drainMs: configuration.drainMs });
    listener.cut();
    await answered;
  };
  return {
    url: listener.url,
    port: listener.port,
    grpcAddress: grpc?.address,
    taskHubName: hub.name,
    storage: configuration.storage,
    keyFile: configuration.requireKey ? host.keyFile : undefined,
    get role() {
      return hub.role;
    },
    orchestrators: app.registry.orchestratorNames,
    activities: app.registry.activityNames,
    entities: app.registry.entityNames,
    close: () => {
      closing ??= close();
      return closing;
    },
  };
}

async function makeApi({ hub, app, configuration, logger, keyFile }: OpenHost, stopping: AbortSignal) {
  const { systemKey, requireKey, useForwardedHost, crossOrigin } = configuration;
  const settings = defaultSettings(configuration.settings);
  const openHub = async (name: string): Promise<HttpHub> => {
    const store = await hub.storage.openTaskHub(name);
    return { client: new TaskHubClient({ store, settings }), query: store.query };
  };
  const { query } = await hub.storage.openTaskHub(hub.name);
  return createHttpApi({
    hub: { client: hub.rawClient, query, checkEvent: eventCheck(app) },
    openHub,
    taskHubs: hub.storage.taskHubs,
    hello: () => ({
      perdure: packageVersion(),
      taskHub: hub.name,
      role: hub.role,
      api: BASE_PATH,
      orchestrators: app.registry.orchestratorNames,
      activities: app.registry.activityNames,
      entities: app.registry.entityNames,
    }),
    useForwardedHost,
    ...(requireKey ? { keys: new FileKeyRing({ path: keyFile, extraKey: systemKey }) } : {}),
    ...(crossOrigin ? { crossOrigin } : {}),
    stopping,
    logger,
  });
}
