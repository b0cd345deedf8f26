import { randomUUID } from "node:crypto";
import { checkPayload, toJsonText } from "../core/data-converter.ts";
import { isEntityId } from "../core/entity-id.ts";
import { DurableError, isDurableError } from "../core/errors.ts";
import { given } from "../core/given.ts";
import { decodeChunk } from "../core/history-chunk.ts";
import type { HistoryEvent, MessageEvent } from "../core/history-event.ts";
import { projectHistory } from "../core/history-projection.ts";
import { checkInstanceId } from "../core/instance-id.ts";
import { checkName } from "../core/name-limits.ts";
import { requireEventName } from "../core/orchestration-context.ts";
import { isTerminal, type RuntimeStatus, TERMINAL_STATUSES } from "../core/orchestration-status.ts";
import type { WaitingExplanation } from "../core/waiting-reason.ts";
import type {
  HistoryChunk,
  InstancePatch,
  InstanceRecord,
  NewInstance,
  PurgeProgress,
  StatusCounts,
  TaskHubStore,
} from "../storage/index.ts";
import type { Delivery } from "./active-instance.ts";
import { type Clock, systemClock } from "./clock.ts";
import { EntityClient } from "./entity-client.ts";
import { InstanceMessages, noOrchestration } from "./instance-messages.ts";
import {
  filterOf,
  type InstanceQuery,
  type ListOptions,
  MAX_PAGE,
  MAX_PAGE_BYTES,
  pageSize,
  type StatusPage,
} from "./instance-query.ts";
import type { StartOutcome } from "./instance-starts.ts";
import { newInstance, type OnConflict, type StartOptions } from "./new-instance.ts";
import { type OrchestrationStatus, type StatusOptions, statusOf } from "./orchestration-status-view.ts";
import { RecordWatch } from "./record-watch.ts";
import { defaultSettings, type EngineSettings } from "./settings.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";
import { notFound, waitForStatus } from "./wait-for-status.ts";
import { type HubChange, watchHub } from "./watch-hub.ts";
import { watchRecord } from "./watch-record.ts";
import { explainEntity } from "./why-entities-wait.ts";
import { explainWaiting } from "./why-waiting.ts";

export interface RaiseEventOptions {
  /** A second event with the same key is dropped. */
  readonly idempotencyKey?: string;
  /** JSON text to store as the payload, as it is, instead of a value. */
  readonly dataText?: string;
}

export interface RestartOptions {
  /** Default true. */
  readonly restartWithNewInstanceId?: boolean;
}

export interface WaitOptions {
  /** In milliseconds. Default: no limit. */
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

export interface PurgeResult {
  readonly instancesDeleted: number;
}

export interface TaskHubClientOptions {
  readonly store: TaskHubStore;
  /** The worker in this process, when there is one: calls for instances it owns do not take the way through the store. */
  readonly worker?: TaskHubWorker;
  readonly settings?: EngineSettings;
  readonly clock?: Clock;
  /** Makes ids of instances, executions and messages. Default: 32 random hex digits (S-2). */
  readonly newId?: () => string;
  /** Gives each wait for an instance to its callers. A test moves its clock meanwhile. */
  readonly attend?: AttendWait;
}

export type AttendWait = <T>(
  wait: Promise<T>,
  request: { readonly instanceId: string; readonly timeoutMs: number | undefined },
) => Promise<T>;

const PURGE_BATCH = 500;
const REPLACE_WAIT_MS = 180_000;

/** An instance that has ended, as it is written into a store. */
export interface EndedInstance {
  readonly instance: Omit<NewInstance, "run">;
  readonly patch: InstancePatch;
  readonly chunks: readonly HistoryChunk[];
}

/** Manages the instances of one task hub. Works in any process that reaches the store, with or without a worker. */
export class TaskHubClient {
  readonly #store: TaskHubStore;
  readonly #worker: TaskHubWorker | undefined;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #newId: () => string;
  readonly #attend: AttendWait;
  readonly #messages: InstanceMessages;
  readonly #records: RecordWatch;
  /** What clients do with entities. */
  readonly entities: EntityClient;

  constructor(options: TaskHubClientOptions) {
    this.#store = options.store;
    this.#worker = options.worker;
    this.#settings = options.settings ?? defaultSettings();
    this.#clock = options.clock ?? systemClock;
    this.#newId = options.newId ?? randomHex;
    this.#attend = options.attend ?? ((wait) => wait);
    this.#records = new RecordWatch(this.#store.query, this.#clock);
    this.entities = new EntityClient({ store: this.#store, worker: this.#worker, clock: this.#clock });
    this.#messages = new InstanceMessages({
      store: this.#store,
      worker: this.#worker,
      clock: this.#clock,
      newId: this.#newId,
    });
  }

  get taskHubName(): string {
    return this.#store.hub.name;
  }

