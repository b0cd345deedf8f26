import { randomUUID } from "node:crypto";
import { EntityId, entityInstanceId } from "../core/entity-id.ts";
import { EntityInvocation } from "../core/entity-invocation.ts";
import { type DurableEntityContext, EntityContext } from "../sdk/entity-context.ts";

const KEY = "dummyEntityKey";

/**
 * The context of an entity function of durable-functions v3, for tests that call the function by hand. `df` works on a state
 * of its own: a test sets what the function is to see (`entityKey`, `operationName`, `input`, `state`) and looks at what it
 * has left (`state`, `result`, `signals`), or puts an object of its own in place of `df`.
 */
export class DummyEntityContext<S = unknown> extends EntityContext<S> {
  #df: object;

  constructor(functionName = "dummyEntity", invocationId: string = randomUUID()) {
    super(invocationOf(functionName, invocationId), functionName);
    this.#df = new DummyDurableEntity<S>(functionName);
  }

  // What a test puts here has the members that its function uses, and need not have the others.
  override get df(): DurableEntityContext<S> & DummyDurableEntity<S> {
    return this.#df as DurableEntityContext<S> & DummyDurableEntity<S>;
  }

  override set df(stubs: object) {
    this.#df = stubs;
  }
}

/** A `context.df` of an entity whose members can all be replaced. */
export class DummyDurableEntity<S = unknown> {
  entityName: string;
  entityKey = KEY;
  operationName = "";
  input: unknown;
  /** `undefined`: the entity does not exist. */
  state: S | undefined;
  /** What the function has returned with `return`. */
  result: unknown;
  /** What the function has sent to other entities. */
  readonly signals: { readonly entity: string; readonly operation: string; readonly input: unknown }[] = [];

  constructor(entityName: string) {
    this.entityName = entityName;
  }

  get entityId(): EntityId {
    return new EntityId(this.entityName, this.entityKey);
  }

  get isNewlyConstructed(): boolean {
    return this.state === undefined;
  }

  getInput(): unknown {
    return this.input;
  }

  getState(initializer?: () => S): S | undefined {
    return this.state ?? initializer?.();
  }

  setState(state: S): void {
    this.state = state;
  }

  return(result: unknown): void {
    this.result = result;
  }

  destructOnExit(): void {
    this.state = undefined;
  }

  signalEntity(
    entity: { readonly name: string; readonly key: string },
    operation = "",
    input?: unknown,
  ): void {
    this.signals.push({ entity: entityInstanceId(entity), operation, input });
  }
}

function invocationOf(name: string, requestId: string): EntityInvocation {
  const entity = { name, key: KEY };
  const operation = { type: "EntityOperation", timestamp: 0, requestId, operation: "" } as const;
  const instanceId = entityInstanceId(entity);
  return new EntityInvocation({ entity, instanceId, state: undefined, operations: [] }, operation, undefined);
}
