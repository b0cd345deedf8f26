import { create } from "@bufbuild/protobuf";
import {
  type Client,
  type ClientReadableStream,
  credentials,
  Metadata,
  makeGenericClientConstructor,
  type ServiceError,
  status,
} from "@grpc/grpc-js";
import { onTestFinished } from "vitest";
import type { Clock } from "../../src/engine/clock.ts";
import { systemClock } from "../../src/engine/clock.ts";
import type { ServedHub } from "../../src/grpc/served-hub.ts";
import { startSidecarServer } from "../../src/grpc/sidecar-server.ts";
import { WorkerPool } from "../../src/grpc/worker-pool.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import {
  CompleteOrchestrationActionSchema,
  type GetWorkItemsRequest,
  GetWorkItemsRequestSchema,
  OrchestrationStatus,
  type OrchestratorAction,
  OrchestratorActionSchema,
  OrchestratorResponseSchema,
  type WorkItem,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { defineSidecarService, type SidecarServiceDefinition } from "../../src/wire/sidecar-service.ts";

const SERVICE = defineSidecarService();
const SidecarClient = makeGenericClientConstructor(SERVICE, "TaskHubSidecarService");

type Rpc = keyof SidecarServiceDefinition;
type RequestOf<R extends Rpc> = Parameters<SidecarServiceDefinition[R]["requestSerialize"]>[0];
type ResponseOf<R extends Rpc> = Parameters<SidecarServiceDefinition[R]["responseSerialize"]>[0];

/** What the server has logged as a warning or an error. */
export interface Scene {
  readonly hub: TaskHub;
  readonly workers: WorkerPool;
  readonly complaints: string[];
  readonly port: number;
  /** Names of hubs that were made anew or removed. */
  readonly administered: string[];
  call<R extends Rpc>(rpc: R, request: RequestOf<R>, options?: CallOptions): Promise<ResponseOf<R>>;
  stream<R extends Rpc>(rpc: R, request: RequestOf<R>): Promise<readonly ResponseOf<R>[]>;
  connect(request?: Partial<GetWorkItemsRequest>, options?: WorkerOptions): Promise<ScriptedWorker>;
  /** A worker that runs all it is sent as the script says. */
  close(): Promise<void>;
}

export interface CallOptions {
  readonly headers?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
  readonly signal?: AbortSignal;
}

export interface WorkerOptions {
  readonly userAgent?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

export interface SceneOptions {
  readonly app?: App;
  readonly clock?: Clock;
  readonly isAllowed?: (token: string) => Promise<boolean>;
}

/** A real server on a port of this machine, with a hub in memory. */
export async function openScene({
  app = new App(),
  clock = systemClock,
  isAllowed,
}: SceneOptions = {}): Promise<Scene> {
  const complaints: string[] = [];
  const administered: string[] = [];
  const note = (_details: object, message: string): void => void complaints.push(message);
  const logger = { debug: () => undefined, info: () => undefined, warn: note, error: note };
  const workers = new WorkerPool(clock);
  const hub = await TaskHub.open(createMemoryStorage(), { app, logger, remoteWorkers: workers });
  await hub.start();
  const served: ServedHub = { name: hub.name, client: hub.rawClient, query: hub.query, workers, logger };
  const server = await startSidecarServer({
    host: "127.0.0.1",
    port: 0,
    hubOf: async () => served,
    admin: {
      create: async (name) => void administered.push(`create ${name}`),
      recreate: async (name) => void administered.push(`recreate ${name}`),
      delete: async (name) => void administered.push(`delete ${name}`),
    },
    ...(isAllowed ? { isAllowed } : {}),
    clock,
    logger,
  });
  const client = connectTo(server.port);
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    client.close();
    await server.close({ drainMs: 0, graceMs: 0 });
    await hub.close({ drainMs: 0 });
  };
  const scene: Scene = {
    hub,
    workers,
    complaints,
    administered,
    port: server.port,
    call: (rpc, request, options) => callUnary(client, rpc, request, options),
    stream: (rpc, request) => callStream(client, rpc, request),
    connect: (request = {}, options = {}) => ScriptedWorker.connect(scene, request, options),
    close: () => {
      closing ??= close();
      return closing;
    },
  };
  onTestFinished(() => scene.close());
  return scene;
}

export function connectTo(port: number, userAgent?: string): Client {
  return new SidecarClient(`127.0.0.1:${port}`, credentials.createInsecure(), {
    "grpc.use_local_subchannel_pool": 1,
    ...(userAgent === undefined ? {} : { "grpc.primary_user_agent": userAgent }),
  });
}

