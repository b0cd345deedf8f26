import type { ActionLog } from "./action-log.ts";
import type { CriticalSection } from "./critical-section.ts";
import { toJsonText } from "./data-converter.ts";
import { deterministicGuid, guidTime } from "./deterministic-guid.ts";
import {
  type CallHttpOptions,
  type DurableHttpRequest,
  type DurableHttpResponse,
  HTTP_ACTIVITY,
  httpRequest,
} from "./durable-http.ts";
import { checkEntityId, type EntityName } from "./entity-id.ts";
import type { EntityRequests } from "./entity-requests.ts";
import { DurableError } from "./errors.ts";
import { eventTimeout, LimitedEventWait } from "./event-wait.ts";
import type { ExternalEvents } from "./external-events.ts";
import type { ExecutionStarted, JsonText, ParentInstance } from "./history-event.ts";
import { HttpCall } from "./http-call.ts";
import { checkInstanceId } from "./instance-id.ts";
import { requirePatchId } from "./patches.ts";
import { checkRetryPolicy, type RetryPolicy } from "./retry-policy.ts";
import { RetryingTask, type RetryPort } from "./retrying-task.ts";
import { AllTask, AnyTask, EventTask, type Task, type TaskScope, type TimerTask } from "./task.ts";

/** The largest custom status: whole KB of its UTF-16 text (S-125). */
const MAX_CUSTOM_STATUS_KB = 16;

export interface CallOptions {
  readonly retry?: RetryPolicy;
}

export interface SubOrchestrationOptions extends CallOptions {
  /** Default: derived from the parent's execution (S-110). */
  readonly instanceId?: string;
  readonly version?: string;
}

export interface WaitOptions<T = unknown> {
  /** How long to wait, in milliseconds. Without it the wait has no end. */
  readonly timeoutMs?: number;
  /** What the wait gives when the time is up, instead of failing with EVENT_TIMEOUT. */
  readonly defaultValue?: T;
  /** Makes the value out of what arrived; what it throws, the wait fails with. */
  readonly decode?: ((value: unknown) => T) | undefined;
}

export interface SignalOptions {
  /** Not before this time, in milliseconds since 1970. */
  readonly scheduledTime?: number;
}

export interface ContinueAsNewOptions {
  /** Hands events nobody has waited for to the next execution. Default false (S-77). */
  readonly preserveUnprocessedEvents?: boolean;
  readonly version?: string;
}

/** What the context needs of its session. */
export interface ContextPort extends TaskScope {
  readonly started: ExecutionStarted;
  readonly currentTime: number;
  readonly isReplaying: boolean;
  readonly actions: ActionLog;
  readonly events: ExternalEvents;
  readonly entities: EntityRequests;
  /** @throws {DurableError} CONTEXT_OUTSIDE_EPISODE when no episode of this orchestration is running (S-36). */
  enter(): void;
  continueAsNew(input: JsonText | undefined, options: ContinueAsNewOptions): void;
  setCustomStatus(text: JsonText | undefined): void;
  isPatched(id: string): boolean;
  /** How long an HTTP call waits between two polls when the answer does not say, in milliseconds. */
  readonly httpPollMs: number;
  /** The version of a child that is started with this one, or with none. */
  versionOfStart(name: string, version: string | undefined): string | undefined;
}

/** What an orchestrator can do. All of it is replayed, none of it touches the world. */
export class OrchestrationContext {
  readonly #port: ContextPort;
  #guids = 0;

  constructor(port: ContextPort) {
    this.#port = port;
  }

  get instanceId(): string {
    return this.#port.started.instanceId;
  }

  get executionId(): string {
    return this.#port.started.executionId;
  }

  get name(): string {
    return this.#port.started.name;
  }

  get version(): string | undefined {
    return this.#port.started.version;
  }

  get parent(): ParentInstance | undefined {
    return this.#port.started.parent;
  }

  get tags(): Readonly<Record<string, string>> {
    return this.#port.started.tags ?? {};
  }

  /** The stored input, not parsed. */
  get inputText(): JsonText | undefined {
    return this.#port.started.input;
  }

  /** The time of the current episode; the same in every replay (S-31). */
  get currentTime(): number {
    return this.#port.currentTime;
  }

  get isReplaying(): boolean {
    return this.#port.isReplaying;
  }

  callActivity(name: string, input?: unknown, options: CallOptions = {}): Task<unknown> {
    const { actions } = this.#enter();
    const text = toJsonText(input, `The input of activity '${name}'`);
    const { retry } = options;
    if (retry === undefined) return actions.scheduleTask(name, text, undefined);
    return this.#retrying(retry, (retryOf) => actions.scheduleTask(name, text, retryOf));
  }

