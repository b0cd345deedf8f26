import { wrongSetting } from "./invalid-configuration.ts";
import { isJsonObject, type JsonObject, propertyOf } from "./json-file.ts";

/** local.settings.json of Azure Functions: settings for development, beside the app. */
export interface LocalSettings {
  readonly values: Readonly<Record<string, string>>;
  readonly port: number | undefined;
  /** Origins with commas between them. */
  readonly cors: string;
  readonly corsCredentials: boolean;
}

/** @throws {DurableError} INVALID_CONFIGURATION */
export function readLocalSettings(file: JsonObject | undefined, path: string): LocalSettings {
  const values = propertyOf(file, "Values") ?? {};
  if (!isJsonObject(values)) {
    throw wrongSetting({ source: path, setting: "Values", value: values, allowed: "an object" });
  }
  const host = propertyOf(file, "Host");
  return {
    values: Object.fromEntries(
      Object.entries(values).map(([name, value]) => [name, textOf(name, value, path)]),
    ),
    port: portOf(propertyOf(host, "LocalHttpPort"), path),
    cors: corsOf(propertyOf(host, "CORS"), path),
    corsCredentials: credentialsOf(propertyOf(host, "CORSCredentials"), path),
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

function portOf(value: unknown, path: string): number | undefined {
  if (value === undefined || isPort(value)) return value;
  throw wrongSetting({ source: path, setting: "Host.LocalHttpPort", value, allowed: PORTS });
}

function corsOf(value: unknown, path: string): string {
  if (value === undefined) return "";
  if (typeof value === "string") return value;
  throw wrongSetting({ source: path, setting: "Host.CORS", value, allowed: "a text" });
}

function credentialsOf(value: unknown, path: string): boolean {
  if (value === undefined) return false;
  if (typeof value === "boolean") return value;
  throw wrongSetting({ source: path, setting: "Host.CORSCredentials", value, allowed: "true or false" });
}
