import type { ServiceDefinition } from "@grpc/grpc-js";
import { status } from "@grpc/grpc-js";
import { RpcError } from "./rpc-error.ts";

/** Stands for a request whose bytes mean nothing. */
class MalformedRequest {
  readonly reason: string;

  constructor(reason: string) {
    this.reason = reason;
  }
}

/** The library takes bytes that cannot be read for a failure of the server; they are one of the caller. */
export function withMalformedRequests(service: ServiceDefinition): ServiceDefinition {
  const methods = Object.entries(service).map(([name, method]) => {
    const read = method.requestDeserialize;
    const requestDeserialize = (bytes: Buffer): unknown => {
      try {
        return read(bytes);
      } catch (error) {
        return new MalformedRequest(error instanceof Error ? error.message : String(error));
      }
    };
    return [name, { ...method, requestDeserialize }];
  });
  return Object.fromEntries(methods) as ServiceDefinition;
}

/** @throws {RpcError} INVALID_ARGUMENT */
export function requireReadable(request: unknown): void {
  if (!(request instanceof MalformedRequest)) return;
  throw new RpcError(status.INVALID_ARGUMENT, `The request cannot be read: ${request.reason}.`);
}
