import { EntityId, type EntityName } from "../core/entity-id.ts";
import { DurableError } from "../core/errors.ts";
import type { Task } from "../core/task.ts";
import type { Untyped } from "./orchestrator-context.ts";

/** What the registration of an entity leaves behind. `C` is its class, for the compiler. */
export class EntityReference<C = Untyped> {
  readonly kind = "entity";
  readonly name: string;
  /** Present in types only. */
  declare readonly types?: { readonly entity: C };

  constructor(name: string) {
    this.name = name;
  }

  /** The entity with this key. @throws {DurableError} INVALID_ENTITY_ID */
  id(key: string): EntityId {
    return new EntityId(this.name, key);
  }
}

export type EntityClass<C> = new () => C;

type Method = (...input: never[]) => unknown;

type OperationNames<C> = { [K in keyof C]: C[K] extends Method ? K : never }[keyof C] & string;

/** An operation has one input or none; what a method takes beside it, it does not get from callers. */
type OperationInput<P extends readonly unknown[]> = P extends readonly []
  ? readonly []
  : P extends readonly [infer I, ...(readonly unknown[])]
    ? readonly [input: I]
    : readonly [input?: P[0]];

type OperationOf<C, R> = C extends (...input: infer P) => infer O
  ? (...input: OperationInput<P>) => R extends "call" ? Task<Awaited<O>> : R
  : never;

/** The operations of an entity, as `entities.call` and `entities.signal` give them. */
export type EntityOperations<C, R> = 0 extends 1 & C
  ? Readonly<Record<string, (input?: unknown) => R extends "call" ? Task<Untyped> : R>>
  : { readonly [K in OperationNames<C>]: OperationOf<C[K], R> } & (C extends { readonly delete: Method }
      ? unknown
      : { readonly delete: () => R extends "call" ? Task<void> : R });

const NAME: unique symbol = Symbol.for("perdure.entity") as never;

/** Remembers under which name a class is registered, once it is. @throws {DurableError} DUPLICATE_FUNCTION */
export function naming(entityClass: object, name: string): () => void {
  const known = (entityClass as { readonly [NAME]?: string })[NAME];
  if (known !== undefined && Object.hasOwn(entityClass, NAME) && known !== name) {
    throw new DurableError(
      "DUPLICATE_FUNCTION",
      `The class of entity '${name}' is registered as '${known}' already. Derive a class for each name.`,
    );
  }
  return () => {
    Object.defineProperty(entityClass, NAME, { value: name, configurable: true });
  };
}

/** The name of an entity that is named by its class, its reference or its name. @throws {DurableError} INVALID_ARGUMENT */
export function entityNameOf(entity: string | { readonly name: string } | EntityClass<unknown>): string {
  if (typeof entity === "string") return entity;
  if (entity instanceof EntityReference) return entity.name;
  const name = typeof entity === "function" ? (entity as { readonly [NAME]?: string })[NAME] : undefined;
  if (name !== undefined) return name;
  throw new DurableError(
    "INVALID_ARGUMENT",
    "An entity is named by its class, by what app.entity returned, or by a text. The class has to be registered with app.entity first.",
  );
}

/** An object whose methods are the operations of an entity. */
export function operationsOf<R>(
  entity: EntityName,
  operate: (entity: EntityName, operation: string, input: unknown) => R,
): Untyped {
  return new Proxy(Object.create(null) as object, {
    // A proxy that a promise resolves with is asked for `then`; no entity is a promise.
    get: (_target, operation) =>
      typeof operation === "string" && operation !== "then"
        ? (input?: unknown) => operate(entity, operation, input)
        : undefined,
  });
}
