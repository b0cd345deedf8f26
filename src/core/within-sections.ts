import type { CriticalSection } from "./critical-section.ts";
import type { CallEntityAction, OrchestratorAction, SendEntityUnlockAction } from "./orchestrator-action.ts";

type Section = Pick<CriticalSection, "id" | "lockSet" | "isHeld">;

/**
 * What one turn of code elsewhere asks for, seen from its critical sections.
 *
 * 1. A call from inside says so: only such calls reach the entities of the section (S-168).
 * 2. A request for locks that was not granted is taken back with the first unlock, and as a whole: an unlock of its own for
 *    each entity may come to one that the request has yet to reach. `takenBack` are the sections of which that was done.
 * 3. The others are left entity by entity.
 */
export function withinSections(
  actions: readonly OrchestratorAction[],
  current: readonly Section[],
  takenBack: ReadonlySet<string>,
): readonly OrchestratorAction[] {
  if (current.length === 0 && takenBack.size === 0 && !actions.some(isLockRequest)) return actions;
  const turn = new Turn(current, takenBack);
  return actions.map((action) => turn.seenFromInside(action));
}

const isLockRequest = ({ type }: OrchestratorAction): boolean => type === "RequestEntityLock";

/** The sections as they are after each of the actions. */
class Turn {
  readonly #open = new Map<string, Section>();
  readonly #ended: Set<string>;

  constructor(current: readonly Section[], takenBack: ReadonlySet<string>) {
    for (const section of current) this.#open.set(section.id, section);
    this.#ended = new Set(takenBack);
  }

  seenFromInside(action: OrchestratorAction): OrchestratorAction {
    switch (action.type) {
      case "RequestEntityLock": {
        const { criticalSectionId: id, lockSet } = action;
        this.#ended.delete(id);
        this.#open.set(id, { id, lockSet, isHeld: false });
        return action;
      }
      case "CallEntity":
        return this.#call(action);
      case "SendEntityUnlock":
        return this.#unlock(action);
      default:
        return action;
    }
  }

  #call(action: CallEntityAction): OrchestratorAction {
    for (const { id, lockSet, isHeld } of this.#open.values()) {
      if (isHeld && lockSet.includes(action.instanceId)) return { ...action, criticalSectionId: id };
    }
    return action;
  }

  #unlock(action: SendEntityUnlockAction): OrchestratorAction {
    const { criticalSectionId: id, instanceId } = action;
    if (this.#ended.has(id)) return { ...action, takesBack: [] };
    const section = this.#open.get(id);
    if (section === undefined) return action;
    const { isHeld, lockSet } = section;
    if (isHeld) {
      this.#open.set(id, { id, isHeld, lockSet: lockSet.filter((locked) => locked !== instanceId) });
      return action;
    }
    this.#open.delete(id);
    this.#ended.add(id);
    return { ...action, takesBack: lockSet };
  }
}
