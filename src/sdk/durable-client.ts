import type { EntityName } from "../core/entity-id.ts";
import { isDurableError } from "../core/errors.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { WaitingExplanation } from "../core/waiting-reason.ts";
import type { CleanEntityOptions, CleanEntityResult, SignalEntityOptions } from "../engine/entity-client.ts";
import type { InstanceQuery, ListOptions, StatusPage } from "../engine/instance-query.ts";
import type { StartOptions } from "../engine/new-instance.ts";
import type { OrchestrationStatus, StatusOptions } from "../engine/orchestration-status-view.ts";
import type {
  PurgeResult,
  RaiseEventOptions,
  RestartOptions,
  TaskHubClient,
  WaitOptions,
} from "../engine/task-hub-client.ts";
import type { HttpHub } from "../http/api-request.ts";
import type { ManagementPayload, ManagementUrlOptions } from "../http/management-urls.ts";
import type { RequestLike } from "../http/request-origin.ts";
import type { PurgeProgress, StatusCounts } from "../storage/index.ts";
import { ClientEntities, type EntityStateResponse } from "./client-entities.ts";
import type { FunctionSchemas } from "./function-schemas.ts";
import { HttpAnswers, type WaitForCompletionOptions } from "./http-answers.ts";
import {
  type EventReference,
  type InstanceId,
  nameOf,
  type OrchestratorReference,
  versionOf,
} from "./references.ts";
import { validate } from "./schema.ts";
import type { Webhook } from "./webhook.ts";

export type TypedStartOptions<I> = Omit<StartOptions, "input" | "inputText"> &
  (unknown extends I
    ? { readonly input?: I }
    : undefined extends I
      ? { readonly input?: I }
      : { readonly input: I });

export interface CompletedStatus<O> extends OrchestrationStatus {
  /** The result when Completed; else a failure text or a reason. */
  readonly output: O;
}

export interface StatusFilter {
  readonly createdTimeFrom?: Date;
  readonly createdTimeTo?: Date;
  readonly runtimeStatus?: readonly RuntimeStatus[];
}

export interface DurableClientOptions {
  readonly hub: HttpHub;
  readonly schemas: FunctionSchemas | undefined;
  readonly webhook: Webhook;
}

/** The client applications hold: typed by registration, and with the method names of durable-functions v3. */
export class DurableClient {
  readonly #hub: HttpHub;
  readonly #schemas: FunctionSchemas | undefined;
  readonly #answers: HttpAnswers;
  #entities: ClientEntities | undefined;

  constructor({ hub, schemas, webhook }: DurableClientOptions) {
    this.#hub = hub;
    this.#schemas = schemas;
    this.#answers = new HttpAnswers(hub, webhook);
  }

