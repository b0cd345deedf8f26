import type {
  EntityBatch,
  EntityBatchAction,
  EntityBatchResult,
  EntityOperationResult,
} from "../core/entity-batch.ts";
import { EntityInvocation } from "../core/entity-invocation.ts";
import { describeFailure, type FailureDetails } from "../core/failure-details.ts";
import type { JsonText } from "../core/history-event.ts";
import type { Clock } from "./clock.ts";
import type { EntityDefinition } from "./registry.ts";

/** After this long what a batch has come to is committed, and the rest has its turn later. */
const SLICE_MS = 10;

export interface LocalBatchOptions {
  readonly clock: Clock;
  readonly rollback: boolean;
}

/** No operation of an entity that nobody has can be run (S-195). */
export function failedBatch({ operations, state }: EntityBatch, failure: FailureDetails): EntityBatchResult {
  return { results: operations.map(() => ({ type: "failed", failure })), state, actions: [] };
}

/** Runs operations one after the other in this process (E-5). Without promises it answers at once. */
export function runLocalBatch(
  definition: EntityDefinition,
  batch: EntityBatch,
  options: LocalBatchOptions,
): EntityBatchResult | Promise<EntityBatchResult> {
  return new LocalBatch(definition, batch, options).run();
}

class LocalBatch {
  readonly #definition: EntityDefinition;
  readonly #batch: EntityBatch;
  readonly #options: LocalBatchOptions;
  readonly #began: number;
  readonly #results: EntityOperationResult[] = [];
  readonly #actions: EntityBatchAction[] = [];
  #state: JsonText | undefined;

  constructor(definition: EntityDefinition, batch: EntityBatch, options: LocalBatchOptions) {
    this.#definition = definition;
    this.#batch = batch;
    this.#options = options;
    this.#state = batch.state;
    this.#began = options.clock.now();
  }

  run(): EntityBatchResult | Promise<EntityBatchResult> {
    while (this.#hasTurn()) {
      const invocation = this.#nextInvocation();
      try {
        const returned = this.#definition.handler(invocation);
        if (isPromise(returned)) return this.#goOn(invocation, returned);
        this.#succeed(invocation, returned);
      } catch (error) {
        this.#fail(invocation, error);
      }
    }
    return this.#outcome();
  }

  async #goOn(first: EntityInvocation, returned: PromiseLike<unknown>): Promise<EntityBatchResult> {
    await this.#settle(first, returned);
    while (this.#hasTurn()) {
      const invocation = this.#nextInvocation();
      await this.#settle(invocation, undefined);
    }
    return this.#outcome();
  }

  async #settle(invocation: EntityInvocation, running: PromiseLike<unknown> | undefined): Promise<void> {
    try {
      this.#succeed(invocation, await (running ?? this.#definition.handler(invocation)));
    } catch (error) {
      this.#fail(invocation, error);
    }
  }

  #hasTurn(): boolean {
    const done = this.#results.length;
    if (done === this.#batch.operations.length) return false;
    return done === 0 || this.#options.clock.now() - this.#began < SLICE_MS;
  }

  #nextInvocation(): EntityInvocation {
    const operation = this.#batch.operations[this.#results.length];
    if (operation === undefined) throw new RangeError("There is no operation left.");
    return new EntityInvocation(this.#batch, operation, this.#state);
  }

  #succeed(invocation: EntityInvocation, returned: unknown): void {
    if (returned !== undefined && invocation.result === undefined) invocation.setResult(returned);
    this.#results.push({ type: "completed", result: invocation.result?.text });
    this.#keep(invocation);
  }

  /** State and signals stay as they were before the operation, unless the host is told otherwise (S-157). */
  #fail(invocation: EntityInvocation, error: unknown): void {
    this.#results.push({ type: "failed", failure: describeFailure(error) });
    if (this.#options.rollback) invocation.close();
    else this.#keep(invocation);
  }

  #keep(invocation: EntityInvocation): void {
    invocation.close();
    this.#state = invocation.state;
    this.#actions.push(...invocation.actions);
  }

  #outcome(): EntityBatchResult {
    return { results: this.#results, state: this.#state, actions: this.#actions };
  }
}

function isPromise(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
