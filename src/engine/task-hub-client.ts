import { randomUUID } from "node:crypto";
import { checkPayload, toJsonText } from "../core/data-converter.ts";
import { DurableError } from "../core/errors.ts";
import { decodeChunk, encodeMessage } from "../core/history-chunk.ts";
import type { HistoryEvent, MessageEvent } from "../core/history-event.ts";
import { projectHistory } from "../core/history-projection.ts";
import { checkInstanceId } from "../core/instance-id.ts";
import { requireEventName } from "../core/orchestration-context.ts";
import {
  isTerminal,
  RUNTIME_STATUSES,
  type RuntimeStatus,
  TERMINAL_STATUSES,
} from "../core/orchestration-status.ts";
import type { WaitingExplanation } from "../core/waiting-reason.ts";
import type {
  InstanceFilter,
  InstanceRecord,
  NewInstance,
  PurgeProgress,
  StatusCounts,
  TaskHubStore,
} from "../storage/index.ts";
import type { Delivery } from "./active-instance.ts";
import { type Clock, systemClock } from "./clock.ts";
import { type OrchestrationStatus, type StatusOptions, statusOf } from "./orchestration-status-view.ts";
import type { StartOutcome } from "./partition.ts";
import { defaultSettings, type EngineSettings } from "./settings.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";
import { notFound, waitForStatus } from "./wait-for-status.ts";
import { explainWaiting } from "./why-waiting.ts";

/** error: refuse. join: leave the existing instance as it is and answer its id. replace: end it and start anew. */
export type OnConflict = "error" | "join" | "replace";

export interface StartOptions {
  readonly input?: unknown;
  /** JSON text to store as the input, as it is. */
  readonly inputText?: string;
  /** Default: 32 random hex digits (S-2). */
  readonly instanceId?: string;
  /** Not before this time (S-10). */
  readonly startAt?: Date;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  /** What to do when an instance with this id has not ended yet. Default error. An ended one is always replaced (S-5). */
  readonly onConflict?: OnConflict;
}

export interface RaiseEventOptions {
  /** A second event with the same key is dropped. */
  readonly idempotencyKey?: string;
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

/** Created bounds are inclusive. */
export interface InstanceQuery {
  readonly createdTimeFrom?: Date;
  readonly createdTimeTo?: Date;
  readonly runtimeStatus?: readonly RuntimeStatus[];
  readonly instanceIdPrefix?: string;
  readonly name?: string;
}

export interface ListOptions extends InstanceQuery {
  /** 1 to 1,000. Default 100. */
  readonly top?: number;
  readonly continuationToken?: string;
  /** Default true. */
  readonly showInput?: boolean;
}

export interface StatusPage {
  readonly instances: readonly OrchestrationStatus[];
  readonly continuationToken?: string;
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
}

const PURGE_BATCH = 500;
const REPLACE_WAIT_MS = 180_000;
const LIVE: readonly RuntimeStatus[] = RUNTIME_STATUSES.filter((status) => !isTerminal(status));

/** Manages the instances of one task hub. Works in any process that reaches the store, with or without a worker. */
export class TaskHubClient {
  readonly #store: TaskHubStore;
  readonly #worker: TaskHubWorker | undefined;
  readonly #settings: EngineSettings;
  readonly #clock: Clock;
  readonly #newId: () => string;

  constructor(options: TaskHubClientOptions) {
    this.#store = options.store;
    this.#worker = options.worker;
    this.#settings = options.settings ?? defaultSettings();
    this.#clock = options.clock ?? systemClock;
    this.#newId = options.newId ?? randomHex;
  }

  get taskHubName(): string {
    return this.#store.hub.name;
  }

