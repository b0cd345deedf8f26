import { EntityId, type EntityName } from "../core/entity-id.ts";
import type { EntityInvocation, StartFromEntityOptions } from "../core/entity-invocation.ts";
import { FunctionLog } from "./function-log.ts";
import type { Untyped } from "./orchestrator-context.ts";
import { nameOf, type OrchestratorReference } from "./references.ts";

export interface EntitySignalOptions {
  /** Not before this time. */
  readonly scheduledTime?: Date;
}

export interface EntityStartOptions extends Omit<StartFromEntityOptions, "scheduledAt"> {
  /** Not before this time. */
  readonly startAt?: Date;
}

/** What an entity function gets for one operation. What it asks for happens when the operation has returned and is committed. */
export class EntityContext<S = Untyped> extends FunctionLog {
  /** As it is registered. */
  readonly functionName: string;
  readonly #invocation: EntityInvocation;
  #df: DurableEntityContext<S> | undefined;

  constructor(invocation: EntityInvocation, functionName: string) {
    super();
    this.#invocation = invocation;
    this.functionName = functionName;
  }

  /** The same in the spelling of durable-functions v3. */
  get df(): DurableEntityContext<S> {
    this.#df ??= new DurableEntityContext(this);
    return this.#df;
  }

  /** The same when this very operation runs again after a crash, and no other one's: a key for idempotent work. */
  get invocationId(): string {
    return this.#invocation.operation.requestId;
  }

  get entityId(): EntityId {
    const { name, key } = this.#invocation.entity;
    return new EntityId(name, key);
  }

  get operation(): string {
    return this.#invocation.operation.operation;
  }

  get input(): Untyped {
    return this.#invocation.input;
  }

  /** There was no state before this operation. */
  get isNewlyConstructed(): boolean {
    return this.#invocation.isNewlyConstructed;
  }

  /** A copy of the state, and what `initial` makes when there is none: only `setState` changes it. */
  getState(): S | undefined;
  getState(initial: () => S): S;
  getState(initial?: () => S): S | undefined {
    return this.#invocation.state === undefined ? initial?.() : (this.#invocation.getState() as S);
  }

  /** @throws {DurableError} INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE */
  setState(state: S): void {
    this.#invocation.setState(state);
  }

  /** From here on the entity does not exist, until the next `setState` (S-160). */
  deleteState(): void {
    this.#invocation.deleteState();
  }

  /** What the caller gets; the same as returning it from the function. */
  setResult(result: unknown): void {
    this.#invocation.setResult(result);
  }

  /** Sends an operation to another entity and forgets it (S-159). @throws {DurableError} INVALID_ENTITY_ID */
  signalEntity(
    entity: EntityName,
    operation: string,
    input?: unknown,
    options: EntitySignalOptions = {},
  ): void {
    const { scheduledTime } = options;
    const time = scheduledTime === undefined ? {} : { scheduledTime: scheduledTime.getTime() };
    this.#invocation.signalEntity(entity, operation, input, time);
  }

  /** Starts an orchestration that nobody waits for (S-159). @throws {DurableError} INVALID_INSTANCE_ID */
  startOrchestration<A>(
    orchestrator: OrchestratorReference<A, unknown> | string,
    input?: A,
    { startAt, ...options }: EntityStartOptions = {},
  ): void {
    const time = startAt === undefined ? {} : { scheduledAt: startAt.getTime() };
    this.#invocation.startOrchestration(nameOf(orchestrator), input, { ...options, ...time });
  }
}

/** `context.df` of an entity function of durable-functions v3. It forwards and nothing else. */
export class DurableEntityContext<S = Untyped> {
  readonly #context: EntityContext<S>;

  constructor(context: EntityContext<S>) {
    this.#context = context;
  }

  get entityId(): EntityId {
    return this.#context.entityId;
  }

  get entityName(): string {
    return this.#context.entityId.name;
  }

  get entityKey(): string {
    return this.#context.entityId.key;
  }

  get operationName(): string {
    return this.#context.operation;
  }

  get isNewlyConstructed(): boolean {
    return this.#context.isNewlyConstructed;
  }

  getInput<T = Untyped>(): T | undefined {
    return this.#context.input as T | undefined;
  }

  getState(): S | undefined;
  getState(initializer: () => S): S;
  getState(initializer?: () => S): S | undefined {
    return initializer === undefined ? this.#context.getState() : this.#context.getState(initializer);
  }

  setState(state: S): void {
    this.#context.setState(state);
  }

  destructOnExit(): void {
    this.#context.deleteState();
  }

  return(result: unknown): void {
    this.#context.setResult(result);
  }

  signalEntity(entity: EntityName, operationName: string, operationInput?: unknown): void {
    this.#context.signalEntity(entity, operationName, operationInput);
  }
}
