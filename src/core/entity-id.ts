import { DurableError } from "./errors.ts";
import { FORBIDDEN_IN_IDS, MAX_INSTANCE_ID_LENGTH } from "./instance-id.ts";

/** Names an entity: the function that keeps it, without regard to case, and its key (S-140). */
export class EntityId {
  readonly name: string;
  /** Distinguishes upper and lower case; may be empty. */
  readonly key: string;

  /** @throws {DurableError} INVALID_ENTITY_ID */
  constructor(name: string, key: string) {
    check(name, key);
    this.name = name;
    this.key = key;
  }

  /** The id of the instance that keeps the entity: `@name@key`, the name in lower case. */
  toString(): string {
    return entityInstanceId(this);
  }
}

/** What names an entity, wherever it comes from. */
export interface EntityName {
  readonly name: string;
  readonly key: string;
}

export function entityInstanceId({ name, key }: EntityName): string {
  return `@${name.toLowerCase()}@${key}`;
}

/** Whether an instance is an entity. */
export function isEntityId(instanceId: string): boolean {
  return instanceId.startsWith("@");
}

/** The reverse of `entityInstanceId`; `undefined` for the id of an orchestration. */
export function parseEntityId(instanceId: string): EntityName | undefined {
  const at = instanceId.indexOf("@", 1);
  if (!isEntityId(instanceId) || at < 0) return undefined;
  return { name: instanceId.slice(1, at), key: instanceId.slice(at + 1) };
}

/** The instance id of an entity that a caller named. @throws {DurableError} INVALID_ENTITY_ID (S-140) */
export function checkEntityId(entity: unknown): string {
  if (typeof entity !== "object" || entity === null || !("name" in entity) || !("key" in entity)) {
    throw new DurableError("INVALID_ENTITY_ID", "An entity is named by an EntityId, or by its name and key.");
  }
  check(entity.name, entity.key);
  return entityInstanceId(entity as EntityName);
}

/** Checks an instance id that is meant to be an entity's. @throws {DurableError} INVALID_ENTITY_ID */
export function checkEntityInstanceId(instanceId: string): void {
  const entity = parseEntityId(instanceId);
  if (entity) return check(entity.name, entity.key);
  throw new DurableError(
    "INVALID_ENTITY_ID",
    `${quoted(instanceId)} is no entity id: those look like @name@key.`,
  );
}

function check(name: unknown, key: unknown): asserts name is string {
  const problem = problemOf(name, key);
  if (problem) throw new DurableError("INVALID_ENTITY_ID", problem);
}

function problemOf(name: unknown, key: unknown): string | undefined {
  if (typeof name !== "string" || name === "") return "An entity needs a name that is not empty.";
  if (name.includes("@"))
    return `The entity name ${quoted(name)} contains "@", which ends the name in an entity's id.`;
  if (typeof key !== "string")
    return `The key of an entity is a string; that of '${name}' is of type ${typeof key}.`;
  const forbidden = FORBIDDEN_IN_IDS.exec(name) ?? FORBIDDEN_IN_IDS.exec(key);
  if (forbidden) {
    return `The entity ${quoted(`${name}@${key}`)} contains ${quoted(forbidden[0])}; / \\ ? # and control characters are not allowed.`;
  }
  const { length } = entityInstanceId({ name, key });
  if (length > MAX_INSTANCE_ID_LENGTH) {
    return `The id of the entity ${quoted(`${name}@${key}`)} has ${length} characters; at most ${MAX_INSTANCE_ID_LENGTH} are allowed.`;
  }
  return undefined;
}

function quoted(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}…` : text);
}