  /**
   * Sends an HTTP request; the task gives the answer, whatever its status, and with retry options fails when they are used
   * up (S-184).
   *
   * @throws {DurableError} INVALID_ARGUMENT, INVALID_RETRY_OPTIONS, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE
   */
  callHttp(options: CallHttpOptions): Task<DurableHttpResponse> {
    const { actions } = this.#enter();
    const request = httpRequest(options);
    const send = (each: DurableHttpRequest, retryOf?: number): Task<unknown> =>
      actions.scheduleTask(HTTP_ACTIVITY, toJsonText(each, "The request of callHttp"), retryOf);
    const { retryOptions } = options;
    const first =
      retryOptions === undefined
        ? send(request)
        : this.#retrying(retryOptions, (retryOf) => send(request, retryOf));
    const port = this.#port;
    return new HttpCall(
      {
        awaited: (task) => port.awaited(task),
        promiseSettled: (task) => port.promiseSettled(task),
        get currentTime() {
          return port.currentTime;
        },
        pollMs: port.httpPollMs,
        send,
        wait: (fireAt) => port.actions.createTimer(fireAt),
      },
      request,
      first,
    );
  }

  callSubOrchestrator(name: string, input?: unknown, options: SubOrchestrationOptions = {}): Task<unknown> {
    const { actions, entities } = this.#enter();
    entities.checkSubOrchestration();
    const text = toJsonText(input, `The input of sub-orchestration '${name}'`);
    const { instanceId, retry } = options;
    const version = this.versionOfStart(name, options.version);
    if (instanceId !== undefined) this.#checkChildId(instanceId);
    const attempt = (retryOf: number | undefined): Task<unknown> =>
      actions.createSubOrchestration({ name, input: text, instanceId, version, retryOf });
    return retry === undefined ? attempt(undefined) : this.#retrying(retry, attempt);
  }

  /** Starts an orchestration that nobody waits for (S-114); the answer is its id. */
  startOrchestration(
    name: string,
    input?: unknown,
    options: Omit<SubOrchestrationOptions, "retry"> = {},
  ): string {
    const { actions } = this.#enter();
    const instanceId = options.instanceId ?? this.newGuid();
    this.#checkChildId(instanceId);
    const text = toJsonText(input, `The input of orchestration '${name}'`);
    const version = this.versionOfStart(name, options.version);
    actions.startOrchestration({ name, input: text, instanceId, version });
    return instanceId;
  }

  /** The version of a sub-orchestration that is started with this one, or with none (S-115). */
  versionOfStart(name: string, version: string | undefined): string | undefined {
    return this.#port.versionOfStart(name, version);
  }

  createTimer(fireAt: number): TimerTask {
    const { actions } = this.#enter();
    requireTime(fireAt, () => `createTimer needs a valid date, not ${String(fireAt)}.`);
    return actions.createTimer(fireAt);
  }

