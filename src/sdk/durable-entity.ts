import type { EntityInvocation } from "../core/entity-invocation.ts";
import { DurableError } from "../core/errors.ts";
import { EntityContext } from "./entity-context.ts";
import type { EntityClass } from "./entity-references.ts";

// Known by symbols of the whole process: the host that runs a class may be another copy of the package than the class extends.
const BASE: unique symbol = Symbol.for("perdure.durable-entity") as never;
const CONTEXT: unique symbol = Symbol.for("perdure.entity-context") as never;

/**
 * The base of entities that are classes: each public method is an operation, and `state` is kept after each of them. The
 * value `state` has in a new object is the initial one. An operation named `delete` deletes the entity, unless the class
 * has one of its own (S-160).
 */
export abstract class DurableEntity<S> {
  abstract state: S;

  /** Of the operation that runs. */
  protected get context(): EntityContext<S> {
    const { [CONTEXT]: context } = this as { readonly [CONTEXT]?: EntityContext<S> };
    if (context) return context;
    throw new DurableError(
      "CONTEXT_OUTSIDE_EPISODE",
      "An entity has a context only while an operation runs.",
    );
  }
}

Object.defineProperty(DurableEntity.prototype, BASE, { value: true });

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
    const method = methods.find(operation);
    if (method) {
      const entity = objectWith(entityClass, invocation);
      const context = new EntityContext(invocation, name);
      Object.defineProperty(entity, CONTEXT, { value: context });
      return keeping(entity, invocation, () => method.call(entity, invocation.input, context));
    }
    if (operation.toLowerCase() === "delete") return invocation.deleteState();
    throw new DurableError(
      "INVALID_ARGUMENT",
      `Entity '${name}' has no operation '${operation}'. It has: ${methods.names.join(", ")}.`,
    );
  };
}

type Method = (this: object, input: unknown, context: EntityContext) => unknown;

/** What the object holds is kept after the method; also after one that throws, where the host does not roll back (S-157). */
function keeping(entity: object, invocation: EntityInvocation, run: () => unknown): unknown {
  const keep = (): void => {
    if (!invocation.isDeleted) invocation.setState(isBased(entity) ? entity.state : entity);
  };
  const fail = (error: unknown): never => {
    try {
      keep();
    } catch {
      // That the method failed says more than that its state cannot be kept.
    }
    throw error;
  };
  const succeed = (value: unknown): unknown => {
    keep();
    return value;
  };
  let returned: unknown;
  try {
    returned = run();
  } catch (error) {
    return fail(error);
  }
  return isThenable(returned) ? returned.then(succeed, fail) : succeed(returned);
}

interface Methods {
  readonly names: readonly string[];
  /** By its name, else by its name in any case. */
  find(operation: string): Method | undefined;
}

/** The methods of a class and of those it derives from; no getters, and no fields. */
function methodsOf(entityClass: EntityClass<object>): Methods {
  const exact = new Map<string, Method>();
  const inAnyCase = new Map<string, Method>();
  let prototype: unknown = entityClass.prototype;
  while (isObject(prototype) && prototype !== Object.prototype && !Object.hasOwn(prototype, BASE)) {
    for (const [key, { value }] of Object.entries(Object.getOwnPropertyDescriptors(prototype))) {
      if (key === "constructor" || typeof value !== "function" || exact.has(key)) continue;
      const method = value as Method;
      exact.set(key, method);
      if (!inAnyCase.has(key.toLowerCase())) inAnyCase.set(key.toLowerCase(), method);
    }
    prototype = Object.getPrototypeOf(prototype);
  }
  return {
    names: [...exact.keys()].map((each) => `'${each}'`),
    find: (operation) => exact.get(operation) ?? inAnyCase.get(operation.toLowerCase()),
  };
}

/** A new object with the state the entity has; a plain class keeps its own fields. */
function objectWith(entityClass: EntityClass<object>, invocation: EntityInvocation): object {
  const entity = new entityClass();
  if (invocation.isNewlyConstructed) return entity;
  const state = invocation.getState();
  if (isBased(entity)) entity.state = state;
  else if (isObject(state)) Object.assign(entity, state);
  return entity;
}

/** Whether it extends `DurableEntity`, of whichever copy of the package. */
function isBased(entity: object): entity is { state: unknown } {
  return BASE in entity;
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return isObject(value) && "then" in value && typeof value.then === "function";
}