  /**
   * Starts an orchestration; the answer is its id, and once it is there the start survives any crash.
   *
   * @throws {DurableError} ORCHESTRATOR_NOT_FOUND, INVALID_INSTANCE_ID, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE,
   * SCHEMA_VALIDATION_FAILED, INSTANCE_ALREADY_EXISTS. Nothing is written then.
   */
  async startNew(name: string, options: StartOptions = {}): Promise<string> {
    const instance = this.#newInstance(name, options);
    await this.#worker?.executor.checkStart(name, instance.input);
    const onConflict = options.onConflict ?? this.#defaultConflict();
    const outcome = await this.#create(instance);
    if (outcome.type === "started" || onConflict === "join") return instance.instanceId;
    if (onConflict === "error") throw alreadyExists(instance.instanceId, outcome.status);
    return this.#replace(instance);
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
    await this.#requireStatus(instanceId, "terminated", LIVE);
    await this.#sendControl(instanceId, { type: "ExecutionTerminated", ...this.#stamp(reason) });
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE unless Pending, Running or ContinuedAsNew (S-50). */
  async suspend(instanceId: string, reason?: string): Promise<void> {
    await this.#requireStatus(instanceId, "suspended", ["Pending", "Running", "ContinuedAsNew"]);
    await this.#sendControl(instanceId, { type: "ExecutionSuspended", ...this.#stamp(reason) });
  }

  /** @throws {DurableError} INSTANCE_NOT_FOUND, INVALID_INSTANCE_STATE unless Suspended (S-50). */
  async resume(instanceId: string, reason?: string): Promise<void> {
    await this.#requireStatus(instanceId, "resumed", ["Suspended"]);
    await this.#sendControl(instanceId, { type: "ExecutionResumed", ...this.#stamp(reason) });
  }

  /**
   * Puts a failed instance back to before its failures. @throws {DurableError} INSTANCE_NOT_FOUND,
   * INVALID_INSTANCE_STATE unless Failed (S-130).
   */
  async rewind(instanceId: string, reason?: string): Promise<void> {
    await this.#requireStatus(instanceId, "rewound", ["Failed"]);
    await this.#sendControl(instanceId, { type: "ExecutionRewound", ...this.#stamp(reason) });
  }

  /**
   * Raises an external event. For an instance that is missing or has ended it is discarded, unless
   * throwStatusExceptionsOnRaiseEvent is set (S-66).
   *
   * @throws {DurableError} INVALID_EVENT_NAME, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
   */
  async raiseEvent(
    instanceId: string,
    eventName: string,
    eventData?: unknown,
    options: RaiseEventOptions = {},
  ): Promise<void> {
    requireEventName(eventName);
    const input = toJsonText(eventData, `The payload of event '${eventName}'`);
    const { idempotencyKey } = options;
    const delivery = await this.#send(instanceId, {
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

  /** Starts the same function with the same input again (S-150). @throws {DurableError} INSTANCE_NOT_FOUND */
  async restart(instanceId: string, options: RestartOptions = {}): Promise<string> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) throw notFound(instanceId);
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

  /** Removes instances that have ended, with all that belongs to them. Others, and unknown ids, are left alone (S-152). */
  async purgeInstances(instanceIds: readonly string[]): Promise<PurgeResult> {
    let instancesDeleted = 0;
    for (let from = 0; from < instanceIds.length; from += PURGE_BATCH) {
      instancesDeleted += (await this.#store.query.purge(instanceIds.slice(from, from + PURGE_BATCH))).length;
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

  /** Why an instance has not ended yet; `undefined` when it has. @throws {DurableError} INSTANCE_NOT_FOUND */
  async whyWaiting(instanceId: string): Promise<WaitingExplanation | undefined> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) throw notFound(instanceId);
    return explainWaiting(record, this.#store.query, this.#worker);
  }

  // --- how it reaches the instance ---

  #newInstance(name: string, options: StartOptions): Omit<NewInstance, "run"> {
    if (typeof name !== "string" || name === "") {
      throw new DurableError("INVALID_ARGUMENT", "An orchestration needs the name of its function.");
    }
    const { instanceId, startAt, version, tags } = options;
    if (instanceId !== undefined && instanceId !== "") checkInstanceId(instanceId);
    const what = `The input of orchestration '${name}'`;
    const { inputText } = options;
    const input = inputText === undefined ? toJsonText(options.input, what) : checkPayload(inputText, what);
    return {
      instanceId: instanceId || this.#newId(),
      executionId: this.#newId(),
      name,
      createdAt: this.#clock.now(),
      ...(input === undefined ? {} : { input }),
      ...(startAt === undefined ? {} : { scheduledAt: startAt.getTime() }),
      ...(version === undefined ? {} : { version }),
      ...(tags === undefined ? {} : { tags }),
    };
  }

  async #create(instance: Omit<NewInstance, "run">): Promise<StartOutcome> {
    const later = instance.scheduledAt !== undefined && instance.scheduledAt > this.#clock.now();
    if (!later && this.#worker?.owns(instance.instanceId)) {
      return this.#worker.startInstance(instance, TERMINAL_STATUSES);
    }
    const outcome = await this.#store.client.create(instance, TERMINAL_STATUSES);
    this.#worker?.wake();
    return outcome.type === "created" ? { type: "started" } : outcome;
  }

  /** Ends the instance that is in the way, so that whoever waits for it learns of that, and takes its place (S-6). */
  async #replace(instance: Omit<NewInstance, "run">): Promise<string> {
    const deadline = this.#clock.now() + REPLACE_WAIT_MS;
    for (;;) {
      await this.#send(instance.instanceId, {
        type: "ExecutionTerminated",
        timestamp: this.#clock.now(),
        reason: "A new instance with the same id replaces it.",
      });
      const timeoutMs = Math.max(deadline - this.#clock.now(), 1);
      await this.waitForCompletion(instance.instanceId, { timeoutMs });
      const outcome = await this.#create(instance);
      if (outcome.type === "started") return instance.instanceId;
      if (this.#clock.now() >= deadline) throw alreadyExists(instance.instanceId, outcome.status);
    }
  }

