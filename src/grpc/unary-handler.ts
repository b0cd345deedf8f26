import type { handleUnaryCall, Metadata, ServerUnaryCall, sendUnaryData } from "@grpc/grpc-js";
import type { Logger } from "../engine/logger.ts";
import { requestOf } from "./lenient-service.ts";
import type { PendingCalls } from "./pending-calls.ts";
import { rpcErrorOf } from "./rpc-error.ts";
import type { AdminRpc, Rpc, RpcCall, ServedHub } from "./served-hub.ts";

const MAX_DETAILS = 1_000;

export interface HandlerPorts {
  /** The name of the hub that a call is for; `undefined`: that of this server. */
  readonly hubNameOfCall: (metadata: Metadata) => string | undefined;
  /** That hub. @throws {DurableError} TASK_HUB_NOT_FOUND, INVALID_TASK_HUB_NAME */
  readonly hubOfCall: (metadata: Metadata) => Promise<ServedHub>;
  readonly pending: PendingCalls;
  readonly logger: Logger;
}

/** An RPC with one answer. */
export function unaryHandler<Request, Response>(
  rpc: Rpc<Request, Response>,
  { hubOfCall, pending, logger }: HandlerPorts,
): handleUnaryCall<Request, Response> {
  const answer = async (call: ServerUnaryCall<Request, Response>): Promise<Response> => {
    const hub = await hubOfCall(call.metadata);
    const rpcCall = new UnaryCall(call, hub, pending);
    try {
      return await rpc(requestOf(call), rpcCall);
    } finally {
      rpcCall.answered();
    }
  };
  return (call, callback) => void respond(call, callback, answer, logger);
}

/** One that is about a hub as a whole, which need not be there. */
export function adminHandler<Request, Response>(
  rpc: AdminRpc<Request, Response>,
  { hubNameOfCall, logger }: HandlerPorts,
): handleUnaryCall<Request, Response> {
  const answer = async (call: ServerUnaryCall<Request, Response>): Promise<Response> =>
    rpc(requestOf(call), hubNameOfCall(call.metadata));
  return (call, callback) => void respond(call, callback, answer, logger);
}

async function respond<Request, Response>(
  call: ServerUnaryCall<Request, Response>,
  callback: sendUnaryData<Response>,
  answer: (call: ServerUnaryCall<Request, Response>) => Promise<Response>,
  logger: Logger,
): Promise<void> {
  let response: Response;
  try {
    response = await answer(call);
  } catch (error) {
    return callback(statusOf(error, call.getPath(), logger));
  }
  callback(null, response);
}

/** Most calls are answered before anybody asks whether they have ended: what tells is made for those who ask. */
class UnaryCall implements RpcCall {
  readonly hub: ServedHub;
  readonly #call: ServerUnaryCall<unknown, unknown>;
  readonly #pending: PendingCalls;
  #ended: AbortController | undefined;

  constructor(call: ServerUnaryCall<unknown, unknown>, hub: ServedHub, pending: PendingCalls) {
    this.#call = call;
    this.hub = hub;
    this.#pending = pending;
  }

  get peer(): string {
    return this.#call.getPeer();
  }

  get userAgent(): string {
    return userAgentOf(this.#call.metadata);
  }

  get signal(): AbortSignal {
    if (this.#ended === undefined) {
      this.#ended = endOf(this.#call);
      this.#pending.add(this.#ended);
    }
    return this.#ended.signal;
  }

  answered(): void {
    if (this.#ended) this.#pending.remove(this.#ended);
  }
}

/** What the caller's library and SDK call themselves. */
export function userAgentOf(metadata: Metadata): string {
  return metadata.get("user-agent").join(" ");
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
  // A status travels in the trailers, where a longer text ends the connection of its caller.
  const details = message.length > MAX_DETAILS ? `${message.slice(0, MAX_DETAILS)}…` : message;
  return { code, details, name: "RpcError", message };
}
