import { join, resolve } from "node:path";
import { given } from "../core/given.ts";
import { isTaskHubName, TASK_HUB_NAMES } from "../core/task-hub-name.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { type CrossOrigin, parseWebhookUrl, WEBHOOK_URLS } from "../http/index.ts";
import { DEFAULT_TASK_HUB_NAME } from "../sdk/index.ts";
import { crossOriginOf } from "./cross-origin-setting.ts";
import { type HostSettings, readHostSettings } from "./host-json.ts";
import type { HostJsonValue } from "./host-json-settings.ts";
import { wrongSetting } from "./invalid-configuration.ts";
import { type JsonObject, readJsonFile } from "./json-file.ts";
import { isPort, type LocalSettings, PORTS, readLocalSettings } from "./local-settings.ts";
import { isLoopback } from "./loopback.ts";
import { byDefault, type Found, type Origin, overridden } from "./origin.ts";

/** What whoever starts the host says; it wins over the environment, that over host.json, and that over the defaults. */
export interface ConfigurationOverrides {
  readonly port?: number;
  readonly host?: string;
  /** `memory:` or `sqlite:./path/to/hub.db`, relative to the current folder. */
  readonly storage?: string;
  readonly taskHubName?: string;
  /** How long running activities may go on once the host stops. */
  readonly drainMs?: number;
  /** Whether callers have to present a key. Default: unless the host listens for this machine only. */
  readonly requireKey?: boolean;
  /** Origins whose web pages may use the API, or `*`; none: no page of another origin. */
  readonly cors?: readonly string[];
  /** Where callers reach the API, for the URLs that the client makes without a request. Default: where the host listens. */
  readonly webhookUrl?: string;
  /** Where workers and clients of the Durable Task SDKs connect; 0 for any free port. Default: nowhere. */
  readonly grpcPort?: number;
  /** The same where nothing else is said. */
  readonly defaultGrpcPort?: number;
  /** Files in PEM form, for gRPC over TLS; both or none. */
  readonly grpcCertificate?: string;
  readonly grpcPrivateKey?: string;
  /** Whether a task hub that a caller names over gRPC is made when nobody has it. Default true. */
  readonly createHubs?: boolean;
  /** After so long an activity that a worker has not answered is for another one. Default: it stays with its worker. */
  readonly activityTimeoutMs?: number;
}

/** Where gRPC is spoken. */
export interface GrpcConfiguration {
  readonly port: number;
  readonly tls: { readonly certificate: string; readonly privateKey: string } | undefined;
  readonly createHubs: boolean;
  readonly activityTimeoutMs: number | undefined;
}

export interface Configuration {
  readonly port: number;
  readonly host: string;
  readonly storage: string;
  readonly taskHubName: string;
  readonly drainMs: number;
  readonly settings: Partial<EngineSettings>;
  readonly useForwardedHost: boolean;
  /** A full key beside those of `perdure keys`. */
  readonly systemKey: string | undefined;
  /** Whether callers have to present a key: where others than this machine reach the host, or when asked for. */
  readonly requireKey: boolean;
  /** Which web pages of other origins may use the API; `undefined`: none. */
  readonly crossOrigin: CrossOrigin | undefined;
  readonly webhookUrl: string | undefined;
  /** `undefined`: nowhere. */
  readonly grpc: GrpcConfiguration | undefined;
  /** Values of local.settings.json that the environment does not have. */
  readonly environment: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
  readonly origins: Readonly<Record<"port" | "host" | "storage" | "taskHubName" | "requireKey", Origin>>;
  /** Of host.json and local.settings.json those that are there. */
  readonly files: readonly string[];
}

export interface ConfigurationSources {
  readonly overrides: ConfigurationOverrides;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly appFolder: string;
  readonly hostJson: JsonObject | undefined;
  readonly localSettings: JsonObject | undefined;
}

/** The variables that count for a host or a command. */
export const PERDURE_VARIABLES: readonly string[] = [
  "PERDURE_PORT",
  "PERDURE_HOST",
  "PERDURE_STORAGE",
  "PERDURE_TASK_HUB",
  "PERDURE_DRAIN_TIMEOUT",
  "PERDURE_SYSTEM_KEY",
  "PERDURE_LOG_LEVEL",
  "PERDURE_GRPC_PORT",
  "PERDURE_GRPC_CERTIFICATE",
  "PERDURE_GRPC_PRIVATE_KEY",
  "PERDURE_CREATE_HUBS",
  "PERDURE_ACTIVITY_TIMEOUT",
];

