import type { JsonText } from "./history-event.ts";

/** The execution an answer goes to. */
export interface EntityCaller {
  readonly instanceId: string;
  readonly executionId: string;
}

/** An entity is called (it has a caller, who gets an answer) or signaled. */
export interface EntityOperation {
  readonly type: "EntityOperation";
  readonly timestamp: number;
  readonly requestId: string;
  readonly operation: string;
  readonly input?: JsonText;
  readonly caller?: EntityCaller;
  /** The critical section the caller is in: only its calls reach an entity that is locked (S-168). */
  readonly criticalSectionId?: string;
  /** Not before this time. */
  readonly scheduledTime?: number;
}

/** Locks one entity after the other; the last of them tells the holder (S-167). */
export interface EntityLock {
  readonly type: "EntityLock";
  readonly timestamp: number;
  readonly criticalSectionId: string;
  readonly lockSet: readonly string[];
  /** Which of the lock set this message has come to. */
  readonly position: number;
  readonly holder: EntityCaller;
}

/** Ends the lock of a critical section, or takes back the request for it. Without either it does nothing (S-170). */
export interface EntityUnlock {
  readonly type: "EntityUnlock";
  readonly timestamp: number;
  readonly criticalSectionId: string;
  /** The lock was not granted yet: whoever has passed the request on passes this on too, to these in turn. */
  readonly rest?: readonly string[];
}

/** Removes the entity if it has no state, no lock and nothing to do (S-161). */
export interface EntityCleanUp {
  readonly type: "EntityCleanUp";
  readonly timestamp: number;
}

/** What may arrive for an entity. */
export type EntityMessage = EntityOperation | EntityLock | EntityUnlock | EntityCleanUp;

const TYPES: ReadonlySet<string> = new Set<EntityMessage["type"]>([
  "EntityOperation",
  "EntityLock",
  "EntityUnlock",
  "EntityCleanUp",
]);

export function isEntityMessage(event: { readonly type: string }): event is EntityMessage {
  return TYPES.has(event.type);
}

/** What was not due yet when it was sent: it waits in the store, and gets its place when its time comes. */
export function dueAtOf(event: { readonly type: string }): number | undefined {
  if (!isEntityMessage(event) || event.type !== "EntityOperation") return undefined;
  const { scheduledTime, timestamp } = event;
  return scheduledTime !== undefined && scheduledTime > timestamp ? scheduledTime : undefined;
}
