export {
  type Configuration,
  type ConfigurationOverrides,
  drainMsOfText,
  readConfiguration,
} from "./configuration.ts";
export { packageVersion } from "./package-version.ts";
export { type HostRole, type RunningServer, type StartServerOptions, startServer } from "./start-server.ts";
