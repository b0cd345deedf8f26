import { checkEntityId } from "../core/entity-id.ts";
import type { EntityInvocation } from "../core/entity-invocation.ts";
import { DurableError } from "../core/errors.ts";
import type { OrchestratorDefinition } from "../core/orchestrator-definition.ts";
import { compareVersions } from "../core/version-match.ts";

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
  /** The version whose instances it runs. Without one it runs those whose version nothing else is registered for. */
  readonly version?: string;
  /** Whether a client may start it with this input. @throws {DurableError} SCHEMA_VALIDATION_FAILED */
  readonly checkInput?: (input: unknown) => void | Promise<void>;
}

export interface EntityDefinition {
  readonly name: string;
  /** Runs one operation. What it returns is the result, unless it has set one. */
  readonly handler: (invocation: EntityInvocation) => unknown;
}

/** What the host itself has. */
const RESERVED = "builtin::";

/** Names and functions. Names compare without regard to case (S-4), versions of orchestrators letter by letter. */
export class FunctionRegistry {
  readonly #orchestrators = new Map<string, Map<string | undefined, OrchestratorRegistration>>();
  readonly #activities = new Map<string, ActivityDefinition>();
  readonly #entities = new Map<string, EntityDefinition>();

  /** @throws {DurableError} DUPLICATE_FUNCTION */
  addOrchestrator(definition: OrchestratorRegistration): void {
    const { name, version } = definition;
    requireFunction("orchestrator", definition);
    requireVersion(name, version);
    const versions = this.#orchestrators.get(name.toLowerCase());
    if (versions === undefined) this.#orchestrators.set(name.toLowerCase(), new Map([[version, definition]]));
    else if (versions.has(version)) throw duplicate("orchestrator", name, version);
    else versions.set(version, definition);
  }

  /** @throws {DurableError} DUPLICATE_FUNCTION */
  addActivity(definition: ActivityDefinition): void {
    requireFunction("activity", definition);
    if (definition.name.toLowerCase().startsWith(RESERVED)) {
      throw new DurableError(
        "INVALID_FUNCTION",
        `The name '${definition.name}' is the host's: names that begin with BuiltIn:: cannot be registered.`,
      );
    }
    const key = definition.name.toLowerCase();
    if (this.#activities.has(key)) throw duplicate("activity", definition.name, undefined);
    this.#activities.set(key, definition);
  }

  /** @throws {DurableError} DUPLICATE_FUNCTION, INVALID_ENTITY_ID for a name that no entity can have */
  addEntity(definition: EntityDefinition): void {
    if (typeof definition.name === "string" && definition.name !== "") {
      checkEntityId({ name: definition.name, key: "" });
    }
    requireFunction("entity", definition);
    const key = definition.name.toLowerCase();
    if (this.#entities.has(key)) throw duplicate("entity", definition.name, undefined);
    this.#entities.set(key, definition);
  }

  /** What is registered for exactly this version, or for none. */
  orchestrator(name: string, version: string | undefined): OrchestratorRegistration | undefined {
    return this.#versions(name)?.get(version);
  }

  hasOrchestrator(name: string): boolean {
    return this.#versions(name) !== undefined;
  }

  /** The versions an orchestrator is registered with, oldest first. */
  versionsOf(name: string): readonly string[] {
    const versions = [...(this.#versions(name)?.keys() ?? [])];
    return versions.filter((version) => version !== undefined).sort(compareVersions);
  }

  activity(name: string): ActivityDefinition | undefined {
    return this.#activities.get(name) ?? this.#activities.get(name.toLowerCase());
  }

  entity(name: string): EntityDefinition | undefined {
    return this.#entities.get(name) ?? this.#entities.get(name.toLowerCase());
  }

  get entityNames(): readonly string[] {
    return namesOf(this.#entities.values());
  }

  get orchestratorNames(): readonly string[] {
    return namesOf(
      [...this.#orchestrators.values()].flatMap((versions) => [...versions.values()].slice(0, 1)),
    );
  }

  get activityNames(): readonly string[] {
    return namesOf(this.#activities.values());
  }

  #versions(name: string): ReadonlyMap<string | undefined, OrchestratorRegistration> | undefined {
    return this.#orchestrators.get(name) ?? this.#orchestrators.get(name.toLowerCase());
  }
}

export function orchestratorNotFound(name: string, known: readonly string[]): DurableError {
  return new DurableError("ORCHESTRATOR_NOT_FOUND", notRegistered("orchestrator", name, known));
}

export function activityNotFound(name: string, known: readonly string[]): DurableError {
  return new DurableError("ACTIVITY_NOT_FOUND", notRegistered("activity", name, known));
}

export function versionNotFound(
  name: string,
  version: string | undefined,
  versions: readonly string[],
): DurableError {
  const there = versions.length === 0 ? "" : ` There are: ${versions.map((each) => `'${each}'`).join(", ")}.`;
  const which = version === undefined ? "without a version" : `of version '${version}'`;
  return new DurableError(
    "ORCHESTRATOR_VERSION_NOT_FOUND",
    `This host runs no orchestrator '${name}' ${which}.${there} Register it, or start another version.`,
  );
}

function notRegistered(kind: string, name: string, known: readonly string[]): string {
  const list =
    known.length === 0
      ? `No ${kind} is registered: check that the app was loaded.`
      : `Registered are: ${known.map((each) => `'${each}'`).join(", ")}.`;
  return `The function '${name}' does not exist, is disabled, or is not an ${kind}. ${list}`;
}

/** @throws {DurableError} INVALID_FUNCTION */
function requireFunction(
  kind: string,
  definition: { readonly name: string; readonly handler: unknown },
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
}

/** @throws {DurableError} INVALID_FUNCTION */
function requireVersion(name: string, version: unknown): void {
  if (version === undefined || (typeof version === "string" && version.trim() !== "")) return;
  throw new DurableError(
    "INVALID_FUNCTION",
    `The version of orchestrator '${name}' must be a text that is not empty, like "2.0".`,
  );
}

function duplicate(kind: string, name: string, version: string | undefined): DurableError {
  const which = version === undefined ? `'${name}'` : `'${name}' version '${version}'`;
  return new DurableError(
    "DUPLICATE_FUNCTION",
    `There are two functions for ${kind} ${which} (names compare without regard to case). Rename one.`,
  );
}

function namesOf(functions: Iterable<{ readonly name: string }>): readonly string[] {
  return [...functions].map((definition) => definition.name).sort();
}
