export type { ServedHub } from "./served-hub.ts";
export { type SidecarServer, startSidecarServer } from "./sidecar-server.ts";
export { WorkerPool } from "./worker-pool.ts";
