import { fromJsonText, toJsonText } from "./data-converter.ts";
import type { EntityBatch, EntityBatchAction } from "./entity-batch.ts";
import { checkEntityId, type EntityName } from "./entity-id.ts";
import type { EntityOperation } from "./entity-message.ts";
import { DurableError } from "./errors.ts";
import type { JsonText } from "./history-event.ts";
import { checkInstanceId } from "./instance-id.ts";
import { inputOf, requireOperation, type SignalOptions } from "./orchestration-context.ts";

export interface StartFromEntityOptions {
  /** Default: a random one. */
  readonly instanceId?: string;
  readonly version?: string;
  /** Not before this time, in milliseconds since 1970. */
  readonly scheduledAt?: number;
}

/** One operation, and what it makes of the state. What it asks for happens when its batch is committed. */
export class EntityInvocation {
  readonly entity: EntityName;
  readonly instanceId: string;
  readonly operation: EntityOperation;
  /** There was no state before this operation. */
  readonly isNewlyConstructed: boolean;
  readonly actions: EntityBatchAction[] = [];
  #state: JsonText | undefined;
  #result: { readonly text: JsonText | undefined } | undefined;
  #isDeleted = false;
  #isOver = false;

  constructor(batch: EntityBatch, operation: EntityOperation, state: JsonText | undefined) {
    this.entity = batch.entity;
    this.instanceId = batch.instanceId;
    this.operation = operation;
    this.#state = state;
    this.isNewlyConstructed = state === undefined;
  }

  /** The operation has deleted the entity, and has not set a state since. */
  get isDeleted(): boolean {
    return this.#isDeleted;
  }

  get state(): JsonText | undefined {
    return this.#state;
  }

  /** What `setResult` was given, if it was called. */
  get result(): { readonly text: JsonText | undefined } | undefined {
    return this.#result;
  }

  get input(): unknown {
    return fromJsonText(this.operation.input);
  }

  /** A copy of the state, `undefined` when there is none: only `setState` changes it. */
  getState(): unknown {
    return fromJsonText(this.#state);
  }

  /** Without a value the state is null, which is one. @throws {DurableError} INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE */
  setState(value: unknown): void {
    this.#enter();
    this.#state = toJsonText(value, `The state of entity '${this.instanceId}'`) ?? "null";
    this.#isDeleted = false;
  }

  /** The entity does not exist from here on, until the next `setState` (S-160). */
  deleteState(): void {
    this.#enter();
    this.#state = undefined;
    this.#isDeleted = true;
  }

  /** @throws {DurableError} INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE */
  setResult(value: unknown): void {
    this.#enter();
    const { operation } = this.operation;
    const what = `The result of operation '${operation}' of entity '${this.instanceId}'`;
    this.#result = { text: toJsonText(value, what) };
  }

  /** @throws {DurableError} INVALID_ENTITY_ID, INVALID_ARGUMENT, INPUT_NOT_SERIALIZABLE, PAYLOAD_TOO_LARGE */
  signalEntity(entity: EntityName, operation: string, input?: unknown, options: SignalOptions = {}): void {
    this.#enter();
    const instanceId = checkEntityId(entity);
    requireOperation(operation);
    const text = toJsonText(input, inputOf(operation, instanceId));
    const { scheduledTime } = options;
    requireTime(scheduledTime);
    this.actions.push({ type: "signalEntity", instanceId, operation, input: text, scheduledTime });
  }

  /** Starts an orchestration that nobody waits for (S-159). @throws {DurableError} INVALID_INSTANCE_ID and as above */
  startOrchestration(name: string, input?: unknown, options: StartFromEntityOptions = {}): void {
    this.#enter();
    const { instanceId, version, scheduledAt } = options;
    if (instanceId !== undefined) checkInstanceId(instanceId);
    requireTime(scheduledAt);
    const text = toJsonText(input, `The input of orchestration '${name}'`);
    this.actions.push({ type: "startOrchestration", name, input: text, instanceId, version, scheduledAt });
  }

  /** The operation has returned or thrown: what goes on after that comes too late. */
  close(): void {
    this.#isOver = true;
  }

  #enter(): void {
    if (!this.#isOver) return;
    throw new DurableError(
      "CONTEXT_OUTSIDE_EPISODE",
      `Operation '${this.operation.operation}' of entity '${this.instanceId}' has ended: await what it does before it returns.`,
    );
  }
}

function requireTime(time: number | undefined): void {
  if (time === undefined || (typeof time === "number" && !Number.isNaN(new Date(time).getTime()))) return;
  throw new DurableError("INVALID_ARGUMENT", `A time must be a valid date, not ${String(time)}.`);
}
