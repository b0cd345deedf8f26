import type { CriticalSection } from "../core/critical-section.ts";
import type { EntityCaller, EntityMessage } from "../core/entity-message.ts";
import { given } from "../core/given.ts";
import type { EntityOperationFailed } from "../core/history-event.ts";
import type { EntityAction } from "../core/orchestrator-action.ts";

interface Outgoing {
  readonly instanceId: string;
  readonly event: EntityMessage | EntityOperationFailed;
}

/** The messages that an orchestration's action becomes. An entity that cannot be is answered for: its caller waits. */
export function toEntities(
  action: EntityAction,
  caller: EntityCaller,
  timestamp: number,
): readonly Outgoing[] {
  switch (action.type) {
    case "CallEntity": {
      const { instanceId, requestId, operation, input, criticalSectionId, refused: failure } = action;
      if (failure) {
        const event = { type: "EntityOperationFailed", timestamp, requestId, failure } as const;
        return [{ instanceId: caller.instanceId, event }];
      }
      const asked = { requestId, operation, caller, ...given({ input, criticalSectionId }) };
      return [{ instanceId, event: { type: "EntityOperation", timestamp, ...asked } }];
    }
    case "SignalEntity": {
      const { instanceId, requestId, operation, input, scheduledTime } = action;
      const asked = { requestId, operation, ...given({ input, scheduledTime }) };
      return [{ instanceId, event: { type: "EntityOperation", timestamp, ...asked } }];
    }
    case "RequestEntityLock": {
      const { criticalSectionId, lockSet } = action;
      const event = { type: "EntityLock", timestamp, criticalSectionId, lockSet, position: 0 } as const;
      return [{ instanceId: lockSet[0] ?? "", event: { ...event, holder: caller } }];
    }
    case "SendEntityUnlock": {
      const { instanceId, criticalSectionId, takesBack } = action;
      if (takesBack) return takingBack(criticalSectionId, takesBack, timestamp);
      return [{ instanceId, event: { type: "EntityUnlock", timestamp, criticalSectionId } }];
    }
  }
}

/** The end of a critical section whose orchestration has ended inside it, or while it waited for the locks (S-170). */
export function unlocks(section: CriticalSection, timestamp: number): readonly Outgoing[] {
  const { id: criticalSectionId, lockSet, isHeld } = section;
  if (!isHeld) return takingBack(criticalSectionId, lockSet, timestamp);
  const event = { type: "EntityUnlock", timestamp, criticalSectionId } as const;
  return lockSet.map((instanceId) => ({ instanceId, event }));
}

/** Follows the request for the locks, wherever it has got to. */
function takingBack(
  criticalSectionId: string,
  [first, ...rest]: readonly string[],
  timestamp: number,
): readonly Outgoing[] {
  if (first === undefined) return [];
  return [{ instanceId: first, event: { type: "EntityUnlock", timestamp, criticalSectionId, rest } }];
}
