export { describeStorageProvider } from "./storage-conformance/describe-storage-provider.ts";
export type { StorageHarness } from "./storage-conformance/harness.ts";