  /**
   * Starts an orchestration; the answer is its id, and once it is there the start survives any crash.
   *
   * @throws {DurableError} ORCHESTRATOR_NOT_FOUND, ORCHESTRATOR_VERSION_NOT_FOUND, INVALID_ARGUMENT, INVALID_INSTANCE_ID,
   * INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE, SCHEMA_VALIDATION_FAILED, INSTANCE_ALREADY_EXISTS. Nothing is written then.
   */
  async startNew(name: string, options: StartOptions = {}): Promise<string> {
    const executor = this.#worker?.executor;
    const instance = newInstance(name, options, {
      newId: this.#newId,
      now: this.#clock.now(),
      versionOf: (given) =>
        executor ? executor.versionOfStart(name, given) : given || this.#settings.defaultVersion,
    });
    await executor?.checkStart(instance);
    const { instanceId } = instance;
    const replaces = TERMINAL_STATUSES.filter((status) => options.replaceable?.includes(status) ?? true);
    const deadline = this.#clock.now() + REPLACE_WAIT_MS;
    for (;;) {
      const outcome = await this.#create(instance, replaces);
      if (outcome.type === "started") return instanceId;
      const conflict = this.#conflictOf(outcome.status, options);
      if (conflict === "join") return instanceId;
      if (conflict === "error" || this.#clock.now() >= deadline)
        throw alreadyExists(instanceId, outcome.status);
      await this.#endForAnother(instanceId, deadline, options.signal);
    }
  }

  /** Sends a message as it is; unlike the methods for each kind, it leaves it to the caller what to make of the answer. */
  send(instanceId: string, message: MessageEvent): Promise<Delivery> {
    return this.#messages.send(instanceId, message);
  }

  /** `undefined` when there is no such instance. */
  async getStatus(instanceId: string, options: StatusOptions = {}): Promise<OrchestrationStatus | undefined> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) return undefined;
    const status = statusOf(record, options.showInput);
    if (!options.showHistory || record.status === "Pending") return status;
    const historyEvents = projectHistory(await this.#history(record), options);
    return { ...status, historyEvents, history: historyEvents };
  }

  /** All events of the current execution, as they are stored; empty when there is no such instance. */
  async getHistory(instanceId: string): Promise<readonly HistoryEvent[]> {
    const record = await this.#store.query.get(instanceId);
    return record === undefined ? [] : this.#history(record);
  }

