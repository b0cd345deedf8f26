import type { MessageInitShape } from "@bufbuild/protobuf";
import type { Timestamp } from "@bufbuild/protobuf/wkt";
import type { ClientReadableStream, StatusObject } from "@grpc/grpc-js";
import {
  type ActivityRequest,
  type EntityRequest,
  OrchestrationStatus,
  type OrchestratorActionSchema,
  type OrchestratorRequest,
  type SendEntityMessageActionSchema,
  type WorkItem,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import type { Sidecar } from "./sidecar.ts";
import type { ClientOptions, RequestOf, SidecarClient } from "./sidecar-client.ts";

type Action = MessageInitShape<typeof OrchestratorActionSchema>;
type ToEntity = NonNullable<MessageInitShape<typeof SendEntityMessageActionSchema>["EntityMessageType"]>;

const PING_MS = 30_000;

export interface WorkerOptions extends ClientOptions {
  readonly request?: RequestOf<"getWorkItems">;
}

/** What a worker was sent, with the token it answers with. */
type Sent<T> = T & { readonly token: string };

/** A worker that does what a test says, one item at a time. */
export class ScriptedWorker {
  readonly client: SidecarClient;
  /** How its stream ended. */
  readonly ended: Promise<StatusObject>;
  /** All that it was ever sent, pings aside. */
  readonly seen: WorkItem[] = [];
  readonly #sidecar: Sidecar;
  readonly #stream: ClientReadableStream<WorkItem>;
  readonly #items: WorkItem[] = [];
  readonly #waiting: ((item: WorkItem) => void)[] = [];

  /** Resolves once it has its share of the work. */
  static async connect(sidecar: Sidecar, options: WorkerOptions = {}): Promise<ScriptedWorker> {
    const { workers } = await sidecar.poolOf(options.metadata?.["taskhub"]);
    const connected = new Promise<void>((resolve) => {
      workers.onChanged(resolve);
    });
    const worker = new ScriptedWorker(sidecar, options);
    await connected;
    return worker;
  }

  private constructor(sidecar: Sidecar, options: WorkerOptions) {
    this.#sidecar = sidecar;
    this.client = sidecar.connect(options);
    this.#stream = this.client.stream("getWorkItems", options.request ?? {});
    this.#stream.on("data", (item: WorkItem) => this.#receive(item));
    this.#stream.on("error", () => undefined);
    this.ended = new Promise((resolve) => {
      this.#stream.on("status", resolve);
    });
  }

  /** Hangs up; resolves when the server knows. */
  async disconnect(): Promise<void> {
    const { workers } = this.#sidecar;
    const count = workers.streamCount;
    this.#stream.cancel();
    while (workers.streamCount === count) await this.#sidecar.settle();
  }

  /** It has been sent something that nobody has looked at. */
  get hasMore(): boolean {
    return this.#items.length > 0;
  }

  /** The next item of any kind. */
  next(): Promise<WorkItem> {
    const item = this.#items.shift();
    if (item) return Promise.resolve(item);
    return new Promise((resolve) => {
      this.#waiting.push(resolve);
    });
  }

  async turn(): Promise<Sent<OrchestratorRequest>> {
    const { request, completionToken } = await this.next();
    if (request.case !== "orchestratorRequest") throw new Error(`A ${request.case} came instead of a turn.`);
    return { ...request.value, token: completionToken };
  }

  /** The next turn of that instance; what else comes keeps its place. */
  async turnOf(instanceId: string): Promise<Sent<OrchestratorRequest>> {
    const others: WorkItem[] = [];
    for (;;) {
      const item = await this.next();
      const { request, completionToken } = item;
      if (request.case === "orchestratorRequest" && request.value.instanceId === instanceId) {
        this.#items.unshift(...others);
        return { ...request.value, token: completionToken };
      }
      others.push(item);
    }
  }

  async activity(): Promise<Sent<ActivityRequest>> {
    const { request, completionToken } = await this.next();
    if (request.case !== "activityRequest") throw new Error(`A ${request.case} came instead of an activity.`);
    return { ...request.value, token: completionToken };
  }

  async batch(): Promise<Sent<EntityRequest>> {
    const { request, completionToken } = await this.next();
    if (request.case !== "entityRequestV2") throw new Error(`A ${request.case} came instead of a batch.`);
    return { ...request.value, token: completionToken };
  }

  /** What it has been sent that nobody has looked at. Half a minute passes, for a ping comes after all that is sent. */
  async unseen(): Promise<readonly string[]> {
    await this.#sidecar.settle();
    const pinged = this.#untilPing();
    await this.#sidecar.clock.advance(PING_MS);
    return pinged;
  }

  async #untilPing(): Promise<readonly string[]> {
    const kinds: string[] = [];
    for (;;) {
      const { request } = await this.next();
      if (request.case === "healthPing") return kinds;
      kinds.push(String(request.case));
    }
  }

  // --- what it answers ---

  answerTurn(
    { instanceId, token }: Sent<OrchestratorRequest>,
    actions: readonly Action[],
    more: Partial<RequestOf<"completeOrchestratorTask">> = {},
  ) {
    return this.client.call("completeOrchestratorTask", {
      instanceId,
      completionToken: token,
      actions: [...actions],
      ...more,
    } as RequestOf<"completeOrchestratorTask">);
  }

  answerActivity({ orchestrationInstance, taskId, token }: Sent<ActivityRequest>, result?: string) {
    const instanceId = orchestrationInstance?.instanceId ?? "";
    return this.client.call("completeActivityTask", {
      instanceId,
      taskId,
      completionToken: token,
      ...(result === undefined ? {} : { result }),
    });
  }

  answerBatch({ token }: Sent<EntityRequest>, result: Partial<RequestOf<"completeEntityTask">>) {
    return this.client.call("completeEntityTask", {
      completionToken: token,
      ...result,
    } as RequestOf<"completeEntityTask">);
  }

  #receive(item: WorkItem): void {
    if (item.request.case !== "healthPing") this.seen.push(item);
    const waiting = this.#waiting.shift();
    if (waiting) waiting(item);
    else this.#items.push(item);
  }
}