  #defaultConflict(): OnConflict {
    return this.#settings.overridableExistingInstanceStates === "AnyState" ? "replace" : "error";
  }

  async #sendControl(instanceId: string, event: MessageEvent): Promise<void> {
    const delivery = await this.#send(instanceId, event);
    if (delivery === "instance-not-found") throw notFound(instanceId);
  }

  async #send(instanceId: string, event: MessageEvent): Promise<Delivery> {
    if (this.#worker?.takesMessages(instanceId)) return this.#worker.deliver(instanceId, event);
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) return "instance-not-found";
    if (isTerminal(record.status) && event.type !== "ExecutionRewound") return "instance-ended";
    const key = event.type === "EventRaised" && event.messageId ? event.messageId : this.#newId();
    await this.#store.client.send([{ instanceId, key, at: event.timestamp, event: encodeMessage(event) }]);
    this.#worker?.left(instanceId);
    return "delivered";
  }

  #stamp(reason: string | undefined): { readonly timestamp: number; readonly reason?: string } {
    return { timestamp: this.#clock.now(), ...(reason === undefined ? {} : { reason }) };
  }

  async #requireStatus(instanceId: string, verb: string, allowed: readonly RuntimeStatus[]): Promise<void> {
    const record = await this.#store.query.get(instanceId);
    if (record === undefined) throw notFound(instanceId);
    if (allowed.includes(record.status)) return;
    throw new DurableError(
      "INVALID_INSTANCE_STATE",
      `Instance '${instanceId}' cannot be ${verb}: it is ${record.status}. Allowed: ${allowed.join(", ")}.`,
    );
  }

  async #wait(
    instanceId: string,
    goal: string,
    until: (status: RuntimeStatus) => boolean,
    options: WaitOptions,
  ): Promise<OrchestrationStatus> {
    const record = await waitForStatus(
      { instanceId, goal, until, timeoutMs: options.timeoutMs, signal: options.signal },
      { query: this.#store.query, clock: this.#clock, worker: this.#worker },
    );
    return statusOf(record);
  }

  async #history(record: InstanceRecord): Promise<readonly HistoryEvent[]> {
    const events: HistoryEvent[] = [];
    for await (const chunk of this.#store.query.history(record.instanceId))
      events.push(...decodeChunk(chunk, record));
    return events;
  }
}

const MAX_PAGE = 1_000;

const randomHex = (): string => randomUUID().replaceAll("-", "");

function pageSize(top: number | undefined): number {
  if (top === undefined) return 100;
  if (Number.isInteger(top) && top >= 1 && top <= MAX_PAGE) return top;
  throw new DurableError("INVALID_ARGUMENT", `top must be a whole number from 1 to ${MAX_PAGE}, not ${top}.`);
}

function filterOf(query: InstanceQuery): InstanceFilter {
  const { createdTimeFrom, createdTimeTo, runtimeStatus, instanceIdPrefix, name } = query;
  return {
    ...(createdTimeFrom === undefined ? {} : { createdFrom: timeOf("createdTimeFrom", createdTimeFrom) }),
    ...(createdTimeTo === undefined ? {} : { createdTo: timeOf("createdTimeTo", createdTimeTo) }),
    ...(runtimeStatus === undefined ? {} : { statuses: runtimeStatus }),
    ...(instanceIdPrefix === undefined ? {} : { instanceIdPrefix }),
    ...(name === undefined ? {} : { name }),
  };
}

function timeOf(what: string, date: Date): number {
  const time = date instanceof Date ? date.getTime() : Number.NaN;
  if (Number.isNaN(time)) throw new DurableError("INVALID_ARGUMENT", `${what} must be a valid Date.`);
  return time;
}

function alreadyExists(instanceId: string, status: RuntimeStatus): DurableError {
  return new DurableError(
    "INSTANCE_ALREADY_EXISTS",
    `An Orchestration instance with the status ${status} already exists. Instance '${instanceId}' was left as it is.`,
  );
}
