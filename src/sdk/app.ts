import { fromJsonText } from "../core/data-converter.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestrationContext } from "../core/orchestration-context.ts";
import { type ActivityInvocation, FunctionRegistry } from "../engine/registry.ts";
import { ActivityContext } from "./activity-context.ts";
import { runAsync, runStretch } from "./current-orchestration.ts";
import { classHandler, isClass } from "./durable-entity.ts";
import { EntityContext } from "./entity-context.ts";
import { type EntityClass, EntityReference, naming } from "./entity-references.ts";
import { FunctionSchemas } from "./function-schemas.ts";
import { OrchestratorContext, type Untyped } from "./orchestrator-context.ts";
import type { ActivityReference, EventReference, OrchestratorReference } from "./references.ts";
import { type Schema, validate, validateNow } from "./schema.ts";
import { type TokenSource, TokenSources } from "./token-source.ts";

export type GeneratorHandler<I, O> = (
  context: OrchestratorContext<I>,
  input: I,
) => Generator<unknown, O, Untyped>;
export type AsyncHandler<I, O> = (context: OrchestratorContext<I>, input: I) => O | PromiseLike<O>;
export type ActivityHandler<I, O> = (input: I, context: ActivityContext) => O | PromiseLike<O>;

/** Runs one operation; what it returns is the result, unless it has set one. */
export type EntityHandler<S> = (context: EntityContext<S>) => unknown;

export interface OrchestrationOptions<I, O> {
  /** The version whose instances this function runs. Without one it runs those no other function is registered for. */
  readonly version?: string;
  /** Checks and shapes the input, at the start and in the orchestrator. */
  readonly input?: Schema<I>;
  /** Checks and shapes the result. */
  readonly output?: Schema<O>;
  /** Cancels what is still open when the function returns. Default false: the instance waits for it (S-17). */
  readonly completeOnReturn?: boolean;
}

export interface ActivityOptions<I, O> {
  readonly input?: Schema<I>;
  readonly output?: Schema<O>;
  /** How long one attempt may take, in milliseconds. Default: no limit. */
  readonly timeoutMs?: number;
}

/** A set of functions. Names compare without regard to case; there is one function for each name, or one for each version. */
export class App {
  readonly registry = new FunctionRegistry();
  readonly schemas = new FunctionSchemas();
  readonly tokenSources = new TokenSources();

  /**
   * Registers an orchestrator: a generator function, an async function, or a plain one.
   *
   * @throws {DurableError} DUPLICATE_FUNCTION, INVALID_FUNCTION
   */
  orchestration<I, O>(name: string, handler: GeneratorHandler<I, O>): OrchestratorReference<I, O>;
  orchestration<I, O>(name: string, handler: AsyncHandler<I, O>): OrchestratorReference<I, O>;
  orchestration<I, O>(
    name: string,
    options: OrchestrationOptions<I, O> & { readonly handler: GeneratorHandler<I, O> },
  ): OrchestratorReference<I, O>;
  orchestration<I, O>(
    name: string,
    options: OrchestrationOptions<I, O> & { readonly handler: AsyncHandler<I, O> },
  ): OrchestratorReference<I, O>;
  orchestration(
    name: string,
    registered:
      | AnyOrchestrator
      | (OrchestrationOptions<Untyped, Untyped> & { readonly handler: AnyOrchestrator }),
  ): OrchestratorReference<Untyped, Untyped> {
    requireHandler(registered, "orchestrator", name);
    const options = typeof registered === "function" ? { handler: registered } : registered;
    const version = "version" in options ? options.version : undefined;
    this.registry.addOrchestrator({
      name,
      ...(version === undefined ? {} : { version }),
      handler: orchestratorHandler(options, this.schemas, name),
      ...("completeOnReturn" in options && options.completeOnReturn ? { completeOnReturn: true } : {}),
      ...("input" in options && options.input ? { checkInput: inputCheck(name, options.input) } : {}),
    });
    if ("input" in options) this.schemas.addOrchestratorInput(name, version, options.input);
    return { kind: "orchestrator", name, ...(version === undefined ? {} : { version }) };
  }

  /** Registers an activity. @throws {DurableError} DUPLICATE_FUNCTION, INVALID_FUNCTION */
  activity<I, O>(name: string, handler: ActivityHandler<I, O>): ActivityReference<I, Awaited<O>>;
  activity<I, O>(
    name: string,
    options: ActivityOptions<I, O> & { readonly handler: ActivityHandler<I, O> },
  ): ActivityReference<I, Awaited<O>>;
  activity(
    name: string,
    registered:
      | ActivityHandler<Untyped, Untyped>
      | (ActivityOptions<Untyped, Untyped> & { readonly handler: ActivityHandler<Untyped, Untyped> }),
  ): ActivityReference<Untyped, Untyped> {
    requireHandler(registered, "activity", name);
    const options = typeof registered === "function" ? { handler: registered } : registered;
    this.registry.addActivity({
      name,
      handler: activityHandler(options, name),
      ...("timeoutMs" in options && options.timeoutMs !== undefined ? { timeoutMs: options.timeoutMs } : {}),
    });
    return { kind: "activity", name };
  }

