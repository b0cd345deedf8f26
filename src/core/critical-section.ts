import { LockingRulesViolationError } from "./errors.ts";

/** What the code learns of its request. */
interface LockOutcome {
  granted(section: CriticalSection): void;
  refused(error: Error): void;
}

/** A stretch of an orchestration for which it has entities to itself (S-167 to S-170). */
export class CriticalSection {
  id: string;
  #lockSet: readonly string[];
  readonly #outcome: LockOutcome;
  readonly #underWay = new Set<string>();
  #claimed = false;
  #isHeld = false;
  #isLost = false;

  constructor(id: string, lockSet: readonly string[], outcome: LockOutcome) {
    this.id = id;
    this.#lockSet = lockSet;
    this.#outcome = outcome;
  }

  /** Instance ids, in the order in which they are locked. */
  get lockSet(): readonly string[] {
    return this.#lockSet;
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

  /** One of the entities is not locked any more. True when it was the last of them. */
  letGo(instanceId: string): boolean {
    this.#lockSet = this.#lockSet.filter((locked) => locked !== instanceId);
    return this.#lockSet.length === 0;
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
    if (!this.#isHeld) return this.#refuseWhileWaiting(instanceId);
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

  /** The call would wait behind the lock, and the lock's holder for the call. */
  #refuseWhileWaiting(instanceId: string): void {
    if (this.#isLost || !this.lockSet.includes(instanceId)) return;
    const locked = this.#lockedNames();
    throw new LockingRulesViolationError(
      `Entity '${instanceId}' cannot be called while the lock of ${locked} is waited for. Wait for the lock first, or call before asking for it.`,
    );
  }

  #lockedNames(): string {
    return this.lockSet.map((id) => `'${id}'`).join(", ");
  }

  /** @throws {DurableError} LOCKING_RULES, always (S-169) */
  refuse(what: string): never {
    throw new LockingRulesViolationError(`${what} inside the critical section of ${this.#lockedNames()}.`);
  }
}
