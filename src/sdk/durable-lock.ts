import type { CriticalSection } from "../core/critical-section.ts";
import { EntityId, parseEntityId } from "../core/entity-id.ts";
import type { OrchestrationContext } from "../core/orchestration-context.ts";

/** What `isLocked` answers. */
export class LockState {
  readonly isLocked: boolean;
  readonly ownedLocks: readonly EntityId[];

  constructor(isLocked: boolean, ownedLocks: readonly EntityId[]) {
    this.isLocked = isLocked;
    this.ownedLocks = ownedLocks;
  }
}

/** The entities that an orchestration has to itself, until it lets go of them or ends (S-170). */
export class DurableLock implements Disposable, AsyncDisposable {
  readonly #core: OrchestrationContext;
  readonly #section: CriticalSection;

  constructor(core: OrchestrationContext, section: CriticalSection) {
    this.#core = core;
    this.#section = section;
  }

  /** In the order in which they were locked. */
  get ownedLocks(): readonly EntityId[] {
    return entitiesOf(this.#section);
  }

  /** Leaves the critical section. A second time it does nothing. */
  release(): void {
    this.#core.unlock(this.#section);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.release();
  }
}

export function lockState(section: CriticalSection | undefined): LockState {
  return new LockState(section !== undefined, section === undefined ? [] : entitiesOf(section));
}

function entitiesOf({ lockSet }: CriticalSection): readonly EntityId[] {
  return lockSet.map((instanceId) => {
    const { name, key } = parseEntityId(instanceId) ?? { name: instanceId, key: "" };
    return new EntityId(name, key);
  });
}
