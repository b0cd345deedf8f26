import type { CallHttpOptions, DurableHttpResponse } from "../core/durable-http.ts";
import type { EntityName } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import type { ParentInstance } from "../core/history-event.ts";
import type {
  ContinueAsNewOptions,
  OrchestrationContext,
  SubOrchestrationOptions,
  WaitOptions,
} from "../core/orchestration-context.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";
import type { Task, TimerTask } from "../core/task.ts";
import { DurableOrchestrationContext } from "./df-context.ts";
import { DurableLock, type LockState, lockState } from "./durable-lock.ts";
import type { FunctionSchemas } from "./function-schemas.ts";
import { OrchestratorEntities } from "./orchestrator-entities.ts";
import {
  type ActivityReference,
  type EventReference,
  type InputAndOptions,
  type InputArguments,
  nameOf,
  type OrchestratorReference,
  versionOf,
} from "./references.ts";
import { validateNow } from "./schema.ts";

// What a function known by its name alone gives is the caller's to know, as in durable-functions.
// oxlint-disable-next-line typescript/no-explicit-any
export type Untyped = any;

export type TaskValues<T extends readonly Task<unknown>[]> = {
  -readonly [K in keyof T]: T[K] extends Task<infer V> ? V : never;
};

export type EventWaitOptions<T> = Omit<WaitOptions<T>, "decode">;

export interface Log {
  (...values: unknown[]): void;
  readonly trace: (...values: unknown[]) => void;
  readonly debug: (...values: unknown[]) => void;
  readonly info: (...values: unknown[]) => void;
  readonly warn: (...values: unknown[]) => void;
  readonly error: (...values: unknown[]) => void;
}

/** What an orchestrator gets. All of it replays; nothing in it touches the world. */
export class OrchestratorContext<I = unknown> {
  readonly #core: OrchestrationContext;
  readonly #schemas: FunctionSchemas;
  readonly #input: I;
  #df: DurableOrchestrationContext<I> | undefined;
  #entities: OrchestratorEntities | undefined;
  #log: Log | undefined;

  constructor(core: OrchestrationContext, input: I, schemas: FunctionSchemas) {
    this.#core = core;
    this.#input = input;
    this.#schemas = schemas;
  }

  /** The same in the spelling of durable-functions v3. */
  get df(): DurableOrchestrationContext<I> {
    this.#df ??= new DurableOrchestrationContext(this);
    return this.#df;
  }

  get input(): I {
    return this.#input;
  }

  get instanceId(): string {
    return this.#core.instanceId;
  }

  get name(): string {
    return this.#core.name;
  }

  get functionName(): string {
    return this.#core.name;
  }

  get version(): string | undefined {
    return this.#core.version;
  }

  get parent(): ParentInstance | undefined {
    return this.#core.parent;
  }

  get tags(): Readonly<Record<string, string>> {
    return this.#core.tags;
  }