  waitForExternalEvent<T = unknown>(name: string, options: WaitOptions<T> = {}): Task<T> {
    const { actions, events } = this.#enter();
    requireEventName(name);
    const { timeoutMs } = options;
    if (timeoutMs !== undefined) {
      const time = typeof timeoutMs === "number" ? this.#port.currentTime + timeoutMs : Number.NaN;
      requireTime(
        time,
        () => `The timeout of event '${name}' must be a span of time, not ${String(timeoutMs)}.`,
      );
    }
    const timer =
      timeoutMs === undefined
        ? undefined
        : actions.createTimer(this.#port.currentTime + timeoutMs, { timeoutOf: name });
    const cancel = (): void => {
      events.cancel(name, task);
      task.fail(new DurableError("TASK_CANCELED", `The wait for external event '${name}' was canceled.`));
    };
    const task: EventTask<T> = new EventTask<T>(this.#port, { cancel, decode: options.decode });
    events.wait(name, task);
    if (timer === undefined || timeoutMs === undefined) return task;
    return new LimitedEventWait(this.#port, task, timer, () => {
      if ("defaultValue" in options) return options.defaultValue;
      throw eventTimeout(name, timeoutMs);
    });
  }

  /** Sends an event to another instance and forgets it; without such an instance it is discarded (S-68). */
  sendEvent(instanceId: string, name: string, data?: unknown): void {
    const { actions } = this.#enter();
    requireEventName(name);
    actions.sendEvent(instanceId, name, toJsonText(data, `The payload of event '${name}'`));
  }

  /**
   * Calls an operation of an entity; the task gives its result (S-165).
   *
   * @throws {DurableError} INVALID_ENTITY_ID, INVALID_ARGUMENT, LOCKING_RULES (S-169)
   */
  callEntity(entity: EntityName, operation: string, input?: unknown): Task<unknown> {
    const { entities } = this.#enter();
    const instanceId = checkEntityId(entity);
    requireOperation(operation);
    return entities.call(instanceId, operation, toJsonText(input, inputOf(operation, instanceId)));
  }

  /** Sends an operation to an entity and forgets it. @throws {DurableError} as `callEntity` */
  signalEntity(entity: EntityName, operation: string, input?: unknown, options: SignalOptions = {}): void {
    const { entities } = this.#enter();
    const instanceId = checkEntityId(entity);
    requireOperation(operation);
    const { scheduledTime } = options;
    if (scheduledTime !== undefined) {
      requireTime(scheduledTime, () => `scheduledTime must be a valid date, not ${String(scheduledTime)}.`);
    }
    const text = toJsonText(input, inputOf(operation, instanceId));
    entities.signal(instanceId, operation, text, scheduledTime);
  }

  /**
   * Locks entities; the task gives what `wrap` makes of the critical section once all are locked (S-167).
   *
   * @throws {DurableError} INVALID_ENTITY_ID, INVALID_ARGUMENT without entities (S-170), LOCKING_RULES inside a section
   */
  lock<T>(targets: readonly EntityName[], wrap: (section: CriticalSection) => T): Task<T> {
    const { entities } = this.#enter();
    return entities.lock(targets.map(checkEntityId), wrap);
  }

  /** Leaves a critical section. One that is left already, or has ended, stays as it is (S-170). */
  unlock(section: CriticalSection): void {
    this.#enter().entities.release(section);
  }

  /** The critical section the code is in. */
  get section(): CriticalSection | undefined {
    const { section } = this.#port.entities;
    return section?.isHeld ? section : undefined;
  }

  all<T>(tasks: readonly Task<T>[]): Task<T[]> {
    return new AllTask(this.#enter(), tasks);
  }

  any<T extends Task<unknown>>(tasks: readonly T[]): Task<T> {
    return new AnyTask(this.#enter(), tasks);
  }

  continueAsNew(input?: unknown, options: ContinueAsNewOptions = {}): void {
    this.#enter().continueAsNew(toJsonText(input, "The input of continueAsNew"), options);
  }

  /** @throws {DurableError} CUSTOM_STATUS_TOO_LARGE (S-125) */
  setCustomStatus(value: unknown): void {
    const text = toJsonText(value, "The custom status");
    const kilobytes = Math.floor(((text?.length ?? 0) * 2) / 1024);
    if (kilobytes > MAX_CUSTOM_STATUS_KB) {
      throw new DurableError(
        "CUSTOM_STATUS_TOO_LARGE",
        `The custom status has ${kilobytes} KB of UTF-16 text; at most ${MAX_CUSTOM_STATUS_KB} KB are allowed.`,
      );
    }
    this.#enter().setCustomStatus(text);
  }

  /** @throws {DurableError} INVALID_ARGUMENT */
  patched(id: string): boolean {
    requirePatchId(id);
    return this.#enter().isPatched(id);
  }

  /** A UUID that is the same in every replay (S-120 to S-123). */
  newGuid(): string {
    const { started, currentTime } = this.#enter();
    return deterministicGuid(started.instanceId, guidTime(currentTime), this.#guids++);
  }

  #enter(): ContextPort {
    this.#port.enter();
    return this.#port;
  }

  #retrying(policy: RetryPolicy, start: (retryOf: number | undefined) => Task<unknown>): Task<unknown> {
    checkRetryPolicy(policy);
    return new RetryingTask(this.#retryPort(start), policy);
  }

  #retryPort(start: (retryOf: number | undefined) => Task<unknown>): RetryPort {
    const port = this.#port;
    return {
      awaited: (task) => port.awaited(task),
      promiseSettled: (task) => port.promiseSettled(task),
      get currentTime() {
        return port.currentTime;
      },
      attempt: (retryOf) => {
        const id = port.actions.nextId;
        return { id, task: start(retryOf) };
      },
      wait: (delayMs, retryOf) => port.actions.createTimer(port.currentTime + delayMs, { retryOf }),
    };
  }

  /** @throws {DurableError} INVALID_INSTANCE_ID (S-1, S-111) */
  #checkChildId(instanceId: string): void {
    checkInstanceId(instanceId);
    const { started } = this.#port;
    const taken = [started.instanceId, started.parent?.instanceId];
    if (taken.some((id) => id?.toLowerCase() === instanceId.toLowerCase())) {
      throw new DurableError(
        "INVALID_INSTANCE_ID",
        `A sub-orchestration's id must differ from that of its parent and grandparent; "${instanceId}" does not.`,
      );
    }
  }
}

/** @throws {DurableError} INVALID_ARGUMENT when no date can hold this time */
function requireTime(time: unknown, message: () => string): void {
  if (typeof time === "number" && !Number.isNaN(new Date(time).getTime())) return;
  throw new DurableError("INVALID_ARGUMENT", message());
}

/** The empty name is one too (H-110). @throws {DurableError} INVALID_ARGUMENT */
export function requireOperation(operation: unknown): asserts operation is string {
  if (typeof operation === "string") return;
  throw new DurableError(
    "INVALID_ARGUMENT",
    `An operation is named by a text, not by a ${typeof operation}.`,
  );
}

export function inputOf(operation: string, instanceId: string): string {
  return `The input of operation '${operation}' of entity '${instanceId}'`;
}

/** @throws {DurableError} INVALID_EVENT_NAME (S-69) */
export function requireEventName(name: unknown): void {
  if (typeof name === "string" && name !== "") return;
  throw new DurableError("INVALID_EVENT_NAME", "An external event needs a name that is not empty.");
}
