export {
  type Configuration,
  type ConfigurationOverrides,
  msOfSeconds,
  PERDURE_VARIABLES,
  readConfiguration,
} from "./configuration.ts";
export { originsOfText } from "./cross-origin-setting.ts";
export { keyFileOf, newKey, READ_KEY, readKeys, type StoredKey, SYSTEM_KEY, writeKeys } from "./key-file.ts";
export { urlOf } from "./listener.ts";
export { type OpenCheck, openCheck } from "./open-check.ts";
export type { Origin } from "./origin.ts";
export { packageVersion } from "./package-version.ts";
export { type HostRole, type RunningServer, type StartServerOptions, startServer } from "./start-server.ts";
