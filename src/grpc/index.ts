export type { ServedHub } from "./served-hub.ts";
export { type SidecarServer, startSidecarServer } from "./sidecar-server.ts";
export { WorkerPool, type WorkerPoolOptions } from "./worker-pool.ts";
