import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import type { ClientReadableStream, StatusObject } from "@grpc/grpc-js";
import {
  type ActivityRequest,
  type EntityRequest,
  type HistoryEvent,
  type OperationActionSchema,
  type OperationResultSchema,
  OrchestrationStatus,
  OrchestratorActionSchema,
  type OrchestratorRequest,
  WorkerCapability,
  type WorkItem,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { type EntityMessages, need, readEvent } from "./dotnet-history.ts";
import { type Action, type Code, DotnetOrchestration } from "./dotnet-orchestration.ts";
import type { Sidecar } from "./sidecar.ts";
import type { RequestOf, SidecarClient } from "./sidecar-client.ts";

type Results = MessageInitShape<typeof OperationResultSchema>[];
export type EntityActions = MessageInitShape<typeof OperationActionSchema>[];

const HELLO_MS = 30_000;
const GUID = /^(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})$/i;
const ENTITY_ID = /^@([^@]+)@(.*)$/;
/** What gRPC in .NET receives unless told otherwise. */
const MAX_RECEIVE = 4 * 1024 * 1024;

/** One operation of an entity: it changes the state and may send actions. */
export type Operation = (entity: {
  readonly operation: string;
  readonly input: unknown;
  state: unknown;
  readonly actions: EntityActions;
}) => unknown;

export interface DotnetApp {
  readonly orchestrators?: Readonly<Record<string, Code>>;
  readonly activities?: Readonly<Record<string, (input: unknown) => unknown>>;
  readonly entities?: Readonly<Record<string, Operation>>;
  /** Versions other than that are refused, as MatchStrategy.Strict does; how is the failure strategy. */
  readonly strict?: { readonly version: string; readonly failure: "Reject" | "Fail" };
}

export interface DotnetWorkerOptions {
  readonly app: DotnetApp;
  readonly taskHub?: string;
  /** Default: those of the AzureManaged packages. */
  readonly entityMessages?: EntityMessages;
  readonly filters?: RequestOf<"getWorkItems">["workItemFilters"];
  /** Actions of an answer in one message, in bytes. */
  readonly chunkBytes?: number;
}

/** A worker that says and does, call by call and field by field, what that of the .NET SDK does. */
export class DotnetWorker {
  readonly client: SidecarClient;
  /** Kinds of work items, in the order in which they came. */
  readonly received: string[] = [];
  /** What it would have logged as errors. */
  readonly errors: string[] = [];
  readonly histories: { readonly isFetched: boolean; readonly events: number }[] = [];
  readonly #options: DotnetWorkerOptions;
  #stream: ClientReadableStream<WorkItem> | undefined;
  #isStopped = false;

  constructor(sidecar: Sidecar, options: DotnetWorkerOptions) {
    this.#options = options;
    const { taskHub = "TestHub" } = options;
    this.client = sidecar.connect({
      maxReceive: MAX_RECEIVE,
      userAgent: "grpc-dotnet/2.67.0 (.NET 8.0.11; CLR 8.0.11; net8.0; linux; x64)",
      metadata: {
        taskhub: taskHub,
        "x-user-agent": "durabletask-dotnet/1.18.0 (DurableTaskWorker)",
        workerid: "machine,4711,0123456789abcdef0123456789abcdef",
      },
    });
  }

