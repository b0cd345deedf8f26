import { CriticalSection } from "./critical-section.ts";
import type { EntityLockRequested, EntityUnlockSent } from "./history-event.ts";
import type { CallEntityAction, OrchestratorAction, SendEntityUnlockAction } from "./orchestrator-action.ts";

/** The code that has asked for the locks learns of them from the history. */
const UNHEARD = { granted: () => undefined, refused: () => undefined };

/**
 * The critical sections of one execution whose code runs elsewhere.
 *
 * Nothing keeps such code from being in several, or from leaving them entity by entity: what it has locked and not let go
 * of is known at any time, and its end unlocks all of it.
 */
export class CriticalSections {
  readonly #open = new Map<string, CriticalSection>();
  /** Those that were left before their locks were granted. */
  readonly #takenBack = new Set<string>();
  #refused: CriticalSection[] = [];

  /** The orchestration was rewound into one whose entities are to be locked again first. */
  get isAnyLost(): boolean {
    for (const section of this.#open.values()) if (section.isLost) return true;
    return false;
  }

  isLost(id: string): boolean {
    return this.#open.get(id)?.isLost === true;
  }

  /** True for the first answer to the request for the locks. */
  claim(id: string): boolean {
    return this.#open.get(id)?.claim(id) ?? false;
  }

  requested({ criticalSectionId, lockSet }: EntityLockRequested): void {
    this.#takenBack.delete(criticalSectionId);
    this.#open.set(criticalSectionId, new CriticalSection(criticalSectionId, lockSet, UNHEARD));
  }

  granted(id: string): void {
    this.#open.get(id)?.grant();
  }

  /** The locks cannot be had; those of the set that were, on the way to it, are to be let go of. */
  refused(id: string): void {
    const section = this.#open.get(id);
    if (section && this.#open.delete(id)) this.#refused.push(section);
  }

  unlocked({ criticalSectionId, instanceId }: EntityUnlockSent): void {
    const section = this.#open.get(criticalSectionId);
    if (section === undefined) return;
    if (section.isHeld && !section.letGo(instanceId)) return;
    if (!section.isHeld) this.#takenBack.add(criticalSectionId);
    this.#open.delete(criticalSectionId);
  }

  /** A rewind has to lock again what the failure had unlocked. */
  lose(): void {
    for (const section of this.#open.values()) section.lose();
  }

  /** Those that were refused have been let go of. */
  forgetRefused(): void {
    this.#refused = [];
  }

  /** Those that nothing but the engine will unlock; after the end of the execution that is all of them. */
  toUnlock(ends: boolean): readonly CriticalSection[] {
    return ends ? [...this.#open.values(), ...this.#refused] : this.#refused;
  }

  /** What the code asks for next, seen from inside. */
  around(action: OrchestratorAction): OrchestratorAction {
    if (action.type === "CallEntity") return this.#call(action);
    return action.type === "SendEntityUnlock" ? this.#unlock(action) : action;
  }

  /** A call from inside says so: only such calls reach the entities of the section (S-168). */
  #call(action: CallEntityAction): CallEntityAction {
    for (const { id, lockSet, isHeld } of this.#open.values()) {
      if (isHeld && lockSet.includes(action.instanceId)) return { ...action, criticalSectionId: id };
    }
    return action;
  }

  /**
   * A request that was not granted is taken back with the first unlock, and as a whole: an unlock of its own for each entity
   * may come to one that the request has yet to reach.
   */
  #unlock(action: SendEntityUnlockAction): SendEntityUnlockAction {
    if (this.#takenBack.has(action.criticalSectionId)) return { ...action, takesBack: [] };
    const section = this.#open.get(action.criticalSectionId);
    return section === undefined || section.isHeld ? action : { ...action, takesBack: section.lockSet };
  }
}
