export { openStorage, type OpenStorageOptions } from "./open-storage.ts";