  /** Says hello and asks for work; what ends the stream is told. */
  async connect(): Promise<StatusObject> {
    await this.client.call("hello", {}, { deadlineMs: HELLO_MS });
    const { filters } = this.#options;
    const stream = this.client.stream("getWorkItems", {
      maxConcurrentOrchestrationWorkItems: 800,
      maxConcurrentActivityWorkItems: 800,
      maxConcurrentEntityWorkItems: 800,
      capabilities: [WorkerCapability.HISTORY_STREAMING],
      ...(filters ? { workItemFilters: filters } : {}),
    });
    this.#stream = stream;
    stream.on("data", (item: WorkItem) => this.#dispatch(item));
    stream.on("error", () => undefined);
    return new Promise((resolve) => {
      stream.on("status", resolve);
    });
  }

  /** Connects again whenever its stream has ended. */
  async run(): Promise<void> {
    while (!this.#isStopped) {
      try {
        await this.connect();
      } catch (error) {
        this.errors.push(String(error));
        return;
      }
    }
  }

  stop(): void {
    this.#isStopped = true;
    this.#stream?.cancel();
  }

  #dispatch({ request, completionToken }: WorkItem): void {
    this.received.push(String(request.case));
    switch (request.case) {
      case "orchestratorRequest":
        return this.#inBackground(this.#runTurn(request.value, completionToken), () =>
          this.client.call("abandonTaskOrchestratorWorkItem", { completionToken }),
        );
      case "activityRequest":
        return this.#inBackground(this.#runActivity(request.value, completionToken), () =>
          this.client.call("abandonTaskActivityWorkItem", { completionToken }),
        );
      case "entityRequestV2": {
        // What is wrong here is wrong with the whole stream.
        for (const { eventType } of request.value.operationRequests) checkOperation(eventType);
        return this.#inBackground(this.#runBatch(request.value, completionToken), () =>
          this.client.call("abandonTaskEntityWorkItem", { completionToken }),
        );
      }
      case "healthPing":
        return;
      default:
        this.errors.push(`Unexpected work item type ${request.case}`);
    }
  }

  #inBackground(work: Promise<unknown>, abandon: () => Promise<unknown>): void {
    work.catch((error: unknown) => {
      this.errors.push(String(error));
      return abandon().catch((second: unknown) => this.errors.push(String(second)));
    });
  }

  // --- orchestrations ---

  async #runTurn(request: OrchestratorRequest, completionToken: string): Promise<void> {
    const { instanceId } = request;
    const past = await this.#pastOf(request);
    const all = [...past, ...request.newEvents];
    const started = need(
      all.find(({ eventType }) => eventType.case === "executionStarted")?.eventType,
      "start",
    );
    if (started.case !== "executionStarted") throw new TypeError();
    const { name, version } = started.value;
    const { strict, orchestrators = {} } = this.#options.app;
    if (strict && (version ?? "") !== strict.version) {
      if (strict.failure === "Reject") {
        await this.client.call("abandonTaskOrchestratorWorkItem", { completionToken });
        return;
      }
      return this.#failTurn(instanceId, completionToken, "VersionMismatch");
    }
    const code = orchestrators[name];
    if (code === undefined) return this.#failTurn(instanceId, completionToken, "OrchestratorTaskNotFound");
    need(request.entityParameters?.entityMessageReorderWindow, "entityParameters");
    let orchestration: DotnetOrchestration;
    let actions: Action[];
    try {
      const entities = this.#options.entityMessages ?? "messages";
      orchestration = new DotnetOrchestration(code, entities);
      actions = orchestration.execute(all.map((event) => readEvent(event, entities)));
    } catch (error) {
      return this.#failTurn(instanceId, completionToken, String(error));
    }
    const { customStatus } = orchestration;
    await this.#answerTurn({
      instanceId,
      completionToken,
      orchestrationTraceContext: {},
      actions: withUnlocks(actions, all),
      ...(customStatus === undefined ? {} : { customStatus }),
    });
  }

  async #pastOf({ instanceId, executionId, requiresHistoryStreaming, pastEvents }: OrchestratorRequest) {
    const given = executionId === undefined ? {} : { executionId };
    const events = requiresHistoryStreaming
      ? await this.client.history({ instanceId, ...given, forWorkItemProcessing: true })
      : pastEvents;
    this.histories.push({ isFetched: requiresHistoryStreaming, events: events.length });
    return events;
  }

  /** What fails outside of the code is told by an end without a number. */
  async #failTurn(instanceId: string, completionToken: string, errorType: string): Promise<void> {
    this.errors.push(errorType);
    const failureDetails = { errorType, errorMessage: errorType, isNonRetriable: true };
    const value = { orchestrationStatus: OrchestrationStatus.FAILED, failureDetails };
    await this.#answerTurn({
      instanceId,
      completionToken,
      actions: [{ orchestratorActionType: { case: "completeOrchestration", value } }],
    });
  }

  /** In parts when it is too large for one message. */
  async #answerTurn(answer: RequestOf<"completeOrchestratorTask"> & { actions: Action[] }): Promise<void> {
    const { chunkBytes = 4_089_446 } = this.#options;
    const { actions, orchestrationTraceContext, ...rest } = answer;
    const parts = inParts(actions, chunkBytes);
    if (parts.length <= 1) {
      await this.client.call("completeOrchestratorTask", answer);
      return;
    }
    for (const [chunkIndex, part] of parts.entries()) {
      await this.client.call("completeOrchestratorTask", {
        ...rest,
        actions: part,
        isPartial: chunkIndex < parts.length - 1,
        chunkIndex,
        ...(chunkIndex > 0 ? { numEventsProcessed: 0 } : { orchestrationTraceContext }),
      } as RequestOf<"completeOrchestratorTask">);
    }
  }

  // --- activities ---

  async #runActivity(request: ActivityRequest, completionToken: string): Promise<void> {
    const { instanceId } = need(request.orchestrationInstance, "orchestrationInstance");
    const { taskId, name, version = "" } = request;
    const { strict, activities = {} } = this.#options.app;
    if (strict && version !== strict.version) {
      if (strict.failure === "Reject")
        await this.client.call("abandonTaskActivityWorkItem", { completionToken });
      return;
    }
    const answer = { instanceId, taskId, completionToken };
    try {
      const [input] = request.input === undefined ? [] : (JSON.parse(request.input) as unknown[]);
      const activity = activities[name];
      if (activity === undefined) throw new ReferenceError(`No activity task named '${name}' was found.`);
      const result = JSON.stringify(activity(input));
      await this.client.call("completeActivityTask", {
        ...answer,
        ...(result === undefined ? {} : { result }),
      });
    } catch (error) {
      await this.client.call("completeActivityTask", { ...answer, failureDetails: detailsOf(error) });
    }
  }

  // --- entities ---

  async #runBatch(batch: EntityRequest, completionToken: string): Promise<void> {
    const [, name = ""] = need(ENTITY_ID.exec(batch.instanceId) ?? undefined, "entity id");
    const entity = need(this.#options.app.entities?.[name], name);
    let { entityState } = batch;
    const results: Results = [];
    const actions: EntityActions = [];
    for (const { eventType: kind } of batch.operationRequests) {
      if (kind.case !== "entityOperationCalled" && kind.case !== "entityOperationSignaled")
        throw new TypeError();
      const { operation, input } = kind.value;
      const state = {
        operation,
        input: parsed(input),
        state: parsed(entityState),
        actions: [] as EntityActions,
      };
      try {
        const result = JSON.stringify(entity(state));
        entityState = state.state === undefined ? undefined : JSON.stringify(state.state);
        actions.push(...state.actions);
        results.push({ resultType: { case: "success", value: result === undefined ? {} : { result } } });
      } catch (error) {
        results.push({ resultType: { case: "failure", value: { failureDetails: detailsOf(error) } } });
      }
    }
    const operationInfos = batch.operationRequests.map(({ eventType: { value, case: kind } }) => ({
      requestId:
        kind === "entityOperationCalled" || kind === "entityOperationSignaled" ? value.requestId : "",
      ...(kind === "entityOperationCalled" && value.parentInstanceId !== undefined
        ? { responseDestination: { instanceId: value.parentInstanceId } }
        : {}),
    }));
    await this.client.call("completeEntityTask", {
      completionToken,
      results,
      actions,
      operationInfos,
      ...(entityState === undefined ? {} : { entityState }),
    });
  }
}

