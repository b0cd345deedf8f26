import type { EntityInvocation } from "../core/entity-invocation.ts";
import { DurableError } from "../core/errors.ts";
import { EntityContext } from "./entity-context.ts";
import type { EntityClass } from "./entity-references.ts";

const contexts = new WeakMap<object, EntityContext>();

/**
 * The base of entities that are classes: each public method is an operation, and `state` is kept after each of them. The
 * value `state` has in a new object is the initial one. An operation named `delete` deletes the entity, unless the class
 * has one of its own (S-160).
 */
export abstract class DurableEntity<S> {
  abstract state: S;

  /** Of the operation that runs. */
  protected get context(): EntityContext<S> {
    const context = contexts.get(this);
    if (context) return context as EntityContext<S>;
    throw new DurableError(
      "CONTEXT_OUTSIDE_EPISODE",
      "An entity has a context only while an operation runs.",
    );
  }
}

/** Whether what was registered is a class. */
export function isClass(value: unknown): value is EntityClass<object> {
  return typeof value === "function" && /^class\b/.test(Function.prototype.toString.call(value));
}

/** Runs operations as methods of an object of the class. */
export function classHandler(
  name: string,
  entityClass: EntityClass<object>,
): (invocation: EntityInvocation) => unknown {
  const methods = methodsOf(entityClass);
  return (invocation) => {
    const { operation } = invocation.operation;
    const method = methods.get(operation) ?? methods.get(operation.toLowerCase());
    if (method === undefined) {
      if (operation.toLowerCase() === "delete") return invocation.deleteState();
      throw unknownOperation(name, operation, entityClass);
    }
    const context = new EntityContext(invocation);
    const entity = objectWith(entityClass, invocation);
    contexts.set(entity, context);
    const before = invocation.state;
    const keep = (): void => {
      const isDeleted = before !== undefined && invocation.state === undefined;
      if (!isDeleted) invocation.setState(entity instanceof DurableEntity ? entity.state : entity);
    };
    const returned = method.call(entity, invocation.input, context);
    if (!isThenable(returned)) {
      keep();
      return returned;
    }
    return returned.then((value) => {
      keep();
      return value;
    });
  };
}

type Method = (this: object, input: unknown, context: EntityContext) => unknown;

/** The methods of a class and of those it derives from, under their names and their names in lower case. */
function methodsOf(entityClass: EntityClass<object>): ReadonlyMap<string, Method> {
  const methods = new Map<string, Method>();
  let prototype: unknown = entityClass.prototype;
  while (isObject(prototype) && prototype !== Object.prototype && prototype !== DurableEntity.prototype) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (key === "constructor" || typeof value !== "function") continue;
      if (!methods.has(key)) methods.set(key, value as Method);
      if (!methods.has(key.toLowerCase())) methods.set(key.toLowerCase(), value as Method);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return methods;
}

/** A new object with the state the entity has; a plain class keeps its own fields. */
function objectWith(entityClass: EntityClass<object>, invocation: EntityInvocation): object {
  const entity = new entityClass();
  if (invocation.isNewlyConstructed) return entity;
  const state = invocation.getState();
  if (entity instanceof DurableEntity) entity.state = state;
  else if (isObject(state)) Object.assign(entity, state);
  return entity;
}

function unknownOperation(name: string, operation: string, entityClass: EntityClass<object>): DurableError {
  const known = Object.getOwnPropertyNames(entityClass.prototype).filter((each) => each !== "constructor");
  const list = known.map((each) => `'${each}'`).join(", ");
  return new DurableError(
    "INVALID_ARGUMENT",
    `Entity '${name}' has no operation '${operation}'. It has: ${list}.`,
  );
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && "then" in value && typeof value.then === "function";
}
