import { DurableError } from "../../core/errors.ts";
import type { StorageProvider } from "../../storage/index.ts";

export interface OpenStorageOptions {
  /** See SqliteStorageOptions; other stores have no use for it. */
  readonly synchronous?: "full" | "normal";
}

/**
 * Opens the store a URL names: `memory:`, `sqlite:./hub.db`, `sqlite:///var/lib/hub.db`.
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
    const path = pathOf(url);
    const { openSqliteStorage } = await import("../sqlite/sqlite-storage.ts");
    return openSqliteStorage({ path, ...options });
  }
  throw unknownStorage(`The storage "${withoutSecrets(url)}" is not known`);
}

/** What follows the scheme; `//` before an absolute path is how URLs are usually written. */
function pathOf(url: string): string {
  const path = url.slice("sqlite:".length).replace(/^\/\/(?=\/)/, "");
  if (path === "" || path.startsWith("//")) throw unknownStorage(`The storage "${url}" names no file`);
  return path;
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
