import { join, resolve } from "node:path";
import { isTaskHubName, TASK_HUB_NAMES } from "../core/task-hub-name.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { parseWebhookUrl, WEBHOOK_URLS } from "../http/index.ts";
import { DEFAULT_TASK_HUB_NAME } from "../sdk/index.ts";
import { type HostSettings, readHostSettings } from "./host-json.ts";
import type { HostJsonValue } from "./host-json-settings.ts";
import { wrongSetting } from "./invalid-configuration.ts";
import { type JsonObject, readJsonFile } from "./json-file.ts";
import { isPort, type LocalSettings, PORTS, readLocalSettings } from "./local-settings.ts";
import { isLoopback } from "./loopback.ts";

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
  /** Where callers reach the API, for the URLs that the client makes without a request. Default: where the host listens. */
  readonly webhookUrl?: string;
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
  readonly webhookUrl: string | undefined;
  /** Values of local.settings.json that the environment does not have. */
  readonly environment: Readonly<Record<string, string>>;
  readonly warnings: readonly string[];
}

export interface ConfigurationSources {
  readonly overrides: ConfigurationOverrides;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly appFolder: string;
  readonly hostJson: JsonObject | undefined;
  readonly localSettings: JsonObject | undefined;
}

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
  const { overrides, appFolder } = sources;
  const local = readLocalSettings(sources.localSettings, join(appFolder, "local.settings.json"));
  const environment = withoutEmpty({ ...local.values, ...withoutAbsent(sources.environment) });
  const path = join(appFolder, "host.json");
  const host = readHostSettings({ hostJson: sources.hostJson, path, environment });
  const address = overrides.host ?? environment["PERDURE_HOST"] ?? "127.0.0.1";
  const systemKey = environment["PERDURE_SYSTEM_KEY"];
  return {
    port: portOf(overrides, environment, local),
    host: address,
    storage: overrides.storage ?? environment["PERDURE_STORAGE"] ?? storageOf(host, appFolder, path),
    taskHubName: taskHubNameOf(overrides, environment, host),
    drainMs: drainOf(overrides, environment, host),
    settings: engineSettings(host.values),
    useForwardedHost: host.values["httpSettings.useForwardedHost"] === true,
    systemKey,
    requireKey: overrides.requireKey ?? (systemKey !== undefined || !isLoopback(address)),
    webhookUrl: webhookUrlOf(overrides, environment),
    environment: Object.fromEntries(
      Object.entries(local.values).filter(([name]) => sources.environment[name] === undefined),
    ),
    warnings: host.warnings,
  };
}

type Environment = Readonly<Record<string, string>>;

function withoutAbsent(environment: ConfigurationSources["environment"]): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}

/** An empty PERDURE_* variable says nothing: an empty host, say, would mean every address. */
function withoutEmpty(environment: Environment): Environment {
  return Object.fromEntries(
    Object.entries(environment).filter(
      ([name, value]) => !name.startsWith("PERDURE_") || value.trim() !== "",
    ),
  );
}

function portOf(overrides: ConfigurationOverrides, environment: Environment, local: LocalSettings): number {
  if (overrides.port !== undefined) return requirePort("--port", overrides.port);
  const text = environment["PERDURE_PORT"];
  if (text !== undefined) return requirePort("PERDURE_PORT", Number(text));
  return local.port ?? DEFAULT_PORT;
}

function requirePort(source: string, value: unknown): number {
  if (isPort(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: PORTS });
}

/** A path in host.json is meant from where host.json is. */
function storageOf({ values }: HostSettings, appFolder: string, source: string): string {
  const type = values["storageProvider.type"] ?? "sqlite";
  switch (String(type).toLowerCase()) {
    case "memory":
      return "memory:";
    case "sqlite":
      return `sqlite:${resolve(appFolder, String(values["storageProvider.path"] ?? ".perdure/hub.db"))}`;
    default:
      throw wrongSetting({
        source,
        setting: "extensions.durableTask.storageProvider.type",
        value: type,
        allowed: '"sqlite" or "memory" in this version',
      });
  }
}

function taskHubNameOf(
  overrides: ConfigurationOverrides,
  environment: Environment,
  host: HostSettings,
): string {
  if (overrides.taskHubName !== undefined) return requireTaskHubName("--hub", overrides.taskHubName);
  const name = environment["PERDURE_TASK_HUB"];
  if (name !== undefined) return requireTaskHubName("PERDURE_TASK_HUB", name);
  return String(host.values["hubName"] ?? DEFAULT_TASK_HUB_NAME);
}

function requireTaskHubName(source: string, value: string): string {
  if (isTaskHubName(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: TASK_HUB_NAMES });
}

function webhookUrlOf(overrides: ConfigurationOverrides, environment: Environment): string | undefined {
  const source = overrides.webhookUrl === undefined ? "PERDURE_WEBHOOK_URL" : "webhookUrl";
  const value = overrides.webhookUrl ?? environment["PERDURE_WEBHOOK_URL"];
  if (value === undefined || parseWebhookUrl(value)) return value;
  throw wrongSetting({ source, setting: source, value, allowed: WEBHOOK_URLS });
}

/** Without a graceful shutdown nothing is waited for: what runs, runs again with the next owner. */
function drainOf(overrides: ConfigurationOverrides, environment: Environment, host: HostSettings): number {
  if (overrides.drainMs !== undefined) return overrides.drainMs;
  const text = environment["PERDURE_DRAIN_TIMEOUT"];
  if (text !== undefined) return drainMsOfText("PERDURE_DRAIN_TIMEOUT", text);
  return host.values["useGracefulShutdown"] === false ? 0 : DEFAULT_DRAIN_MS;
}

/** Seconds, as a person writes them, in milliseconds. @throws {DurableError} INVALID_CONFIGURATION */
export function drainMsOfText(source: string, text: string): number {
  if (/^\d+(\.\d+)?$/.test(text)) return Number(text) * 1000;
  throw wrongSetting({ source, setting: source, value: text, allowed: "a number of seconds, 0 or more" });
}

function engineSettings(values: Readonly<Record<string, HostJsonValue>>): Partial<EngineSettings> {
  const names = [
    "maxConcurrentActivityFunctions",
    "maxConcurrentOrchestratorFunctions",
    "maxOrchestrationActions",
    "overridableExistingInstanceStates",
    "throwStatusExceptionsOnRaiseEvent",
  ] as const satisfies readonly (keyof EngineSettings)[];
  return Object.fromEntries(
    names.filter((name) => values[name] !== undefined).map((name) => [name, values[name]]),
  );
}
