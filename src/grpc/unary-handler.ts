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
  ports: HandlerPorts,
): Promise<void> {
  let response: Response;
  try {
    response = await answer(call, rpc, ports);
  } catch (error) {
    return callback(statusOf(error, call.getPath(), ports.logger));
  }
  callback(null, response);
}

async function answer<Request, Response>(
  call: ServerUnaryCall<Request, Response>,
  rpc: Rpc<Request, Response>,
  { hubOfCall }: HandlerPorts,
): Promise<Response> {
  const ended = new CallSignal(call);
  const hub = await hubOfCall(call.metadata);
  return rpc(requestOf(call), ended.with(hub, call.getPeer()));
}

/** Most calls are answered before anybody asks whether they have ended: the signal is made for those who ask. */
class CallSignal {
  #controller: AbortController | undefined;
  #hasEnded = false;

  constructor(call: ServerUnaryCall<unknown, unknown>) {
    call.on("cancelled", () => {
      this.#hasEnded = true;
      this.#controller?.abort();
    });
  }

  with(hub: ServedHub, peer: string): RpcCall {
    const signal = (): AbortSignal => this.#signal;
    return {
      hub,
      peer,
      get signal() {
        return signal();
      },
    };
  }

  get #signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#hasEnded) this.#controller.abort();
    return this.#controller.signal;
  }
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
