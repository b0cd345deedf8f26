import { fromJsonText } from "./data-converter.ts";
import { DurableError } from "./errors.ts";
import { given } from "./given.ts";
import type { JsonText } from "./history-event.ts";

/** Which critical section has locked an entity, and whose it is. */
export interface EntityLockHolder {
  readonly criticalSectionId: string;
  /** The orchestration's. */
  readonly instanceId: string;
}

/** What is kept of an entity. */
export interface EntityState {
  /** `undefined`: it does not exist (S-147, S-160). */
  readonly state: JsonText | undefined;
  readonly lock: EntityLockHolder | undefined;
}

export const NO_ENTITY: EntityState = { state: undefined, lock: undefined };

/** The input of the instance that keeps an entity, with the names it has in Azure (S-145). */
export function encodeEntity({ state, lock }: EntityState): JsonText {
  return JSON.stringify({
    ...(state === undefined ? {} : { exists: true, state }),
    ...(lock === undefined ? {} : { lockedBy: lock.instanceId, criticalSectionId: lock.criticalSectionId }),
  });
}

/** @throws {DurableError} HISTORY_CORRUPT */
export function decodeEntity(text: JsonText | undefined): EntityState {
  if (text === undefined) return NO_ENTITY;
  const stored = parsed(text);
  const { exists, state, lockedBy, criticalSectionId } = stored;
  return {
    state: exists === true && typeof state === "string" ? state : undefined,
    lock:
      typeof lockedBy === "string" && typeof criticalSectionId === "string"
        ? { instanceId: lockedBy, criticalSectionId }
        : undefined,
  };
}

/** The custom status of the instance that keeps an entity (S-146). */
export function entityStatus({ state, lock }: EntityState, queueSize: number): JsonText {
  return JSON.stringify(
    given({
      entityExists: state === undefined ? undefined : true,
      queueSize: queueSize === 0 ? undefined : queueSize,
      lockedBy: lock?.instanceId,
    }),
  );
}

function parsed(text: JsonText): Readonly<Record<string, unknown>> {
  const value = fromJsonText(text);
  if (typeof value === "object" && value !== null) return value as Readonly<Record<string, unknown>>;
  throw new DurableError("HISTORY_CORRUPT", `The state of an entity cannot be read: ${text.slice(0, 120)}`);
}
