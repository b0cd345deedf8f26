import type { CriticalSection } from "./critical-section.ts";
import type { OrchestratorAction, SendEntityUnlockAction } from "./orchestrator-action.ts";

type Section = Pick<CriticalSection, "id" | "lockSet" | "isHeld">;

/**
 * What one turn of code elsewhere asks for, seen from its critical section.
 *
 * 1. A call from inside says so: only such calls reach the entities of the section (S-168).
 * 2. A request for locks that was not granted is taken back with the first unlock, and as a whole: an unlock of its own for
 *    each entity may come to one that the request has yet to reach. `takenBack` are the sections of which that was done.
 */
export function withinSection(
  actions: readonly OrchestratorAction[],
  current: Section | undefined,
  takenBack: ReadonlySet<string>,
): readonly OrchestratorAction[] {
  let section = current;
  const ended = new Set(takenBack);
  const unlock = (action: SendEntityUnlockAction): OrchestratorAction => {
    const { criticalSectionId: id } = action;
    if (ended.has(id)) return { ...action, takesBack: [] };
    if (section?.id !== id) return action;
    const { isHeld, lockSet } = section;
    section = undefined;
    if (isHeld) return action;
    ended.add(id);
    return { ...action, takesBack: lockSet };
  };
  return actions.map((action) => {
    switch (action.type) {
      case "RequestEntityLock":
        section = { id: action.criticalSectionId, lockSet: action.lockSet, isHeld: false };
        return action;
      case "CallEntity":
        if (!section?.isHeld || !section.lockSet.includes(action.instanceId)) return action;
        return { ...action, criticalSectionId: section.id };
      case "SendEntityUnlock":
        return unlock(action);
      default:
        return action;
    }
  });
}
