import { createHash, timingSafeEqual } from "node:crypto";
import type { Access, KeyRing } from "../http/index.ts";
import { changedAt, readKeys } from "./key-file.ts";

interface KnownKey {
  readonly digest: Buffer;
  readonly access: Access;
}

export interface KeyRingOptions {
  /** Of `perdure keys`. */
  readonly path: string;
  /** A full key beside those of the file, as the environment gives it. */
  readonly extraKey: string | undefined;
}

/**
 * The keys of a file, as they are now: one that is added or revoked counts with the next request. Digests of equal
 * length are compared, all of them each time, so that the time it takes tells nothing.
 */
export class FileKeyRing implements KeyRing {
  readonly #options: KeyRingOptions;
  #keys: readonly KnownKey[] = [];
  #readAt: number | undefined;
  #hasRead = false;

  constructor(options: KeyRingOptions) {
    this.#options = options;
  }

  async accessOf(key: string): Promise<Access | undefined> {
    await this.#refresh();
    const presented = digestOf(key);
    let access: Access | undefined;
    for (const known of this.#keys) if (timingSafeEqual(known.digest, presented)) access = known.access;
    return access;
  }

  async #refresh(): Promise<void> {
    const { path, extraKey } = this.#options;
    const changed = await changedAt(path);
    if (this.#hasRead && changed === this.#readAt) return;
    const stored = (await readKeys(path)).map(({ value, access }) => ({ digest: digestOf(value), access }));
    const extra = extraKey === undefined ? [] : [{ digest: digestOf(extraKey), access: "full" as const }];
    this.#keys = [...stored, ...extra];
    this.#readAt = changed;
    this.#hasRead = true;
  }
}

const digestOf = (key: string): Buffer => createHash("sha256").update(key).digest();
