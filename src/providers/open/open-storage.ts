import { DurableError } from "../../core/errors.ts";
import type { StorageProvider } from "../../storage/index.ts";

export interface OpenStorageOptions {
  /** See SqliteStorageOptions; other stores have no use for it. */
  readonly synchronous?: "full" | "normal";
  /** Whether a file that is not there is made. Default true. */
  readonly create?: boolean;
}

/**
 * Opens the store a URL names: `memory:`, `sqlite:./hub.db`, `sqlite:///var/lib/hub.db?synchronous=normal`.
 *
 * @throws {DurableError} UNKNOWN_STORAGE, and what the store itself raises
 */
export async function openStorage(url: string, options: OpenStorageOptions = {}): Promise<StorageProvider> {
  const scheme = /^([a-z][a-z0-9+-]*):/i.exec(url)?.[1]?.toLowerCase();
  if (scheme === "memory") {
    const { createMemoryStorage } = await import("../memory/memory-storage.ts");
    return createMemoryStorage();
  }
  if (scheme === "sqlite") {
    const { path, parameters } = partsOf(url);
    const { openSqliteStorage } = await import("../sqlite/sqlite-storage.ts");
    return openSqliteStorage({ path, ...options, ...parameters });
  }
  throw unknownStorage(`The storage "${withoutSecrets(url)}" is not known`);
}

/** What follows the scheme; `//` before an absolute path is how URLs are usually written. */
function partsOf(url: string): { readonly path: string; readonly parameters: OpenStorageOptions } {
  const [location = "", query = ""] = url.slice("sqlite:".length).split("?");
  const path = location.replace(/^\/\/(?=\/)/, "");
  if (path === "" || path.startsWith("//")) throw unknownStorage(`The storage "${url}" names no file`);
  return { path, parameters: parametersOf(query, url) };
}

function parametersOf(query: string, url: string): OpenStorageOptions {
  let parameters: OpenStorageOptions = {};
  for (const [name, value] of new URLSearchParams(query)) {
    const synchronous = value.toLowerCase();
    if (name !== "synchronous" || (synchronous !== "full" && synchronous !== "normal")) {
      throw unknownStorage(
        `"${name}=${value}" in "${url}" is not known: only synchronous=full or synchronous=normal is`,
      );
    }
    parameters = { synchronous };
  }
  return parameters;
}

function unknownStorage(problem: string): DurableError {
  return new DurableError(
    "UNKNOWN_STORAGE",
    `${problem}. Use memory:, sqlite:./path/to/hub.db or sqlite:///absolute/path/to/hub.db.`,
  );
}

function withoutSecrets(url: string): string {
  return url.replace(/\/\/[^/@]*@/, "//***@");
}
