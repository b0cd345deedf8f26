import type { ServiceDefinition } from "@grpc/grpc-js";
import { MalformedMessageError } from "../wire/malformed-message-error.ts";
import { asBuffer, defineSidecarService, type RpcDefinition } from "../wire/sidecar-service.ts";

/**
 * The service as a server takes it. gRPC itself answers bytes that are no message with INTERNAL, upon which SDKs try
 * again; here the call goes on, for `requestOf` to refuse. Work items come encoded.
 */
export function lenientService(): ServiceDefinition {
  const { getWorkItems, ...rpcs } = defineSidecarService();
  const service = { ...rpcs, getWorkItems: { ...getWorkItems, responseSerialize: asBuffer } };
  const entries = Object.entries(service as Record<string, RpcDefinition<unknown, unknown>>);
  return Object.fromEntries(entries.map(([name, rpc]) => [name, lenient(rpc)]));
}

function lenient(rpc: RpcDefinition<unknown, unknown>): RpcDefinition<unknown, unknown> {
  return {
    ...rpc,
    requestDeserialize: (bytes) => {
      try {
        return rpc.requestDeserialize(bytes);
      } catch (error) {
        return new MalformedMessageError(`The request cannot be read: ${String(error)}`);
      }
    },
  };
}

/** @throws {MalformedMessageError} */
export function requestOf<Request>({ request }: { readonly request: Request }): Request {
  if (request instanceof MalformedMessageError) throw request;
  return request;
}
