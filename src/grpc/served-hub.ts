import type { Logger } from "../engine/logger.ts";
import type { TaskHubClient } from "../engine/task-hub-client.ts";
import type { QueryStore } from "../storage/index.ts";
import type { WorkerPool } from "./worker-pool.ts";

/** A task hub as its callers reach it. */
export interface ServedHub {
  readonly name: string;
  readonly client: TaskHubClient;
  readonly query: QueryStore;
  readonly workers: WorkerPool;
  readonly logger: Logger;
}

/** What an RPC knows of its call. */
export interface RpcCall {
  readonly hub: ServedHub;
  /** The caller has gone, or its time is over. */
  readonly signal: AbortSignal;
  /** The other end of the connection. */
  readonly peer: string;
}

export type Rpc<Request, Response> = (request: Request, call: RpcCall) => Promise<Response>;