const DEFAULT_PORT = 7071;
const DEFAULT_DRAIN_MS = 10_000;

/** @throws {DurableError} INVALID_CONFIGURATION */
export async function readConfiguration(
  appFolder: string,
  overrides: ConfigurationOverrides,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<Configuration> {
  const hostJson = await readJsonFile(join(appFolder, "host.json"));
  const localSettings = await readJsonFile(join(appFolder, "local.settings.json"));
  return resolveConfiguration({ overrides, environment, appFolder, hostJson, localSettings });
}

/** @throws {DurableError} INVALID_CONFIGURATION */
export function resolveConfiguration(sources: ConfigurationSources): Configuration {
  const layers = layersOf(sources);
  const port = portOf(layers);
  const host = hostOf(layers);
  const storage = storageOf(layers);
  const taskHubName = taskHubNameOf(layers);
  const systemKey = layers.variables["PERDURE_SYSTEM_KEY"];
  const requireKey = requireKeyOf(layers, host.value);
  return {
    port: port.value,
    host: host.value,
    storage: storage.value,
    taskHubName: taskHubName.value,
    drainMs: drainOf(layers),
    settings: engineSettings(layers.hostJson.values),
    useForwardedHost: layers.hostJson.values["httpSettings.useForwardedHost"] === true,
    systemKey,
    requireKey: requireKey.value,
    crossOrigin: crossOriginOf({
      flag: layers.overrides.cors,
      variable: layers.variables["PERDURE_CORS"],
      local: layers.local,
      localPath: layers.localSettingsPath,
    }),
    webhookUrl: webhookUrlOf(layers),
    grpc: grpcOf(layers),
    environment: Object.fromEntries(
      Object.entries(layers.local.values).filter(([name]) => sources.environment[name] === undefined),
    ),
    warnings: layers.hostJson.warnings,
    origins: {
      port: port.origin,
      host: host.origin,
      storage: storage.origin,
      taskHubName: taskHubName.origin,
      requireKey: requireKey.origin,
    },
    files: [
      ...(sources.hostJson === undefined ? [] : [layers.hostJsonPath]),
      ...(sources.localSettings === undefined ? [] : [layers.localSettingsPath]),
    ],
  };
}

/** The places a setting may come from, each of them checked. */
interface Layers {
  readonly overrides: ConfigurationOverrides;
  /** Of the environment and, behind it, of local.settings.json. */
  readonly variables: Readonly<Record<string, string>>;
  readonly isInEnvironment: (variable: string) => boolean;
  readonly local: LocalSettings;
  readonly localSettingsPath: string;
  readonly hostJson: HostSettings;
  readonly hostJsonPath: string;
  readonly appFolder: string;
}

function layersOf({ overrides, environment, appFolder, ...files }: ConfigurationSources): Layers {
  const localSettingsPath = join(appFolder, "local.settings.json");
  const local = readLocalSettings(files.localSettings, localSettingsPath);
  const variables = withoutEmpty({ ...local.values, ...withoutAbsent(environment) });
  const hostJsonPath = join(appFolder, "host.json");
  return {
    overrides,
    variables,
    isInEnvironment: (variable) => environment[variable] !== undefined,
    local,
    localSettingsPath,
    hostJson: readHostSettings({ hostJson: files.hostJson, path: hostJsonPath, environment: variables }),
    hostJsonPath,
    appFolder,
  };
}

function withoutAbsent(environment: ConfigurationSources["environment"]): Layers["variables"] {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** An empty PERDURE_* variable says nothing: an empty host, say, would mean every address. */
function withoutEmpty(environment: Layers["variables"]): Layers["variables"] {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => !name.startsWith("PERDURE_") || value.trim() !== "",
    ),
  );
}

function variableOf({ variables, isInEnvironment }: Layers, name: string): Found<string> | undefined {
  const value = variables[name];
  return value === undefined ? undefined : { value, origin: originOf(isInEnvironment, name) };
}

