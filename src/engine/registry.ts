import { checkEntityId } from "../core/entity-id.ts";
import type { EntityInvocation } from "../core/entity-invocation.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestratorDefinition } from "../core/orchestrator-definition.ts";

/** What an activity gets beside its input. */
export interface ActivityInvocation {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  /** Aborted when the activity's time is up, its orchestration has ended without it, or the host stops. */
  readonly signal: AbortSignal;
}

export interface ActivityDefinition {
  readonly name: string;
  readonly handler: (input: unknown, invocation: ActivityInvocation) => unknown;
  /** How long one attempt may take, in milliseconds. Default: as long as it likes. */
  readonly timeoutMs?: number;
}

export interface OrchestratorRegistration extends OrchestratorDefinition {
  /** Whether a client may start it with this input. @throws {DurableError} SCHEMA_VALIDATION_FAILED */
  readonly checkInput?: (input: unknown) => void | Promise<void>;
}

export interface EntityDefinition {
  readonly name: string;
  /** Runs one operation. What it returns is the result, unless it has set one. */
  readonly handler: (invocation: EntityInvocation) => unknown;
}

/** Names and functions. Names compare without regard to case (S-4). */
export class FunctionRegistry {
  readonly #orchestrators = new Map<string, OrchestratorRegistration>();
  readonly #activities = new Map<string, ActivityDefinition>();
  readonly #entities = new Map<string, EntityDefinition>();

  /** @throws {DurableError} DUPLICATE_FUNCTION */
  addOrchestrator(definition: OrchestratorRegistration): void {
    add(this.#orchestrators, "orchestrator", definition);
  }

  /** @throws {DurableError} DUPLICATE_FUNCTION */
  addActivity(definition: ActivityDefinition): void {
    add(this.#activities, "activity", definition);
  }

  /** @throws {DurableError} DUPLICATE_FUNCTION, INVALID_ENTITY_ID for a name that no entity can have */
  addEntity(definition: EntityDefinition): void {
    if (typeof definition.name === "string" && definition.name !== "") {
      checkEntityId({ name: definition.name, key: "" });
    }
    add(this.#entities, "entity", definition);
  }

  orchestrator(name: string): OrchestratorRegistration | undefined {
    return this.#orchestrators.get(name) ?? this.#orchestrators.get(name.toLowerCase());
  }

  activity(name: string): ActivityDefinition | undefined {
    return this.#activities.get(name) ?? this.#activities.get(name.toLowerCase());
  }

  entity(name: string): EntityDefinition | undefined {
    return this.#entities.get(name) ?? this.#entities.get(name.toLowerCase());
  }

  get entityNames(): readonly string[] {
    return namesOf(this.#entities);
  }

  get orchestratorNames(): readonly string[] {
    return namesOf(this.#orchestrators);
  }

  get activityNames(): readonly string[] {
    return namesOf(this.#activities);
  }
}

export function orchestratorNotFound(name: string, known: readonly string[]): DurableError {
  return new DurableError("ORCHESTRATOR_NOT_FOUND", notRegistered("orchestrator", name, known));
}

export function activityNotFound(name: string, known: readonly string[]): DurableError {
  return new DurableError("ACTIVITY_NOT_FOUND", notRegistered("activity", name, known));
}

function notRegistered(kind: string, name: string, known: readonly string[]): string {
  const list =
    known.length === 0
      ? `No ${kind} is registered: check that the app was loaded.`
      : `Registered are: ${known.map((each) => `'${each}'`).join(", ")}.`;
  return `The function '${name}' does not exist, is disabled, or is not an ${kind}. ${list}`;
}

function add<T extends { readonly name: string; readonly handler: unknown }>(
  functions: Map<string, T>,
  kind: string,
  definition: T,
): void {
  if (typeof definition.name !== "string" || definition.name === "") {
    throw new DurableError("INVALID_FUNCTION", `An ${kind} needs a name that is not empty.`);
  }
  if (typeof definition.handler !== "function") {
    throw new DurableError(
      "INVALID_FUNCTION",
      `The handler of ${kind} '${definition.name}' is not a function.`,
    );
  }
  const key = definition.name.toLowerCase();
  if (functions.has(key)) {
    throw new DurableError(
      "DUPLICATE_FUNCTION",
      `There are two functions for ${kind} '${definition.name}' (names compare without regard to case). Rename one.`,
    );
  }
  functions.set(key, definition);
}

function namesOf(functions: ReadonlyMap<string, { readonly name: string }>): readonly string[] {
  return [...functions.values()].map((definition) => definition.name).sort();
}
