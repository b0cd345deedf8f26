import type { CriticalSection } from "../core/critical-section.ts";
import type { EntityCaller, EntityMessage } from "../core/entity-message.ts";
import { given } from "../core/given.ts";
import type { EntityAction } from "../core/orchestrator-action.ts";

interface ToEntity {
  readonly instanceId: string;
  readonly event: EntityMessage;
}

/** The message that an orchestration's action becomes. */
export function toEntity(action: EntityAction, caller: EntityCaller, timestamp: number): ToEntity {
  switch (action.type) {
    case "CallEntity": {
      const { instanceId, requestId, operation, input, criticalSectionId } = action;
      const asked = { requestId, operation, caller, ...given({ input, criticalSectionId }) };
      return { instanceId, event: { type: "EntityOperation", timestamp, ...asked } };
    }
    case "SignalEntity": {
      const { instanceId, requestId, operation, input, scheduledTime } = action;
      const asked = { requestId, operation, ...given({ input, scheduledTime }) };
      return { instanceId, event: { type: "EntityOperation", timestamp, ...asked } };
    }
    case "RequestEntityLock": {
      const { criticalSectionId, lockSet } = action;
      return {
        instanceId: lockSet[0] ?? "",
        event: { type: "EntityLock", timestamp, criticalSectionId, lockSet, position: 0, holder: caller },
      };
    }
    case "SendEntityUnlock": {
      const { instanceId, criticalSectionId } = action;
      return { instanceId, event: { type: "EntityUnlock", timestamp, criticalSectionId } };
    }
  }
}

/** The end of a critical section whose orchestration has ended inside it, or while it waited for the locks (S-170). */
export function unlocks(section: CriticalSection, timestamp: number): readonly ToEntity[] {
  const { id: criticalSectionId, lockSet, isHeld } = section;
  const [first = "", ...rest] = lockSet;
  const unlock = { type: "EntityUnlock", timestamp, criticalSectionId } as const;
  if (isHeld) return lockSet.map((instanceId) => ({ instanceId, event: unlock }));
  return [{ instanceId: first, event: { ...unlock, rest } }];
}