function originOf(isInEnvironment: Layers["isInEnvironment"], variable: string): Origin {
  return isInEnvironment(variable)
    ? { type: "environment", variable }
    : { type: "local.settings.json", property: `Values.${variable}` };
}

function hostJsonOriginOf({ hostJson, isInEnvironment }: Layers, name: string): Origin {
  const place = hostJson.places[name];
  if (place === undefined) return { type: "default" };
  return place.isVariable
    ? originOf(isInEnvironment, place.name)
    : { type: "host.json", property: place.name };
}

function portOf(layers: Layers): Found<number> {
  const { overrides, local } = layers;
  if (overrides.port !== undefined) return overridden(requirePort("--port", overrides.port));
  const text = variableOf(layers, "PERDURE_PORT");
  if (text) return { ...text, value: requirePort("PERDURE_PORT", Number(text.value)) };
  if (local.port === undefined) return byDefault(DEFAULT_PORT);
  return { value: local.port, origin: { type: "local.settings.json", property: "Host.LocalHttpPort" } };
}

function requirePort(source: string, value: unknown): number {
  if (isPort(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: PORTS });
}

function hostOf(layers: Layers): Found<string> {
  if (layers.overrides.host !== undefined) return overridden(layers.overrides.host);
  return variableOf(layers, "PERDURE_HOST") ?? byDefault("127.0.0.1");
}

function storageOf(layers: Layers): Found<string> {
  if (layers.overrides.storage !== undefined) return overridden(layers.overrides.storage);
  return variableOf(layers, "PERDURE_STORAGE") ?? storageOfHostJson(layers);
}

/** A path in host.json is meant from where host.json is. */
function storageOfHostJson(layers: Layers): Found<string> {
  const { hostJson, hostJsonPath: source, appFolder } = layers;
  const type = hostJson.values["storageProvider.type"] ?? "sqlite";
  switch (String(type).toLowerCase()) {
    case "memory":
      return { value: "memory:", origin: hostJsonOriginOf(layers, "storageProvider.type") };
    case "sqlite": {
      const path = hostJson.values["storageProvider.path"];
      return {
        value: `sqlite:${resolve(appFolder, String(path ?? ".perdure/hub.db"))}`,
        origin: hostJsonOriginOf(layers, "storageProvider.path"),
      };
    }
    default:
      throw wrongSetting({
        source,
        setting: "extensions.durableTask.storageProvider.type",
        value: type,
        allowed: '"sqlite" or "memory" in this version',
      });
  }
}

function taskHubNameOf(layers: Layers): Found<string> {
  const { overrides, hostJson } = layers;
  if (overrides.taskHubName !== undefined)
    return overridden(requireTaskHubName("--hub", overrides.taskHubName));
  const name = variableOf(layers, "PERDURE_TASK_HUB");
  if (name) return { ...name, value: requireTaskHubName("PERDURE_TASK_HUB", name.value) };
  const value = String(hostJson.values["hubName"] ?? DEFAULT_TASK_HUB_NAME);
  return { value, origin: hostJsonOriginOf(layers, "hubName") };
}

function requireTaskHubName(source: string, value: string): string {
  if (isTaskHubName(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: TASK_HUB_NAMES });
}

function requireKeyOf(layers: Layers, host: string): Found<boolean> {
  if (layers.overrides.requireKey !== undefined) return overridden(layers.overrides.requireKey);
  const systemKey = variableOf(layers, "PERDURE_SYSTEM_KEY");
  return systemKey ? { ...systemKey, value: true } : byDefault(!isLoopback(host));
}

function webhookUrlOf({ overrides, variables }: Layers): string | undefined {
  const source = overrides.webhookUrl === undefined ? "PERDURE_WEBHOOK_URL" : "webhookUrl";
  const value = overrides.webhookUrl ?? variables["PERDURE_WEBHOOK_URL"];
  if (value === undefined || parseWebhookUrl(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: WEBHOOK_URLS });
}

function grpcOf(layers: Layers): GrpcConfiguration | undefined {
  const port = grpcPortOf(layers);
  const tls = grpcTlsOf(layers);
  if (port === undefined) return undefined;
  return { port, tls, createHubs: createHubsOf(layers), activityTimeoutMs: activityTimeoutOf(layers) };
}