/** Actions of an orchestrator, by their kinds. */
export const action = {
  complete: (id: number, result?: string): Action => ended(id, OrchestrationStatus.COMPLETED, result),
  continueAsNew: (id: number, input?: string): Action =>
    ended(id, OrchestrationStatus.CONTINUED_AS_NEW, input),
  fail: (id: number, errorMessage: string): Action => ({
    id,
    orchestratorActionType: {
      case: "completeOrchestration",
      value: {
        orchestrationStatus: OrchestrationStatus.FAILED,
        failureDetails: { errorType: "Error", errorMessage },
      },
    },
  }),
  activity: (id: number, name: string, more: { input?: string; version?: string } = {}): Action => ({
    id,
    orchestratorActionType: { case: "scheduleTask", value: { name, ...more } },
  }),
  /** A timer that is due at once. */
  timer: (id: number): Action => ({
    id,
    orchestratorActionType: { case: "createTimer", value: { fireAt: { seconds: 1n, nanos: 0 } } },
  }),
  child: (id: number, name: string, instanceId: string): Action => ({
    id,
    orchestratorActionType: { case: "createSubOrchestration", value: { name, instanceId } },
  }),
  event: (id: number, instanceId: string, name: string, data: string): Action => ({
    id,
    orchestratorActionType: { case: "sendEvent", value: { instance: { instanceId }, name, data } },
  }),
  call: (id: number, requestId: string, targetInstanceId: string, operation = "do"): Action =>
    toEntity(id, { case: "entityOperationCalled", value: { requestId, targetInstanceId, operation } }),
  signal: (id: number, requestId: string, targetInstanceId: string, scheduledTime?: Timestamp): Action =>
    toEntity(id, {
      case: "entityOperationSignaled",
      value: { requestId, targetInstanceId, operation: "do", ...(scheduledTime ? { scheduledTime } : {}) },
    }),
  lock: (id: number, criticalSectionId: string, lockSet: string[]): Action =>
    toEntity(id, { case: "entityLockRequested", value: { criticalSectionId, lockSet } }),
  unlock: (id: number, criticalSectionId: string, targetInstanceId: string): Action =>
    toEntity(id, { case: "entityUnlockSent", value: { criticalSectionId, targetInstanceId } }),
};

function toEntity(id: number, EntityMessageType: ToEntity): Action {
  return { id, orchestratorActionType: { case: "sendEntityMessage", value: { EntityMessageType } } };
}

function ended(id: number, orchestrationStatus: OrchestrationStatus, result?: string): Action {
  const given = result === undefined ? {} : { result };
  return {
    id,
    orchestratorActionType: { case: "completeOrchestration", value: { orchestrationStatus, ...given } },
  };
}
