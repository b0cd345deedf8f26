import { statSync } from "node:fs";
import { invalidConfiguration } from "./invalid-configuration.ts";
import { readKeysNow, type StoredKey, SYSTEM_KEY } from "./key-file.ts";

/**
 * The key that the client's URLs carry: the one of that name, or else the first that opens everything. It is looked up
 * for each URL, so a key that is rotated counts at once; the file is read only when it has changed.
 */
export class SystemKey {
  readonly #path: string;
  #keys: readonly StoredKey[] = [];
  #readAt: number | undefined;

  constructor(path: string) {
    this.#path = path;
  }

  /** @throws {DurableError} INVALID_CONFIGURATION when the file has no key that opens everything. */
  current(): string {
    this.#refresh();
    const full = this.#keys.filter(({ access }) => access === "full");
    const key = full.find(({ name }) => name === SYSTEM_KEY) ?? full.at(0);
    if (key) return key.value;
    throw invalidConfiguration(
      `${this.#path} has no key that opens everything, which management URLs carry. Make one: perdure keys add ${SYSTEM_KEY}`,
    );
  }

  #refresh(): void {
    const changed = statSync(this.#path, { throwIfNoEntry: false })?.mtimeMs;
    if (changed !== undefined && changed === this.#readAt) return;
    this.#keys = changed === undefined ? [] : readKeysNow(this.#path);
    this.#readAt = changed;
  }
}
