export { describeStorageProvider } from "./describe-storage-provider.ts";
export type { StorageHarness } from "./harness.ts";