  /** One page, newest first; with a prefix in the order of ids. @throws {DurableError} INVALID_ARGUMENT */
  async listInstances(options: ListOptions = {}): Promise<StatusPage> {
    const { continuationToken } = options;
    const page = await this.#store.query.list(filterOf(options), {
      size: pageSize(options.top),
      maxBytes: MAX_PAGE_BYTES,
      ...(continuationToken === undefined ? {} : { continuationToken }),
    });
    return {
      instances: page.instances.map((record) => statusOf(record, options.showInput)),
      ...(page.continuationToken === undefined ? {} : { continuationToken: page.continuationToken }),
    };
  }

  /** Every instance that matches, page after page. */
  async *queryInstances(
    query: InstanceQuery & { readonly showInput?: boolean } = {},
  ): AsyncGenerator<OrchestrationStatus> {
    let continuationToken: string | undefined;
    do {
      const page = await this.listInstances({
        ...query,
        top: MAX_PAGE,
        ...(continuationToken === undefined ? {} : { continuationToken }),
      });
      yield* page.instances;
      continuationToken = page.continuationToken;
    } while (continuationToken !== undefined);
  }

  countByStatus(query: Omit<InstanceQuery, "runtimeStatus"> = {}): Promise<StatusCounts> {
    return this.#store.query.count(filterOf(query));
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE when it has ended (S-41). */
  async terminate(instanceId: string, reason?: string): Promise<void> {
    await this.#messages.control(instanceId, "ExecutionTerminated", reason);
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE unless Pending, Running or ContinuedAsNew (S-50). */
  async suspend(instanceId: string, reason?: string): Promise<void> {
    await this.#messages.control(instanceId, "ExecutionSuspended", reason);
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE unless Suspended (S-50). */
  async resume(instanceId: string, reason?: string): Promise<void> {
    await this.#messages.control(instanceId, "ExecutionResumed", reason);
  }

  /**
   * Puts a failed instance back to before its failures. @throws {DurableError} INSTANCE_NOT_FOUND,
   * INVALID_INSTANCE_STATE unless Failed (S-130).
   */
  async rewind(instanceId: string, reason?: string): Promise<void> {
    await this.#messages.control(instanceId, "ExecutionRewound", reason);
  }

  /**
   * Raises an external event. For an instance that is missing or has ended it is discarded, unless
   * throwStatusExceptionsOnRaiseEvent is set (S-66).
   *
   * @throws {DurableError} INVALID_EVENT_NAME, INVALID_ARGUMENT, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
   */
  async raiseEvent(
    instanceId: string,
    eventName: string,
    eventData?: unknown,
    options: RaiseEventOptions = {},
  ): Promise<void> {
    requireEventName(eventName);
    checkName(eventName, "The name of the event");
    if (isEntityId(instanceId)) throw noOrchestration(instanceId, "sent an event");
    const what = `The payload of event '${eventName}'`;
    const { idempotencyKey, dataText } = options;
    const input = dataText === undefined ? toJsonText(eventData, what) : checkPayload(dataText, what);
    const delivery = await this.#messages.send(instanceId, {
      type: "EventRaised",
      timestamp: this.#clock.now(),
      name: eventName,
      ...(input === undefined ? {} : { input }),
      ...(idempotencyKey === undefined ? {} : { messageId: idempotencyKey }),
    });
    if (!this.#settings.throwStatusExceptionsOnRaiseEvent) return;
    if (delivery === "instance-not-found") throw notFound(instanceId);
    if (delivery === "instance-ended") {
      throw new DurableError(
        "INVALID_INSTANCE_STATE",
        `Event '${eventName}' cannot be raised for instance '${instanceId}': it has ended.`,
      );
    }
  }

  /** Starts the same function with the same input again (S-150). @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE for an entity */
  async restart(instanceId: string, options: RestartOptions = {}): Promise<string> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) throw notFound(instanceId);
    if (isEntityId(instanceId)) throw noOrchestration(instanceId, "restarted");
    return this.startNew(record.name, {
      ...(record.input === undefined ? {} : { inputText: record.input }),
      ...(options.restartWithNewInstanceId === false ? { instanceId } : {}),
    });
  }

  /** Resolves once the instance is no longer Pending. @throws {DurableError} INSTANCE_NOT_FOUND, WAIT_TIMEOUT */
  waitForStart(instanceId: string, options: WaitOptions = {}): Promise<OrchestrationStatus> {
    return this.#wait(instanceId, "start", (status) => status !== "Pending", options);
  }

  /** Resolves once the instance has ended; a continue-as-new is no end. @throws {DurableError} INSTANCE_NOT_FOUND, WAIT_TIMEOUT */
  waitForCompletion(instanceId: string, options: WaitOptions = {}): Promise<OrchestrationStatus> {
    return this.#wait(instanceId, "complete", isTerminal, options);
  }

  /**
   * The status now and with each change, until the instance has ended or is purged. Changes that follow each other
   * quickly may be told as one.
   *
   * @throws {DurableError} INSTANCE_NOT_FOUND
   */
  async *watch(
    instanceId: string,
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<OrchestrationStatus> {
    if ((await this.#store.query.get(instanceId)) === undefined) throw notFound(instanceId);
    const never = new AbortController().signal;
    for await (const record of watchRecord(instanceId, this.#store.query, signal ?? never))
      yield statusOf(record);
  }

  /**
   * The status of every instance that matches whenever it changes, from its first episode on; ends when this process no
   * longer runs the hub. Changes that follow each other quickly may be told as one, and those of a watcher that is far
   * behind as `missed`.
   *
   * @throws {DurableError} TASK_HUB_RUNS_ELSEWHERE, INVALID_ARGUMENT
   */
  watchAll(
    query: InstanceQuery = {},
    { signal }: { readonly signal?: AbortSignal } = {},
  ): AsyncGenerator<HubChange> {
    if (this.#worker?.role !== "owner") throw runsElsewhere(this.taskHubName);
    const never = new AbortController().signal;
    return watchHub(this.#worker.changes, this.#store.query, filterOf(query), signal ?? never);
  }

  /** Removes instances that have ended, with all that belongs to them. Others, and unknown ids, are left alone (S-152). */
  async purgeInstances(instanceIds: readonly string[]): Promise<PurgeResult> {
    let instancesDeleted = 0;
    for (let from = 0; from < instanceIds.length; from += PURGE_BATCH) {
      const purged = await this.#store.query.purge(instanceIds.slice(from, from + PURGE_BATCH));
      for (const instanceId of purged) this.#worker?.purged(instanceId);
      instancesDeleted += purged.length;
    }
    return { instancesDeleted };
  }

  /** Removes ended instances that match, in batches; every step tells how far it is. @throws {DurableError} INVALID_ARGUMENT */
  purgeMatching(query: InstanceQuery): AsyncIterable<PurgeProgress> {
    const live = query.runtimeStatus?.filter((status) => !isTerminal(status)) ?? [];
    if (live.length > 0) {
      throw new DurableError(
        "INVALID_ARGUMENT",
        `Only instances that have ended can be purged (${TERMINAL_STATUSES.join(", ")}), not ${live.join(", ")}.`,
      );
    }
    return this.#store.query.purgeMatching(filterOf(query), PURGE_BATCH);
  }

  /**
   * Writes an instance that has ended elsewhere, with its history; false when its id is taken, and nothing is written.
   *
   * @throws {DurableError} INVALID_INSTANCE_ID, INVALID_INSTANCE_STATE when it has not ended
   */
  async restoreInstance({ instance, patch, chunks }: EndedInstance): Promise<boolean> {
    checkInstanceId(instance.instanceId);
    if (patch.status === undefined || !isTerminal(patch.status)) {
      throw new DurableError(
        "INVALID_INSTANCE_STATE",
        `Instance '${instance.instanceId}' is ${patch.status ?? "Pending"}: only what has ended can be restored.`,
      );
    }
    return (await this.#store.client.restore(instance, patch, chunks)).type === "created";
  }

  /** Why an instance has not ended yet; `undefined` when it has. @throws {DurableError} INSTANCE_NOT_FOUND */
  async whyWaiting(instanceId: string): Promise<WaitingExplanation | undefined> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) return this.#whyNew(instanceId);
    return explainWaiting(record, this.#store.query, this.#worker);
  }

  /** An entity is in the store as soon as it has been sent something; its record comes with its first state. */
  async #whyNew(instanceId: string): Promise<WaitingExplanation> {
    const isKnown = isEntityId(instanceId) && (await this.#store.query.messages(instanceId)).length > 0;
    if (!isKnown) throw notFound(instanceId);
    return explainEntity({ instanceId }, this.#store.query, this.#worker);
  }

  // --- how it reaches the instance ---

  async #create(
    instance: Omit<NewInstance, "run">,
    replaces: readonly RuntimeStatus[],
  ): Promise<StartOutcome> {
    const later = instance.scheduledAt !== undefined && instance.scheduledAt > this.#clock.now();
    if (!later && this.#worker?.takesStarts(instance)) {
      return this.#worker.startInstance(instance, replaces);
    }
    const outcome = await this.#store.client.create(instance, replaces);
    if (outcome.type !== "created") return outcome;
    if (later) this.#worker?.wake();
    else this.#worker?.begin({ ...instance, run: outcome.run });
    return { type: "started" };
  }

  /** What is in the way may have ended meanwhile, in a way that the start may not replace. */
  #conflictOf(status: RuntimeStatus, { replaceable, onConflict }: StartOptions): OnConflict {
    if (replaceable === undefined) return onConflict ?? this.#defaultConflict();
    return replaceable.includes(status) && !isTerminal(status) ? "replace" : "error";
  }

  /** Ends the instance that is in the way, so that whoever waits for it learns of that (S-6). One that is gone is out of it. */
  async #endForAnother(instanceId: string, deadline: number, signal: AbortSignal | undefined): Promise<void> {
    await this.#messages.send(instanceId, {
      type: "ExecutionTerminated",
      timestamp: this.#clock.now(),
      reason: "A new instance with the same id replaces it.",
    });
    const timeoutMs = Math.max(deadline - this.#clock.now(), 1);
    try {
      await this.waitForCompletion(instanceId, { timeoutMs, ...given({ signal }) });
    } catch (error) {
      if (!isDurableError(error, "INSTANCE_NOT_FOUND")) throw error;
    }
  }

  #defaultConflict(): OnConflict {
    return this.#settings.overridableExistingInstanceStates === "AnyState" ? "replace" : "error";
  }

  async #wait(
    instanceId: string,
    goal: string,
    until: (status: RuntimeStatus) => boolean,
    options: WaitOptions,
  ): Promise<OrchestrationStatus> {
    const { timeoutMs, signal } = options;
    const wait = waitForStatus(
      { instanceId, goal, until, timeoutMs, signal },
      { query: this.#store.query, records: this.#records, clock: this.#clock, worker: this.#worker },
    );
    return statusOf(await this.#attend(wait, { instanceId, timeoutMs }));
  }

  async #history(record: InstanceRecord): Promise<readonly HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    for await (const chunk of this.#store.query.history(record.instanceId))
      events.push(...decodeChunk(chunk, record));
    return events;
  }
}

const randomHex = (): string => randomUUID().replaceAll("-", "");

function runsElsewhere(taskHubName: string): DurableError {
  return new DurableError(
    "TASK_HUB_RUNS_ELSEWHERE",
    `This process does not run the task hub '${taskHubName}', and does not hear of its changes. Ask the host that does.`,
  );
}

function alreadyExists(instanceId: string, status: RuntimeStatus): DurableError {
  return new DurableError(
    "INSTANCE_ALREADY_EXISTS",
    `An Orchestration instance with the status ${status} already exists. Instance '${instanceId}' was left as it is.`,
  );
}