  /** The time of the current episode: use it instead of `new Date()`, which replay cannot repeat (S-31). */
  get currentUtcDateTime(): Date {
    return new Date(this.#core.currentTime);
  }

  /** True while the code runs over its past (S-124). */
  get isReplaying(): boolean {
    return this.#core.isReplaying;
  }

  /** Prints when the code runs for the first time, not when it is replayed. */
  get log(): Log {
    this.#log ??= replaySafeLog(this.#core);
    return this.#log;
  }

  /** Runs an activity; the task gives what it returns, or fails with a TaskFailedError. */
  callActivity<A, O>(activity: ActivityReference<A, O>, ...input: InputArguments<A>): Task<O>;
  callActivity(name: string, input?: unknown): Task<Untyped>;
  callActivity(activity: string | { readonly name: string }, input?: unknown): Task<Untyped> {
    return this.#core.callActivity(nameOf(activity), input);
  }

  /** The same, tried again after failures (S-100). @throws {DurableError} INVALID_RETRY_OPTIONS */
  callActivityWithRetry<A, O>(
    activity: ActivityReference<A, O>,
    retry: RetryPolicy,
    ...input: InputArguments<A>
  ): Task<O>;
  callActivityWithRetry(name: string, retry: RetryPolicy, input?: unknown): Task<Untyped>;
  callActivityWithRetry(
    activity: string | { readonly name: string },
    retry: RetryPolicy,
    input?: unknown,
  ): Task<Untyped> {
    return this.#core.callActivity(nameOf(activity), input, { retry });
  }

  /**
   * Sends an HTTP request, and follows an answer 202 until there is another one (S-182). The task gives the answer whatever
   * its status; with retry options it fails when they are used up (S-184).
   *
   * @throws {DurableError} INVALID_ARGUMENT, INVALID_RETRY_OPTIONS
   */
  callHttp(options: CallHttpOptions): Task<DurableHttpResponse> {
    return this.#core.callHttp(options);
  }

  /** Runs another orchestration as part of this one. @throws {DurableError} INVALID_INSTANCE_ID (S-111) */
  callSubOrchestrator<A, O>(
    orchestrator: OrchestratorReference<A, O>,
    ...inputAndOptions: InputAndOptions<A, SubOrchestrationOptions>
  ): Task<O>;
  callSubOrchestrator(name: string, input?: unknown, options?: SubOrchestrationOptions): Task<Untyped>;
  callSubOrchestrator(
    orchestrator: string | { readonly name: string; readonly version?: string },
    input?: unknown,
    options: SubOrchestrationOptions = {},
  ): Task<Untyped> {
    const name = nameOf(orchestrator);
    const withVersion = this.#withVersion(name, orchestrator, options);
    this.#checkInput(name, withVersion.version, input);
    return this.#core.callSubOrchestrator(name, input, withVersion);
  }

  /** Starts an orchestration nobody waits for; the answer is its id (S-114). */
  startOrchestration<A>(
    orchestrator: OrchestratorReference<A, unknown> | string,
    input?: A,
    options: Omit<SubOrchestrationOptions, "retry"> = {},
  ): string {
    const name = nameOf(orchestrator);
    const withVersion = this.#withVersion(name, orchestrator, options);
    this.#checkInput(name, withVersion.version, input);
    return this.#core.startOrchestration(name, input, withVersion);
  }

  /** A durable timer: at a time, or so many milliseconds after `currentUtcDateTime`. */
  createTimer(due: Date | { readonly afterMs: number }): TimerTask {
    return this.#core.createTimer(due instanceof Date ? due.getTime() : this.#core.currentTime + due.afterMs);
  }

  /**
   * Waits for an event from outside (S-60 to S-65). Without a timeout the wait has no end. With a schema the value is
   * as the schema gives it, and the wait fails with SCHEMA_VALIDATION_FAILED for a payload that does not match.
   */
  waitForExternalEvent<T>(event: EventReference<T>, options?: EventWaitOptions<T>): Task<T>;
  waitForExternalEvent<T = Untyped>(name: string, options?: EventWaitOptions<T>): Task<T>;
  waitForExternalEvent(
    event: string | { readonly name: string },
    options: EventWaitOptions<unknown> = {},
  ): Task<Untyped> {
    const name = nameOf(event);
    const schema = this.#schemas.event(name);
    if (schema === undefined) return this.#core.waitForExternalEvent(name, options);
    const decode = (value: unknown): unknown => validateNow(schema, value, `The payload of event '${name}'`);
    return this.#core.waitForExternalEvent(name, { ...options, decode });
  }

  /** Sends an event to another instance and forgets it (S-68). */
  sendEvent<T>(instanceId: string, event: EventReference<T> | string, data?: T): void {
    const name = nameOf(event);
    validateNow(this.#schemas.event(name), data, `The payload of event '${name}'`);
    this.#core.sendEvent(instanceId, name, data);
  }

  /** Ends this execution and begins the next with a new input and an empty history, once the function has returned (S-75). */
  continueAsNew(input?: unknown, options?: ContinueAsNewOptions): void {
    this.#checkInput(this.name, options?.version ?? this.version, input);
    this.#core.continueAsNew(input, options);
  }

  /** @throws {DurableError} CUSTOM_STATUS_TOO_LARGE above 16 KB (S-125) */
  setCustomStatus(status: unknown): void {
    this.#core.setCustomStatus(status);
  }

  /**
   * Whether a change of this code counts for this execution: true for code that runs for the first time, false for an
   * execution that has been past this point without the change. The answer stays the same for the whole execution.
   *
   * @throws {DurableError} INVALID_ARGUMENT
   */
  patched(id: string): boolean {
    return this.#core.patched(id);
  }

  /** A UUID that is the same in every replay (S-120). */
  newGuid(): string {
    return this.#core.newGuid();
  }

  /** Entities with typed operations: `ctx.entities.call(Counter, "a").add(1)`. */
  get entities(): OrchestratorEntities {
    this.#entities ??= new OrchestratorEntities(this.#core);
    return this.#entities;
  }

  /** Calls an operation of an entity; the task gives its result, or fails with a TaskFailedError (S-165). */
  callEntity<T = Untyped>(entity: EntityName, operation: string, input?: unknown): Task<T> {
    return this.#core.callEntity(entity, operation, input) as Task<T>;
  }

  /** Sends an operation to an entity and forgets it; with a time, not before it. */
  signalEntity(
    entity: EntityName,
    operation: string,
    input?: unknown,
    options: { readonly scheduledTime?: Date } = {},
  ): void {
    const { scheduledTime } = options;
    const time = scheduledTime === undefined ? {} : { scheduledTime: scheduledTime.getTime() };
    this.#core.signalEntity(entity, operation, input, time);
  }

  /**
   * Waits until it has all these entities to itself: `await using lock = await ctx.lock(a, b)`. They are locked in an order
   * that is the same for everyone, so that nobody waits for ever (S-167), and let go at the latest when the orchestration
   * ends, however it ends (S-170).
   *
   * @throws {DurableError} LOCKING_RULES inside another critical section (S-169), INVALID_ARGUMENT without entities
   */
  lock(...entities: readonly EntityName[]): Task<DurableLock> {
    const core = this.#core;
    return core.lock(entities, (section) => new DurableLock(core, section));
  }

  /** Whether the code is inside a critical section, and of which entities. */
  isLocked(): LockState {
    return lockState(this.#core.section);
  }

  /** All results in order; fails with the first failure (S-196). */
  all<const T extends readonly Task<unknown>[]>(tasks: T): Task<TaskValues<T>> {
    return this.#core.all(requireTasks(tasks)) as Task<unknown> as Task<TaskValues<T>>;
  }

  /** The first task that settles, failed ones included. `await` gives its value, `yield` the task itself. */
  any<T extends Task<unknown>>(tasks: readonly T[]): Task<T> {
    return this.#core.any(requireTasks(tasks));
  }

  #withVersion(
    name: string,
    orchestrator: string | { readonly version?: string },
    options: SubOrchestrationOptions,
  ): SubOrchestrationOptions {
    const version = this.#core.versionOfStart(name, options.version ?? versionOf(orchestrator));
    return version === undefined ? options : { ...options, version };
  }

  #checkInput(name: string, version: string | undefined, input: unknown): void {
    validateNow(this.#schemas.orchestratorInput(name, version), input, `The input of orchestrator '${name}'`);
  }
}

function requireTasks<T>(tasks: readonly T[]): readonly T[] {
  if (Array.isArray(tasks)) return tasks as readonly T[];
  throw new DurableError("INVALID_ARGUMENT", "all and any take an array of tasks.");
}

function replaySafeLog(core: OrchestrationContext): Log {
  const printer =
    (method: "log" | "trace" | "debug" | "info" | "warn" | "error") =>
    (...values: unknown[]): void => {
      if (!core.isReplaying) console[method](...values);
    };
  return Object.assign(printer("log"), {
    trace: printer("debug"),
    debug: printer("debug"),
    info: printer("info"),
    warn: printer("warn"),
    error: printer("error"),
  });
}
