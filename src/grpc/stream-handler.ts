import type { handleServerStreamingCall, ServerWritableStream } from "@grpc/grpc-js";
import { requestOf } from "./lenient-service.ts";
import type { RpcCall, ServedHub } from "./served-hub.ts";
import { type HandlerPorts, statusOf, userAgentOf } from "./unary-handler.ts";

/** An RPC whose answers come one after the other, as fast as the caller takes them. */
export function streamHandler<Request, Response>(
  rpc: (request: Request, call: RpcCall) => AsyncIterable<Response>,
  ports: HandlerPorts,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const ended = new AbortController();
    call.on("cancelled", () => ended.abort());
    pour(call, rpc, ended.signal, ports).then(
      () => call.end(),
      (error: unknown) => call.emit("error", statusOf(error, call.getPath(), ports.logger)),
    );
  };
}

/** An RPC whose stream somebody keeps. */
export function streamOpener<Request, Response>(
  open: (call: ServerWritableStream<Request, Response>, hub: ServedHub) => void,
  { hubOfCall, logger }: HandlerPorts,
): handleServerStreamingCall<Request, Response> {
  return (call) => {
    const openFor = (hub: ServedHub): void => {
      requestOf(call);
      if (!call.cancelled) open(call, hub);
    };
    hubOfCall(call.metadata)
      .then(openFor)
      .catch((error: unknown) => call.emit("error", statusOf(error, call.getPath(), logger)));
  };
}

async function pour<Request, Response>(
  call: ServerWritableStream<Request, Response>,
  rpc: (request: Request, call: RpcCall) => AsyncIterable<Response>,
  signal: AbortSignal,
  { hubOfCall }: HandlerPorts,
): Promise<void> {
  const hub = await hubOfCall(call.metadata);
  for await (const response of rpc(requestOf(call), callOf(call, hub, signal))) {
    if (signal.aborted) return;
    if (!call.write(response)) await drained(call, signal);
  }
}

const callOf = (
  call: ServerWritableStream<unknown, unknown>,
  hub: ServedHub,
  signal: AbortSignal,
): RpcCall => ({ hub, signal, peer: call.getPeer(), userAgent: userAgentOf(call.metadata) });

function drained(call: ServerWritableStream<unknown, unknown>, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const goOn = (): void => {
      signal.removeEventListener("abort", goOn);
      resolve();
    };
    call.once("drain", goOn);
    signal.addEventListener("abort", goOn, { once: true });
  });
}
