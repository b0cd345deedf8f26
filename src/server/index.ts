export type { ConfigurationOverrides } from "./configuration.ts";
export { drainMsOfText } from "./configuration.ts";
export { packageVersion } from "./package-version.ts";
export { type HostRole, type RunningServer, type StartServerOptions, startServer } from "./start-server.ts";