  /**
   * Registers an entity: a function that is called with every operation, or a class whose methods are the operations.
   *
   * @throws {DurableError} DUPLICATE_FUNCTION, INVALID_FUNCTION, INVALID_ENTITY_ID for a name that no entity can have
   */
  entity<S = Untyped>(
    name: string,
    handler: EntityHandler<S> | { readonly handler: EntityHandler<S> },
  ): EntityReference;
  entity<C extends object>(entityClass: EntityClass<C>): EntityReference<C>;
  entity<C extends object>(name: string, entityClass: EntityClass<C>): EntityReference<C>;
  entity(
    nameOrClass: string | EntityClass<object>,
    registered?: EntityClass<object> | EntityHandler<Untyped> | { readonly handler: EntityHandler<Untyped> },
  ): EntityReference {
    const name = typeof nameOrClass === "string" ? nameOrClass : nameOrClass.name;
    const given = typeof nameOrClass === "string" ? registered : nameOrClass;
    requireHandler(given, "entity", name);
    if (isClass(given)) {
      const remember = naming(given, name);
      this.registry.addEntity({ name, handler: classHandler(name, given) });
      remember();
    } else {
      const handler = typeof given === "object" ? given.handler : (given as EntityHandler<Untyped>);
      requireHandler(handler, "entity", name);
      this.registry.addEntity({
        name,
        handler: (invocation) => handler(new EntityContext(invocation, name)),
      });
    }
    return new EntityReference(name);
  }

  /**
   * Registers where tokens of HTTP calls come from: `callHttp({ url, tokenSource: "crm" })`. The token is asked for when a
   * request is sent, and is never in a history.
   *
   * @throws {DurableError} DUPLICATE_FUNCTION, INVALID_FUNCTION
   */
  tokenSource(name: string, source: TokenSource): void {
    this.tokenSources.add(name, source);
  }

  /** Names an external event and its payload, so that who raises it and who waits for it agree. */
  event<T>(name: string, schema?: Schema<T>): EventReference<T> {
    this.schemas.addEvent(name, schema);
    return { kind: "event", name };
  }
}

const APP_KEY = Symbol.for("perdure.app");

/** The app of this process. Every copy of the package shares it, so a host finds what an app has registered. */
export const app: App = sharedApp();

function sharedApp(): App {
  const shared = globalThis as { [APP_KEY]?: App };
  shared[APP_KEY] ??= new App();
  return shared[APP_KEY];
}

/** @throws {DurableError} INVALID_FUNCTION */
function requireHandler(registered: unknown, kind: string, name: string): void {
  if (typeof registered === "function" || (typeof registered === "object" && registered !== null)) return;
  throw new DurableError("INVALID_FUNCTION", `The handler of ${kind} '${String(name)}' is not a function.`);
}

type AnyOrchestrator = (context: Untyped, input: Untyped) => unknown;

function orchestratorHandler(
  options: OrchestrationOptions<Untyped, Untyped> & { readonly handler: AnyOrchestrator },
  schemas: FunctionSchemas,
  name: string,
): (core: OrchestrationContext) => unknown {
  const { handler, input: inputSchema, output: outputSchema } = options;
  const finish = (value: unknown): unknown =>
    validateNow(outputSchema, value, `The result of orchestrator '${name}'`);
  return (core) => {
    const input = validateNow(
      inputSchema,
      fromJsonText(core.inputText),
      `The input of orchestrator '${name}'`,
    );
    const context = new OrchestratorContext(core, input, schemas);
    if (isAsyncFunction(handler)) {
      const running = runAsync(core, () => handler(context, input)) as PromiseLike<unknown>;
      return outputSchema ? running.then(finish) : running;
    }
    const returned = runStretch(core, () => handler(context, input));
    if (isGenerator(returned)) return new Stretches(core, returned, outputSchema ? finish : undefined);
    return outputSchema && !isThenable(returned) ? finish(returned) : returned;
  };
}

function inputCheck(name: string, schema: Schema): (input: unknown) => Promise<void> {
  return async (input) => {
    await validate(schema, input, `The input of orchestrator '${name}'`);
  };
}

/** A generator whose stretches are known as this orchestration's while they run. */
class Stretches implements Iterator<unknown, unknown, unknown> {
  readonly #core: OrchestrationContext;
  readonly #inner: Generator<unknown, unknown, unknown>;
  readonly #finish: ((value: unknown) => unknown) | undefined;

  constructor(
    core: OrchestrationContext,
    inner: Generator<unknown, unknown, unknown>,
    finish: ((value: unknown) => unknown) | undefined,
  ) {
    this.#core = core;
    this.#inner = inner;
    this.#finish = finish;
  }

  next(value?: unknown): IteratorResult<unknown, unknown> {
    return this.#checked(runStretch(this.#core, () => this.#inner.next(value)));
  }

  throw(error: unknown): IteratorResult<unknown, unknown> {
    return this.#checked(runStretch(this.#core, () => this.#inner.throw(error)));
  }

  #checked(result: IteratorResult<unknown, unknown>): IteratorResult<unknown, unknown> {
    return result.done && this.#finish ? { done: true, value: this.#finish(result.value) } : result;
  }
}

function activityHandler(
  options: ActivityOptions<Untyped, Untyped> & { readonly handler: ActivityHandler<Untyped, Untyped> },
  name: string,
): (input: unknown, invocation: ActivityInvocation) => unknown {
  const { handler, input: inputSchema, output: outputSchema } = options;
  if (inputSchema === undefined && outputSchema === undefined) {
    return (input, invocation) => handler(input, new ActivityContext(invocation)) as unknown;
  }
  return async (input, invocation) => {
    const checked = await validate(inputSchema, input, `The input of activity '${name}'`);
    const result: unknown = await handler(checked, new ActivityContext(invocation));
    return validate(outputSchema, result, `The result of activity '${name}'`);
  };
}

const AsyncFunction = (async () => undefined).constructor;

function isAsyncFunction(value: unknown): boolean {
  return value instanceof AsyncFunction;
}

function isGenerator(value: unknown): value is Generator<unknown, unknown, unknown> {
  if (typeof value !== "object" || value === null || isThenable(value)) return false;
  return "next" in value && "throw" in value && !(Symbol.asyncIterator in value);
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
