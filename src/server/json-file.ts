import { readFile } from "node:fs/promises";
import { invalidConfiguration } from "./invalid-configuration.ts";
import { parseJsonWithComments } from "./json-with-comments.ts";

export type JsonObject = Readonly<Record<string, unknown>>;

/** The object in a file; `undefined` when there is no such file. @throws {DurableError} INVALID_CONFIGURATION */
export async function readJsonFile(path: string): Promise<JsonObject | undefined> {
  const text = await readText(path);
  return text === undefined ? undefined : parseJsonObject(text, path);
}

/** @throws {DurableError} INVALID_CONFIGURATION that names the file */
export function parseJsonObject(text: string, path: string): JsonObject {
  let value: unknown;
  try {
    value = parseJsonWithComments(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalidConfiguration(`${path} is not valid JSON: ${reason}.`, cause);
  }
  if (isJsonObject(value)) return value;
  throw invalidConfiguration(`${path} must hold a JSON object.`);
}

export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** The property with this name, in any case. */
export function propertyOf(object: unknown, name: string): unknown {
  if (!isJsonObject(object)) return undefined;
  return Object.entries(object).find(([key]) => key.toLowerCase() === name.toLowerCase())?.[1];
}

async function readText(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw invalidConfiguration(`${path} cannot be read: ${reason}.`, cause);
  }
}