function checkOperation(kind: HistoryEvent["eventType"]): void {
  if (kind.case !== "entityOperationCalled" && kind.case !== "entityOperationSignaled") return;
  if (!GUID.test(kind.value.requestId)) throw new SyntaxError(`FormatException: ${kind.value.requestId}`);
}

/** What is still locked when an orchestration ends is unlocked, with the number of its end. */
function withUnlocks(actions: readonly Action[], history: readonly HistoryEvent[]): Action[] {
  const locked = new Map<string, string>();
  const note = (kind: { readonly case?: string | undefined; readonly value?: unknown }): void => {
    if (kind.case === "entityLockRequested") {
      const { lockSet, criticalSectionId } = kind.value as { lockSet: string[]; criticalSectionId: string };
      for (const entity of lockSet) locked.set(entity, criticalSectionId);
    }
    if (kind.case === "entityUnlockSent") {
      locked.delete((kind.value as { targetInstanceId?: string }).targetInstanceId ?? "");
    }
  };
  for (const { eventType } of history) note(eventType);
  return actions.flatMap((action): Action[] => {
    const { id = 0, orchestratorActionType: kind } = action;
    if (kind?.case === "sendEntityMessage") note(kind.value.EntityMessageType ?? {});
    if (kind?.case !== "completeOrchestration") return [action];
    const unlocks = [...locked].map(([targetInstanceId, criticalSectionId]): Action => {
      const value = { criticalSectionId, targetInstanceId };
      const EntityMessageType = { case: "entityUnlockSent" as const, value };
      return { id, orchestratorActionType: { case: "sendEntityMessage", value: { EntityMessageType } } };
    });
    return [...unlocks, action];
  });
}

function inParts(actions: readonly Action[], most: number): Action[][] {
  const parts: Action[][] = [];
  let room = 0;
  for (const action of actions) {
    const size = toBinary(OrchestratorActionSchema, create(OrchestratorActionSchema, action)).length;
    if (parts.length === 0 || size > room) {
      parts.push([]);
      room = most;
    }
    parts.at(-1)?.push(action);
    room -= size;
  }
  return parts;
}

function detailsOf(error: unknown) {
  const { name: errorType, message: errorMessage, stack: stackTrace = "" } = error as Error;
  return { errorType, errorMessage, stackTrace };
}

const parsed = (text: string | undefined): unknown => (text === undefined ? undefined : JSON.parse(text));
