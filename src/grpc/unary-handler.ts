import type { handleUnaryCall, Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { Logger } from "../engine/logger.ts";
import { requestOf } from "./lenient-service.ts";
import { rpcErrorOf } from "./rpc-error.ts";
import type { Rpc, RpcCall, ServedHub } from "./served-hub.ts";

export interface HandlerPorts {
  /** The hub that a call is for. @throws {RpcError} UNAUTHENTICATED, {DurableError} TASK_HUB_NOT_FOUND */
  readonly hubOfCall: (metadata: Metadata) => Promise<ServedHub>;
  readonly logger: Logger;
}

/** An RPC with one answer. */
export function unaryHandler<Request, Response>(
  rpc: Rpc<Request, Response>,
  ports: HandlerPorts,
): handleUnaryCall<Request, Response> {
  return (call, callback) => void respond(call, callback, rpc, ports);
}

async function respond<Request, Response>(
  call: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
  rpc: Rpc<Request, Response>,
  { hubOfCall, logger }: HandlerPorts,
): Promise<void> {
  let response: Response;
  try {
    const hub = await hubOfCall(call.metadata);
    response = await rpc(requestOf(call), new UnaryCall(call, hub));
  } catch (error) {
    return callback(statusOf(error, call.getPath(), logger));
  }
  callback(null, response);
}

/** Most calls are answered before anybody asks whether they have ended: what tells is made for those who ask. */
class UnaryCall implements RpcCall {
  readonly hub: ServedHub;
  readonly #call: ServerUnaryCall<unknown, unknown>;
  #ended: AbortController | undefined;

  constructor(call: ServerUnaryCall<unknown, unknown>, hub: ServedHub) {
    this.#call = call;
    this.hub = hub;
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  get signal(): AbortSignal {
    this.#ended ??= endOf(this.#call);
    return this.#ended.signal;
  }
}

function endOf(call: ServerUnaryCall<unknown, unknown>): AbortController {
  const ended = new AbortController();
  if (call.cancelled) ended.abort();
  else call.once("cancelled", () => ended.abort());
  return ended;
}

/** What the caller is told; a failure of the server itself is for its log. */
export function statusOf(
  error: unknown,
  path: string,
  logger: Logger,
): { readonly code: number; readonly details: string; readonly name: string; readonly message: string } {
  const { code, message, isOurs } = rpcErrorOf(error);
  if (isOurs) logger.error({ rpc: path, err: error }, "An RPC failed");
  return { code, details: message, name: "RpcError", message };
}
