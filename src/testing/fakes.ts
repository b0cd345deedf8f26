import { HTTP_ACTIVITY } from "../core/durable-http.ts";
import { DurableError } from "../core/errors.ts";
import type { FunctionRegistry } from "../engine/registry.ts";
import { nameOf } from "../sdk/references.ts";
import { type Step, stepOf } from "./outcomes.ts";

/** A function of the app, by name or by what its registration returned. */
export type FunctionTarget = string | { readonly kind?: string; readonly name: string };

export interface KnownFunction {
  readonly kind: "activity" | "orchestrator";
  readonly name: string;
}

/** Stands in for one function. */
export class Fake {
  readonly #outcome: unknown;
  #calls = 0;

  constructor(outcome: unknown) {
    this.#outcome = outcome;
  }

  /** What the next call comes to. */
  next(): Step {
    return stepOf(this.#outcome, this.#calls++);
  }
}

/** Which functions of an app are faked. Names compare without regard to case. */
export class Fakes {
  readonly #registry: FunctionRegistry;
  readonly #fakes = { activity: new Map<string, Fake>(), orchestrator: new Map<string, Fake>() };

  constructor(registry: FunctionRegistry) {
    this.#registry = registry;
  }

  /** A second fake for one function takes the place of the first. @throws {DurableError} as `find` */
  set(target: FunctionTarget, outcome: unknown): void {
    const { kind, name } = this.find(target);
    this.#fakes[kind].set(name.toLowerCase(), new Fake(outcome));
  }

  of(kind: KnownFunction["kind"], name: string): Fake | undefined {
    return this.#fakes[kind].get(name.toLowerCase());
  }

  /**
   * The function that is meant.
   *
   * @throws {DurableError} ACTIVITY_NOT_FOUND for one that the app does not have, INVALID_ARGUMENT for a name of two
   */
  find(target: FunctionTarget): KnownFunction {
    const name = nameOf(target);
    const kind = typeof target === "string" ? undefined : target.kind;
    if (name === HTTP_ACTIVITY) return { kind: "activity", name };
    const activity = kind === "orchestrator" ? undefined : this.#registry.activity(name);
    const isOrchestrator = kind !== "activity" && this.#registry.hasOrchestrator(name);
    if (activity && isOrchestrator) throw ambiguous(name);
    if (activity) return { kind: "activity", name: activity.name };
    if (isOrchestrator) return { kind: "orchestrator", name };
    throw this.#unknown(name);
  }

  #unknown(name: string): DurableError {
    const { activityNames, orchestratorNames } = this.#registry;
    return new DurableError(
      "ACTIVITY_NOT_FOUND",
      `The app has no activity and no orchestrator '${name}'. ` +
        `Its activities: ${list(activityNames)}. Its orchestrators: ${list(orchestratorNames)}.`,
    );
  }
}

function ambiguous(name: string): DurableError {
  return new DurableError(
    "INVALID_ARGUMENT",
    `'${name}' is an activity and an orchestrator. Pass what its registration returned instead of the name.`,
  );
}

const list = (names: readonly string[]): string =>
  names.length === 0 ? "none" : names.map((name) => `'${name}'`).join(", ");
