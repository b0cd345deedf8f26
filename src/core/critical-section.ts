import { LockingRulesViolationError } from "./errors.ts";

/** What the code learns of its request. */
interface LockOutcome {
  granted(section: CriticalSection): void;
  refused(error: Error): void;
}

/** A stretch of an orchestration for which it has entities to itself (S-167 to S-170). */
export class CriticalSection {
  id: string;
  /** Instance ids, in the order in which they are locked. */
  readonly lockSet: readonly string[];
  readonly #outcome: LockOutcome;
  readonly #underWay = new Set<string>();
  #claimed = false;
  #isHeld = false;
  #isLost = false;

  constructor(id: string, lockSet: readonly string[], outcome: LockOutcome) {
    this.id = id;
    this.lockSet = lockSet;
    this.#outcome = outcome;
  }

  /** All of its entities are locked. */
  get isHeld(): boolean {
    return this.#isHeld;
  }

  /** The orchestration failed inside it and was rewound: it goes on once the entities are locked again. */
  get isLost(): boolean {
    return this.#isLost;
  }

  lose(): void {
    if (!this.#isHeld) return;
    this.#isHeld = false;
    this.#isLost = true;
    this.#claimed = false;
  }

  claim(id: string): boolean {
    if (id !== this.id || this.#claimed) return false;
    this.#claimed = true;
    return true;
  }

  grant(): void {
    this.#isHeld = true;
    this.#isLost = false;
    this.#outcome.granted(this);
  }

  refused(error: Error): void {
    this.#outcome.refused(error);
  }

  /** @throws {DurableError} LOCKING_RULES */
  checkCall(instanceId: string): void {
    if (!this.#isHeld) return;
    if (!this.lockSet.includes(instanceId))
      this.refuse(`Entity '${instanceId}', which is not locked, cannot be called`);
    if (this.#underWay.has(instanceId)) this.refuse(`Entity '${instanceId}' cannot be called twice at once`);
  }

  /** @throws {DurableError} LOCKING_RULES */
  checkSignal(instanceId: string): void {
    if (!this.#isHeld || !this.lockSet.includes(instanceId)) return;
    this.refuse(`Entity '${instanceId}', which is locked, cannot be signaled; call it`);
  }

  called(instanceId: string): void {
    if (this.#isHeld) this.#underWay.add(instanceId);
  }

  answered(instanceId: string): void {
    this.#underWay.delete(instanceId);
  }

  /** @throws {DurableError} LOCKING_RULES, always (S-169) */
  refuse(what: string): never {
    const locked = this.lockSet.map((id) => `'${id}'`).join(", ");
    throw new LockingRulesViolationError(`${what} inside the critical section of ${locked}.`);
  }
}
