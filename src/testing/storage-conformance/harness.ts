import type { StorageProvider } from "../../storage/index.ts";

/** What a provider brings to the suite. */
export interface StorageHarness {
  /** An empty store. */
  readonly storage: StorageProvider;
  /** Lets the time of the store pass. */
  advance(ms: number): Promise<void>;
  /** A second, independent handle on the same store, as another process would have. The suite closes it. */
  reopen?(): Promise<StorageProvider>;
  dispose(): Promise<void>;
}

export type OpenHarness = () => Promise<StorageHarness>;
