import { wrongSetting } from "./invalid-configuration.ts";
import { isJsonObject, type JsonObject, propertyOf } from "./json-file.ts";

/** local.settings.json of Azure Functions: settings for development, beside the app. */
export interface LocalSettings {
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
}

/** @throws {DurableError} INVALID_CONFIGURATION */
export function readLocalSettings(file: JsonObject | undefined, path: string): LocalSettings {
  const values = propertyOf(file, "Values") ?? {};
  if (!isJsonObject(values)) {
    throw wrongSetting({ source: path, setting: "Values", value: values, allowed: "an object" });
  }
  const port = propertyOf(propertyOf(file, "Host"), "LocalHttpPort");
  if (port !== undefined && !isPort(port)) {
    throw wrongSetting({ source: path, setting: "Host.LocalHttpPort", value: port, allowed: PORTS });
  }
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, textOf(name, value, path)]),
    ),
    port,
  };
}

export const PORTS = "a port number, 0 to 65535 (0: any free one)";

export function isPort(value: unknown): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= 65_535;
}

function textOf(name: string, value: unknown, path: string): string {
  if (typeof value === "string") return value;
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  throw wrongSetting({ source: path, setting: `Values.${name}`, value, allowed: "a text" });
}
