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
  /** The caller has gone, its time is over, or the server stops. */
  readonly signal: AbortSignal;
  /** The other end of the connection. */
  readonly peer: string;
  readonly userAgent: string;
}

/** About a hub by its name; `undefined`: that of the server. */
export type AdminRpc<Request, Response> = (
  request: Request,
  hubName: string | undefined,
) => Promise<Response>;

export type Rpc<Request, Response> = (request: Request, call: RpcCall) => Promise<Response>;
