export { createMemoryStorage, type MemoryStorageOptions } from "./memory-storage.ts";
