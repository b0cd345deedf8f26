import {
  type DescMessage,
  type DescMethod,
  fromBinary,
  type MessageShape,
  toBinary,
} from "@bufbuild/protobuf";
import { TaskHubSidecarService } from "./generated/orchestrator_service_pb.ts";

/** One RPC, in the form in which a gRPC server or client for Node.js takes it. */
export interface RpcDefinition<Request, Response> {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
  readonly requestSerialize: (request: Request) => Buffer;
  readonly requestDeserialize: (bytes: Uint8Array) => Request;
  readonly responseSerialize: (response: Response) => Buffer;
  readonly responseDeserialize: (bytes: Uint8Array) => Response;
}

type Methods = typeof TaskHubSidecarService.method;

export type SidecarServiceDefinition = {
  readonly [Rpc in keyof Methods]: RpcDefinition<
    MessageShape<Methods[Rpc]["input"]>,
    MessageShape<Methods[Rpc]["output"]>
  >;
};

/** The service, with the methods named as in `TaskHubSidecarService.method`: `startInstance`. */
export function defineSidecarService(): SidecarServiceDefinition {
  const methods = TaskHubSidecarService.methods.map((method) => [method.localName, defineRpc(method)]);
  return Object.fromEntries(methods) as SidecarServiceDefinition;
}

function defineRpc(method: DescMethod): RpcDefinition<unknown, unknown> {
  const [request, response] = [serializer(method.input), serializer(method.output)];
  return {
    path: `/${method.parent.typeName}/${method.name}`,
    requestStream: method.methodKind === "client_streaming" || method.methodKind === "bidi_streaming",
    responseStream: method.methodKind === "server_streaming" || method.methodKind === "bidi_streaming",
    requestSerialize: request.serialize,
    requestDeserialize: request.deserialize,
    responseSerialize: response.serialize,
    responseDeserialize: response.deserialize,
  };
}

interface Serializer {
  readonly serialize: (message: unknown) => Buffer;
  readonly deserialize: (bytes: Uint8Array) => unknown;
}

const NO_BYTES = Buffer.alloc(0);

function serializer(schema: DescMessage): Serializer {
  return {
    serialize:
      schema.fields.length === 0
        ? () => NO_BYTES
        : (message) => asBuffer(toBinary(schema, message as MessageShape<typeof schema>)),
    // Fields that only a newer peer knows are of no use to anyone here, and keeping them costs time.
    deserialize: (bytes) => fromBinary(schema, bytes, { readUnknownFields: false }),
  };
}

/** The same bytes, not a copy. */
export function asBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength);
}