function activityTimeoutOf({ overrides, variables }: Layers): number | undefined {
  if (overrides.activityTimeoutMs !== undefined) return overrides.activityTimeoutMs;
  const text = variables["PERDURE_ACTIVITY_TIMEOUT"];
  return text === undefined ? undefined : msOfSeconds("PERDURE_ACTIVITY_TIMEOUT", text, "above 0");
}

function createHubsOf({ overrides, variables }: Layers): boolean {
  if (overrides.createHubs !== undefined) return overrides.createHubs;
  const source = "PERDURE_CREATE_HUBS";
  const text = variables[source] ?? "true";
  if (text === "true" || text === "false") return text === "true";
  throw wrongSetting({ source, setting: source, value: text, allowed: "true or false" });
}

function grpcPortOf({ overrides, variables }: Layers): number | undefined {
  if (overrides.grpcPort !== undefined) return requirePort("--grpc-port", overrides.grpcPort);
  const text = variables["PERDURE_GRPC_PORT"];
  if (text === undefined) return overrides.defaultGrpcPort;
  return requirePort("PERDURE_GRPC_PORT", /^\d+$/.test(text) ? Number(text) : text);
}

function grpcTlsOf({ overrides, variables }: Layers): GrpcConfiguration["tls"] {
  const certificate = overrides.grpcCertificate ?? variables["PERDURE_GRPC_CERTIFICATE"];
  const privateKey = overrides.grpcPrivateKey ?? variables["PERDURE_GRPC_PRIVATE_KEY"];
  if (certificate === undefined && privateKey === undefined) return undefined;
  if (certificate !== undefined && privateKey !== undefined) return { certificate, privateKey };
  throw wrongSetting({
    source: certificate === undefined ? "--grpc-key" : "--grpc-cert",
    setting: "TLS for gRPC",
    value: certificate ?? privateKey,
    allowed: "a certificate together with its private key, or neither",
  });
}

/** Without a graceful shutdown nothing is waited for: what runs, runs again with the next owner. */
function drainOf({ overrides, variables, hostJson }: Layers): number {
  if (overrides.drainMs !== undefined) return overrides.drainMs;
  const text = variables["PERDURE_DRAIN_TIMEOUT"];
  if (text !== undefined) return msOfSeconds("PERDURE_DRAIN_TIMEOUT", text, "0 or more");
  return hostJson.values["useGracefulShutdown"] === false ? 0 : DEFAULT_DRAIN_MS;
}

/** Seconds, as a person writes them, in milliseconds. @throws {DurableError} INVALID_CONFIGURATION */
export function msOfSeconds(source: string, text: string, range: "0 or more" | "above 0"): number {
  const ms = /^\d+(\.\d+)?$/.test(text) ? Number(text) * 1000 : -1;
  if (range === "above 0" ? ms > 0 : ms >= 0) return ms;
  throw wrongSetting({ source, setting: source, value: text, allowed: `a number of seconds, ${range}` });
}

const ALLOWED_HOSTS = "httpSettings.allowedHosts";
const POLL_TIME = "httpSettings.defaultAsyncRequestSleepTimeMilliseconds";

function engineSettings(values: Readonly<Record<string, HostJsonValue>>): Partial<EngineSettings> {
  const names = [
    "maxConcurrentActivityFunctions",
    "maxConcurrentOrchestratorFunctions",
    "maxConcurrentEntityFunctions",
    "maxEntityOperationBatchSize",
    "rollbackEntityOperationsOnExceptions",
    "maxOrchestrationActions",
    "overridableExistingInstanceStates",
    "throwStatusExceptionsOnRaiseEvent",
    "defaultVersion",
    "versionMatchStrategy",
    "versionFailureStrategy",
    "nonDeterministicInstances",
  ] as const satisfies readonly (keyof EngineSettings)[];
  const { [ALLOWED_HOSTS]: allowedHttpHosts, [POLL_TIME]: defaultAsyncRequestSleepTimeMilliseconds } = values;
  const settings = {
    ...Object.fromEntries(names.map((name) => [name, values[name]])),
    allowedHttpHosts,
    defaultAsyncRequestSleepTimeMilliseconds,
  };
  return given(settings) as Partial<EngineSettings>;
}
