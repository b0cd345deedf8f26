import { type EntityLock, type EntityMessage, isEntityMessage } from "./entity-message.ts";
import type { EntityLockHolder } from "./entity-state.ts";

/** One message that has its turn, and who holds the lock after it. */
export interface EntityStep {
  /** Its place in the queue. */
  readonly index: number;
  readonly event: EntityMessage | undefined;
  readonly lock: EntityLockHolder | undefined;
  /** An unlock that ended a lock; a request that was taken back leaves nothing to pass on. */
  readonly releases?: true;
}

export interface QueuedMessage {
  readonly event?: { readonly type: string } | undefined;
}

/**
 * Which messages of an entity's queue have their turn now, in their order (E-4).
 *
 * 1. In the order of arrival, while the entity is not locked.
 * 2. While it is locked only calls from inside the critical section, and its end; all else keeps its place (S-168).
 * 3. A message that means nothing to an entity has its turn at once: it does nothing.
 *
 * The first `waiting` messages are known to wait for the end of this lock.
 */
export function planSteps(
  queue: readonly QueuedMessage[],
  lock: EntityLockHolder | undefined,
  { maxOperations, waiting = 0 }: { readonly maxOperations: number; readonly waiting?: number },
): readonly EntityStep[] {
  return new Planner(queue, lock, maxOperations).plan(waiting);
}

class Planner {
  readonly #queue: readonly QueuedMessage[];
  readonly #steps: EntityStep[] = [];
  readonly #taken = new Set<number>();
  #room: number;
  #lock: EntityLockHolder | undefined;

  constructor(queue: readonly QueuedMessage[], lock: EntityLockHolder | undefined, maxOperations: number) {
    this.#queue = queue;
    this.#lock = lock;
    this.#room = maxOperations;
  }

  plan(from: number): readonly EntityStep[] {
    for (let index = from; index < this.#queue.length; index++) {
      if (this.#taken.has(index)) continue;
      const event = this.#eventAt(index);
      switch (event?.type) {
        case "EntityOperation":
          if (!this.#mayEnter(event.criticalSectionId)) break;
          if (this.#room === 0) return this.#steps;
          this.#room -= 1;
          this.#take(index);
          break;
        case "EntityLock":
          if (this.#lock === undefined) this.#acquire(index, event);
          break;
        case "EntityUnlock":
          if (this.#unlock(index, event.criticalSectionId)) index = -1;
          break;
        default:
          this.#take(index);
      }
    }
    return this.#steps;
  }

  #mayEnter(criticalSectionId: string | undefined): boolean {
    return this.#lock === undefined || this.#lock.criticalSectionId === criticalSectionId;
  }

  #acquire(index: number, { criticalSectionId, holder }: EntityLock): void {
    this.#lock = { criticalSectionId, instanceId: holder.instanceId };
    this.#take(index);
  }

  /** True when the entity is free now: what has waited has its turn. */
  #unlock(index: number, criticalSectionId: string): boolean {
    if (this.#lock?.criticalSectionId === criticalSectionId) {
      this.#lock = undefined;
      this.#take(index, { releases: true });
      return true;
    }
    const request = this.#queue.findIndex((_, at) => {
      const event = this.#eventAt(at);
      return (
        event?.type === "EntityLock" && event.criticalSectionId === criticalSectionId && !this.#taken.has(at)
      );
    });
    if (request >= 0 && request < index) {
      // It has its turn without effect: the step does not say that the lock is its own.
      this.#take(request);
    }
    this.#take(index);
    return false;
  }

  #eventAt(index: number): EntityMessage | undefined {
    const event = this.#queue[index]?.event;
    return event && isEntityMessage(event) ? event : undefined;
  }

  #take(index: number, more: { readonly releases?: true } = {}): void {
    this.#taken.add(index);
    this.#steps.push({ index, event: this.#eventAt(index), lock: this.#lock, ...more });
  }
}
