import type { CallHttpOptions, DurableHttpResponse } from "../core/durable-http.ts";
import type { EntityName } from "../core/entity-id.ts";
import type { RetryPolicy } from "../core/retry-policy.ts";
import type { Task, TimerTask } from "../core/task.ts";
import type { DurableLock, LockState } from "./durable-lock.ts";
import type { OrchestratorContext, TaskValues, Untyped } from "./orchestrator-context.ts";
import type {
  ActivityReference,
  EventReference,
  InputArguments,
  OrchestratorReference,
} from "./references.ts";

/** `context.df` of durable-functions v3. It forwards and nothing else. */
export class DurableOrchestrationContext<I = unknown> {
  readonly #context: OrchestratorContext<I>;
  #customStatus: unknown;
  readonly Task: {
    all<const T extends readonly Task<unknown>[]>(tasks: T): Task<TaskValues<T>>;
    any<T extends Task<unknown>>(tasks: readonly T[]): Task<T>;
  };

  constructor(context: OrchestratorContext<I>) {
    this.#context = context;
    this.Task = { all: (tasks) => context.all(tasks), any: (tasks) => context.any(tasks) };
  }

  get instanceId(): string {
    return this.#context.instanceId;
  }

  get parentInstanceId(): string | undefined {
    return this.#context.parent?.instanceId;
  }

  get isReplaying(): boolean {
    return this.#context.isReplaying;
  }

  get currentUtcDateTime(): Date {
    return this.#context.currentUtcDateTime;
  }

  get version(): string | undefined {
    return this.#context.version;
  }

  get customStatus(): unknown {
    return this.#customStatus;
  }

  getInput(): I;
  getInput<T>(): T;
  getInput(): unknown {
    return this.#context.input;
  }

  callActivity<A, O>(activity: ActivityReference<A, O>, ...input: InputArguments<A>): Task<O>;
  callActivity(name: string, input?: unknown): Task<Untyped>;
  callActivity(activity: string | ActivityReference<unknown, unknown>, input?: unknown): Task<Untyped> {
    return this.#context.callActivity(activity as string, input);
  }

  callActivityWithRetry<A, O>(
    activity: ActivityReference<A, O>,
    retryOptions: RetryPolicy,
    ...input: InputArguments<A>
  ): Task<O>;
  callActivityWithRetry(name: string, retryOptions: RetryPolicy, input?: unknown): Task<Untyped>;
  callActivityWithRetry(
    activity: string | ActivityReference<unknown, unknown>,
    retryOptions: RetryPolicy,
    input?: unknown,
  ): Task<Untyped> {
    return this.#context.callActivityWithRetry(activity as string, retryOptions, input);
  }

  callSubOrchestrator<A, O>(
    orchestrator: OrchestratorReference<A, O>,
    input: A,
    instanceId?: string,
  ): Task<O>;
  callSubOrchestrator(name: string, input?: unknown, instanceId?: string): Task<Untyped>;
  callSubOrchestrator(
    orchestrator: string | OrchestratorReference<never, unknown>,
    input?: unknown,
    instanceId?: string,
  ): Task<Untyped> {
    return this.#context.callSubOrchestrator(orchestrator as string, input, withId(instanceId));
  }

  callSubOrchestratorWithRetry<A, O>(
    orchestrator: OrchestratorReference<A, O>,
    retryOptions: RetryPolicy,
    input: A,
    instanceId?: string,
  ): Task<O>;
  callSubOrchestratorWithRetry(
    name: string,
    retryOptions: RetryPolicy,
    input?: unknown,
    instanceId?: string,
  ): Task<Untyped>;
  callSubOrchestratorWithRetry(
    orchestrator: string | OrchestratorReference<never, unknown>,
    retryOptions: RetryPolicy,
    input?: unknown,
    instanceId?: string,
  ): Task<Untyped> {
    return this.#context.callSubOrchestrator(orchestrator as string, input, {
      ...withId(instanceId),
      retry: retryOptions,
    });
  }

  /** Also with the option names of older versions: `asynchronousPatternEnabled`, `content`, `uri`. */
  callHttp(options: CallHttpOptions | OldHttpOptions): Task<DurableHttpResponse> {
    return this.#context.callHttp("url" in options ? options : fromOldNames(options));
  }

  callEntity<T = Untyped>(entityId: EntityName, operationName: string, operationInput?: unknown): Task<T> {
    return this.#context.callEntity<T>(entityId, operationName, operationInput);
  }

  signalEntity(entityId: EntityName, operationName: string, operationInput?: unknown): void {
    this.#context.signalEntity(entityId, operationName, operationInput);
  }

  /** A list of entities, or the entities one by one. */
  lock(...entities: readonly (EntityName | readonly EntityName[])[]): Task<DurableLock> {
    return this.#context.lock(...entities.flat());
  }

  isLocked(): LockState {
    return this.#context.isLocked();
  }

  createTimer(fireAt: Date): TimerTask {
    return this.#context.createTimer(fireAt);
  }

  waitForExternalEvent<T>(event: EventReference<T>): Task<T>;
  waitForExternalEvent<T = Untyped>(name: string): Task<T>;
  waitForExternalEvent(event: string | EventReference<unknown>): Task<Untyped> {
    return this.#context.waitForExternalEvent(event as string);
  }

  continueAsNew(input?: unknown, preserveUnprocessedEvents = false): void {
    this.#context.continueAsNew(input, { preserveUnprocessedEvents });
  }

  setCustomStatus(status: unknown): void {
    this.#context.setCustomStatus(status);
    this.#customStatus = status;
  }

  /** See `patched` of the context. */
  patched(id: string): boolean {
    return this.#context.patched(id);
  }

  /** The argument of durable-functions v3 is accepted and not needed: the id is the instance's own. */
  newGuid(_instanceId?: string): string {
    return this.#context.newGuid();
  }
}

/** The names `callHttp` had before durable-functions v3. */
interface OldHttpOptions extends Omit<CallHttpOptions, "url" | "body" | "enablePolling"> {
  readonly uri: string;
  readonly content?: unknown;
  readonly asynchronousPatternEnabled?: boolean;
}

function fromOldNames({
  uri,
  content,
  asynchronousPatternEnabled,
  ...rest
}: OldHttpOptions): CallHttpOptions {
  return {
    ...rest,
    url: uri,
    ...(content === undefined ? {} : { body: content }),
    ...(asynchronousPatternEnabled === undefined ? {} : { enablePolling: asynchronousPatternEnabled }),
  };
}

function withId(instanceId: string | undefined): { readonly instanceId?: string } {
  return instanceId === undefined || instanceId === "" ? {} : { instanceId };
}