function metadataOf(headers: Readonly<Record<string, string>> = {}): Metadata {
  const metadata = new Metadata();
  for (const [name, value] of Object.entries(headers)) metadata.set(name, value);
  return metadata;
}

type AnyMethod = (...args: readonly unknown[]) => { cancel(): void };

function methodOf(client: Client, rpc: Rpc): AnyMethod {
  return (client as unknown as Record<string, AnyMethod>)[rpc]?.bind(client) as AnyMethod;
}

export function callUnary<R extends Rpc>(
  client: Client,
  rpc: R,
  request: RequestOf<R>,
  { headers, deadlineMs, signal }: CallOptions = {},
): Promise<ResponseOf<R>> {
  return new Promise((resolve, reject) => {
    const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs };
    const answered = (error: ServiceError | null, response: ResponseOf<R>): void =>
      error ? reject(error) : resolve(response);
    const call = methodOf(client, rpc)(request, metadataOf(headers), options, answered);
    signal?.addEventListener("abort", () => call.cancel());
  });
}

function callStream<R extends Rpc>(
  client: Client,
  rpc: R,
  request: RequestOf<R>,
): Promise<readonly ResponseOf<R>[]> {
  return new Promise((resolve, reject) => {
    const pieces: ResponseOf<R>[] = [];
    const call = methodOf(client, rpc)(request) as unknown as ClientReadableStream<ResponseOf<R>>;
    call.on("data", (piece: ResponseOf<R>) => pieces.push(piece));
    call.on("error", reject);
    call.on("end", () => resolve(pieces));
  });
}

/** A worker whose answers the test gives. */
export class ScriptedWorker {
  readonly client: Client;
  /** What it has been sent and the test has not taken. */
  readonly items: WorkItem[] = [];
  ended: ServiceError | undefined;
  #waiting: (() => void)[] = [];
  readonly #stream: ClientReadableStream<WorkItem>;

  private constructor(client: Client, stream: ClientReadableStream<WorkItem>) {
    this.client = client;
    this.#stream = stream;
    stream.on("data", (item: WorkItem) => {
      this.items.push(item);
      this.#wake();
    });
    stream.on("error", (error: ServiceError) => {
      this.ended = error;
      this.#wake();
    });
  }

  static async connect(
    { port, workers }: Scene,
    request: Partial<GetWorkItemsRequest>,
    { userAgent, headers }: WorkerOptions,
  ): Promise<ScriptedWorker> {
    const client = connectTo(port, userAgent);
    const before = workers.streamCount;
    const message = create(GetWorkItemsRequestSchema, request as never);
    const stream = methodOf(client, "getWorkItems")(
      message,
      metadataOf(headers),
    ) as unknown as ClientReadableStream<WorkItem>;
    const worker = new ScriptedWorker(client, stream);
    onTestFinished(() => worker.leave());
    while (workers.streamCount === before && worker.ended === undefined) await turn();
    return worker;
  }

  /** The next item that is no ping. */
  async next(): Promise<WorkItem> {
    for (;;) {
      const index = this.items.findIndex(({ request }) => request.case !== "healthPing");
      const [item] = index < 0 ? [] : this.items.splice(index, 1);
      if (item) return item;
      if (this.ended) throw this.ended;
      await new Promise<void>((resolve) => this.#waiting.push(resolve));
    }
  }

  async until(condition: () => boolean): Promise<void> {
    while (!condition()) await turn();
  }

  leave(): void {
    this.#stream.cancel();
    this.client.close();
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake();
  }
}

export const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** The answer to a turn: these actions, in the order of their ids from 0. */
export function answerTo(
  item: WorkItem,
  ...actions: readonly OrchestratorAction["orchestratorActionType"][]
) {
  const instanceId = item.request.case === "orchestratorRequest" ? item.request.value.instanceId : "";
  return create(OrchestratorResponseSchema, {
    instanceId,
    completionToken: item.completionToken,
    actions: actions.map((orchestratorActionType, id) =>
      create(OrchestratorActionSchema, { id, orchestratorActionType }),
    ),
  });
}

export function completed(result?: string): OrchestratorAction["orchestratorActionType"] {
  return {
    case: "completeOrchestration",
    value: create(CompleteOrchestrationActionSchema, {
      orchestrationStatus: OrchestrationStatus.COMPLETED,
      ...(result === undefined ? {} : { result }),
    }),
  };
}

/** The code that a call is refused with. */
export async function codeOf(call: Promise<unknown>): Promise<string> {
  try {
    await call;
    return "OK";
  } catch (error) {
    return status[(error as ServiceError).code] ?? "?";
  }
}
