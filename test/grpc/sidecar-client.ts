import { create, type MessageInitShape, type MessageShape } from "@bufbuild/protobuf";
import {
  type ChannelCredentials,
  Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  type StatusObject,
} from "@grpc/grpc-js";
import {
  type HistoryEvent,
  OrchestrationStatus,
  TaskHubSidecarService,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { defineSidecarService, type RpcDefinition } from "../../src/wire/sidecar-service.ts";

type Methods = typeof TaskHubSidecarService.method;
type MethodsOfKind<Kind> = {
  [Name in keyof Methods]: Methods[Name]["methodKind"] extends Kind ? Name : never;
}[keyof Methods];

/** The RPCs with one answer. */
export type UnaryRpc = MethodsOfKind<"unary">;
export type StreamRpc = MethodsOfKind<"server_streaming">;
export type RequestOf<Rpc extends keyof Methods> = MessageInitShape<Methods[Rpc]["input"]>;
export type ResponseOf<Rpc extends keyof Methods> = MessageShape<Methods[Rpc]["output"]>;

export interface ClientOptions {
  readonly credentials?: ChannelCredentials;
  readonly userAgent?: string;
  /** The largest message that it receives, in bytes. Default: any. */
  readonly maxReceive?: number;
  /** Sent with each call. */
  readonly metadata?: Readonly<Record<string, string>>;
}

export interface CallOptions {
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
  readonly metadata?: Readonly<Record<string, string>>;
}

const SERVICE = defineSidecarService();

/** A client of the service that sends what it is told, word for word. */
export class SidecarClient {
  readonly #client: Client;
  readonly #metadata: Readonly<Record<string, string>>;

  constructor(address: string, options: ClientOptions = {}) {
    this.#client = new Client(address, options.credentials ?? credentials.createInsecure(), {
      "grpc.max_receive_message_length": options.maxReceive ?? -1,
      "grpc.max_send_message_length": -1,
      // Clients of one address share connections otherwise, and with them what the first one is called.
      "grpc.use_local_subchannel_pool": 1,
      ...(options.userAgent === undefined ? {} : { "grpc.primary_user_agent": options.userAgent }),
    });
    this.#metadata = options.metadata ?? {};
  }

  call<Rpc extends UnaryRpc>(
    rpc: Rpc,
    request: RequestOf<Rpc>,
    options: CallOptions = {},
  ): Promise<ResponseOf<Rpc>> {
    const definition = SERVICE[rpc] as RpcDefinition<unknown, unknown>;
    const message = create(TaskHubSidecarService.method[rpc].input, request as object);
    const bytes = definition.requestSerialize(message);
    return this.send(rpc, bytes, options) as Promise<ResponseOf<Rpc>>;
  }

  /** Bytes that need not be a message. */
  send(rpc: UnaryRpc, bytes: Buffer, { deadlineMs, signal, metadata }: CallOptions = {}): Promise<unknown> {
    const { path, responseDeserialize } = SERVICE[rpc] as RpcDefinition<unknown, unknown>;
    return new Promise((resolve, reject) => {
      const call = this.#client.makeUnaryRequest(
        path,
        (raw: Buffer) => raw,
        responseDeserialize,
        bytes,
        this.#metadataOf(metadata),
        deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs },
        (error, response) => (error ? reject(error) : resolve(response)),
      );
      signal?.addEventListener("abort", () => call.cancel(), { once: true });
    });
  }

  stream<Rpc extends StreamRpc>(
    rpc: Rpc,
    request: RequestOf<Rpc>,
    metadata: Readonly<Record<string, string>> = {},
  ): ClientReadableStream<ResponseOf<Rpc>> {
    const definition = SERVICE[rpc] as unknown as RpcDefinition<unknown, ResponseOf<Rpc>>;
    return this.#client.makeServerStreamRequest(
      definition.path,
      definition.requestSerialize,
      definition.responseDeserialize,
      create(TaskHubSidecarService.method[rpc].input, request as object),
      this.#metadataOf(metadata),
    );
  }

  /** A stream that is asked for with bytes that need not be a message; how it ended. */
  sendStream(rpc: StreamRpc, bytes: Buffer): Promise<StatusObject> {
    const { path, responseDeserialize } = SERVICE[rpc] as unknown as RpcDefinition<unknown, unknown>;
    const stream = this.#client.makeServerStreamRequest(
      path,
      (raw: Buffer) => raw,
      responseDeserialize,
      bytes,
      this.#metadataOf(),
    );
    return endOf(stream);
  }

  close(): void {
    this.#client.close();
  }

  // --- in short what tests ask for most ---

  async start(name: string, request: Omit<RequestOf<"startInstance">, "name"> = {}): Promise<string> {
    return (await this.call("startInstance", { ...request, name } as RequestOf<"startInstance">)).instanceId;
  }

  async state(instanceId: string) {
    return (await this.call("getInstance", { instanceId, getInputsAndOutputs: true })).orchestrationState;
  }

  /** The name of its status; "none" for an instance that is not there. */
  async statusOf(instanceId: string): Promise<string> {
    return statusName((await this.state(instanceId))?.orchestrationStatus);
  }

  /** How it ended. */
  async ended(instanceId: string) {
    const { orchestrationState } = await this.call("waitForInstanceCompletion", {
      instanceId,
      getInputsAndOutputs: true,
    });
    return { ...orchestrationState, status: statusName(orchestrationState?.orchestrationStatus) };
  }

  async started(instanceId: string): Promise<void> {
    await this.call("waitForInstanceStart", { instanceId });
  }

  async history(request: RequestOf<"streamInstanceHistory">): Promise<HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    for await (const chunk of this.stream("streamInstanceHistory", request)) {
      events.push(...(chunk as ResponseOf<"streamInstanceHistory">).events);
    }
    return events;
  }

  #metadataOf(more: Readonly<Record<string, string>> = {}): Metadata {
    const metadata = new Metadata();
    for (const [name, value] of Object.entries({ ...this.#metadata, ...more })) metadata.set(name, value);
    return metadata;
  }
}

/** How a stream that nobody reads ends. */
export function endOf(stream: ClientReadableStream<unknown>): Promise<StatusObject> {
  stream.on("data", () => undefined);
  stream.on("error", () => undefined);
  return new Promise((resolve) => {
    stream.on("status", resolve);
  });
}

function statusName(status: OrchestrationStatus | undefined): string {
  const found = Object.entries(OrchestrationStatus).find(([, number]) => number === status);
  return found?.[0] ?? "none";
}

export const kindsOf = (events: readonly HistoryEvent[]): readonly (string | undefined)[] =>
  events.map(({ eventType }) => eventType.case);