  /** Asked anew each time: another worker may run the hub by now. */
  get #client(): TaskHubClient {
    return this.#hub.client;
  }

  get taskHubName(): string {
    return this.#client.taskHubName;
  }

  /**
   * Starts an orchestration; the answer is its id, and once it is there the start survives any crash.
   *
   * @throws {DurableError} ORCHESTRATOR_NOT_FOUND, ORCHESTRATOR_VERSION_NOT_FOUND, INVALID_INSTANCE_ID, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE,
   * SCHEMA_VALIDATION_FAILED, INSTANCE_ALREADY_EXISTS. Nothing is written then.
   */
  startNew<I, O>(
    orchestrator: OrchestratorReference<I, O>,
    ...options: unknown extends I
      ? [options?: TypedStartOptions<I>]
      : undefined extends I
        ? [options?: TypedStartOptions<I>]
        : [options: TypedStartOptions<I>]
  ): Promise<InstanceId<O>>;
  startNew(name: string, options?: StartOptions): Promise<string>;
  startNew(
    orchestrator: string | { readonly name: string; readonly version?: string },
    options: StartOptions = {},
  ): Promise<string> {
    const name = nameOf(orchestrator);
    const version = options.version ?? versionOf(orchestrator);
    return this.#client.startNew(name, version === undefined ? options : { ...options, version });
  }

  /** `undefined` when there is no such instance. */
  getStatus(instanceId: string, options?: StatusOptions): Promise<OrchestrationStatus | undefined> {
    return this.#client.getStatus(instanceId, options);
  }

  /** Every instance of the hub. */
  getStatusAll(): Promise<OrchestrationStatus[]> {
    return this.getStatusBy({});
  }

  /** Every instance that matches. */
  async getStatusBy(filter: StatusFilter): Promise<OrchestrationStatus[]> {
    return collect(this.#client.queryInstances(filter));
  }

  /** One page, newest first; with a prefix in the order of ids. @throws {DurableError} INVALID_ARGUMENT */
  listInstances(options?: ListOptions): Promise<StatusPage> {
    return this.#client.listInstances(options);
  }

  /** Every instance that matches, as they are read. */
  queryInstances(query?: InstanceQuery): AsyncGenerator<OrchestrationStatus> {
    return this.#client.queryInstances(query);
  }

  countByStatus(query?: Omit<InstanceQuery, "runtimeStatus">): Promise<StatusCounts> {
    return this.#client.countByStatus(query);
  }

  /** An instance that has ended already stays as it is. @throws {DurableError} INSTANCE_NOT_FOUND */
  terminate(instanceId: string, reason?: string): Promise<void> {
    return this.#unlessEnded(instanceId, this.#client.terminate(instanceId, reason));
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE when it is suspended already (S-50) */
  suspend(instanceId: string, reason?: string): Promise<void> {
    return this.#unlessEnded(instanceId, this.#client.suspend(instanceId, reason));
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE when it is not suspended (S-50) */
  resume(instanceId: string, reason?: string): Promise<void> {
    return this.#unlessEnded(instanceId, this.#client.resume(instanceId, reason));
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE unless Failed (S-130) */
  rewind(instanceId: string, reason?: string): Promise<void> {
    return this.#client.rewind(instanceId, reason);
  }

  /** Starts the same function with the same input again; the answer is the id (S-150). @throws {DurableError} INSTANCE_NOT_FOUND */
  restart(instanceId: string, options?: RestartOptions): Promise<string> {
    return this.#client.restart(instanceId, options);
  }

  /** For an instance that is missing or has ended the event is discarded, unless the host is told otherwise (S-66). */
  async raiseEvent<T>(
    instanceId: string,
    event: EventReference<T> | string,
    eventData?: T,
    options?: RaiseEventOptions,
  ): Promise<void> {
    const name = nameOf(event);
    await validate(this.#schemas?.event(name), eventData, `The payload of event '${name}'`);
    await this.#client.raiseEvent(instanceId, name, eventData, options);
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, WAIT_TIMEOUT */
  waitForStart(instanceId: string, options?: WaitOptions): Promise<OrchestrationStatus> {
    return this.#client.waitForStart(instanceId, options);
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, WAIT_TIMEOUT */
  async waitForCompletion<O = unknown>(
    instanceId: InstanceId<O>,
    options?: WaitOptions,
  ): Promise<CompletedStatus<O>> {
    return (await this.#client.waitForCompletion(instanceId, options)) as CompletedStatus<O>;
  }

  /** The status now and with each change, until the instance has ended or is purged. @throws {DurableError} INSTANCE_NOT_FOUND */
  watch(
    instanceId: string,
    options?: { readonly signal?: AbortSignal },
  ): AsyncGenerator<OrchestrationStatus> {
    return this.#client.watch(instanceId, options);
  }

  /**
   * The addresses that manage an instance, whether there is one of this id or not (P-1, P-8). Whoever has them can do
   * what they say: where the API wants a key, they carry it.
   *
   * @throws {DurableError} WEBHOOK_URL_UNKNOWN without a host and without `webhookUrl` (P-7)
   */
  createHttpManagementPayload(instanceId: string, options?: ManagementUrlOptions): ManagementPayload {
    return this.#answers.managementPayload(instanceId, options);
  }

  /**
   * 202 with the addresses that manage the instance, as a start over HTTP is answered (H-40): a WHATWG `Response`, which
   * web frameworks and Azure Functions take as it is. The addresses have the origin of the request (P-3), which is a
   * WHATWG `Request`, an `HttpRequest` of Azure Functions or an `IncomingMessage` of Node.js. Without one they have that
   * of the webhook.
   *
   * @throws {DurableError} WEBHOOK_URL_UNKNOWN without a request, a host and `webhookUrl` (P-7)
   */
  createCheckStatusResponse(
    request: RequestLike | undefined,
    instanceId: string,
    options?: ManagementUrlOptions,
  ): Response {
    return this.#answers.checkStatus(request, instanceId, options);
  }

  /**
   * Waits for the end and answers with it, or with a check-status response when the time is up or there is no such
   * instance (H-45 to H-49): 200 and the output for Completed, 200 and the status for Terminated and Canceled, 500 and
   * the status for Failed (P-20).
   *
   * @throws {DurableError} INVALID_ARGUMENT when the interval is longer than the timeout, WEBHOOK_URL_UNKNOWN at once
   */
  waitForCompletionOrCreateCheckStatusResponse(
    request: RequestLike | undefined,
    instanceId: string,
    waitOptions?: WaitForCompletionOptions,
  ): Promise<Response> {
    return this.#answers.completionOrCheckStatus(request, instanceId, waitOptions);
  }

  /** Only an instance that has ended is purged (S-152). */
  purgeInstanceHistory(instanceId: string): Promise<PurgeResult> {
    return this.#client.purgeInstances([instanceId]);
  }

  /** Purges every ended instance that matches. */
  async purgeInstanceHistoryBy(filter: StatusFilter): Promise<PurgeResult> {
    let instancesDeleted = 0;
    for await (const progress of this.#client.purgeMatching(filter))
      instancesDeleted = progress.instancesDeleted;
    return { instancesDeleted };
  }

  purgeInstances(instanceIds: readonly string[]): Promise<PurgeResult> {
    return this.#client.purgeInstances(instanceIds);
  }

  /** Purges in batches and tells after each how far it is. */
  purgeMatching(query: InstanceQuery): AsyncIterable<PurgeProgress> {
    return this.#client.purgeMatching(query);
  }

  /** The entities of the hub, with typed operations: `client.entities.signal(Counter, "a").add(1)`. */
  get entities(): ClientEntities {
    this.#entities ??= new ClientEntities(this.#client.entities);
    return this.#entities;
  }

  /**
   * Sends an operation to an entity, which comes into being with it. Resolves once the signal survives any crash.
   *
   * @throws {DurableError} INVALID_ENTITY_ID, ENTITY_NOT_FOUND, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
   */
  signalEntity(
    entity: EntityName,
    operationName = "",
    operationInput?: unknown,
    options?: SignalEntityOptions,
  ): Promise<void> {
    return this.#client.entities.signal(entity, operationName, operationInput, options);
  }

  /** The state as it was last committed; it may lag behind signals (H-104). @throws {DurableError} INVALID_ENTITY_ID */
  readEntityState<S = unknown>(entity: EntityName): Promise<EntityStateResponse<S>> {
    return this.entities.read<S>(entity);
  }

  /** One page of entities in the order of names and keys; it may be short (H-107). @throws {DurableError} INVALID_ARGUMENT */
  listEntities(request?: Parameters<ClientEntities["list"]>[0]): ReturnType<ClientEntities["list"]> {
    return this.entities.list(request);
  }

  /** Removes entities without state, lock and queue, and ends locks whose orchestration has ended (S-161). */
  cleanEntityStorage(options?: CleanEntityOptions): Promise<CleanEntityResult> {
    return this.entities.clean(options);
  }

  /** Why an instance has not ended yet; `undefined` when it has. @throws {DurableError} INSTANCE_NOT_FOUND */
  whyWaiting(instanceId: string): Promise<WaitingExplanation | undefined> {
    return this.#client.whyWaiting(instanceId);
  }

  async #unlessEnded(instanceId: string, done: Promise<void>): Promise<void> {
    try {
      await done;
    } catch (error) {
      if (!isDurableError(error, "INVALID_INSTANCE_STATE") || !(await this.#hasEnded(instanceId)))
        throw error;
    }
  }

  async #hasEnded(instanceId: string): Promise<boolean> {
    const status = await this.#client.getStatus(instanceId, { showInput: false });
    return (
      status !== undefined && ["Completed", "Failed", "Terminated", "Canceled"].includes(status.runtimeStatus)
    );
  }
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
}
