import type { EntityLock } from "../core/entity-message.ts";
import { decodeEntity } from "../core/entity-state.ts";
import { decodeMessage } from "../core/history-chunk.ts";
import type { LockUnderWay, RuntimeState } from "../core/runtime-state.ts";
import { explain, type WaitingExplanation, type WaitingReason } from "../core/waiting-reason.ts";
import type { InstanceRecord, QueryStore, StoredMessage } from "../storage/index.ts";

/** An entity never ends; what there is to tell is who has locked it, and what waits. */
export async function explainEntity(record: InstanceRecord, query: QueryStore): Promise<WaitingExplanation> {
  const { instanceId, quarantined } = record;
  const { lock } = decodeEntity(record.input);
  const messages = await query.messages(instanceId);
  const entity: WaitingReason = {
    type: "entity",
    waiting: messages.length,
    lockQueue: locksIn(messages).map(({ holder }) => holder.instanceId),
    ...(lock === undefined ? {} : { lockedBy: lock.instanceId }),
  };
  const reasons: WaitingReason[] =
    quarantined === undefined ? [entity] : [{ type: "quarantined", reason: quarantined }, entity];
  return explain(instanceId, reasons);
}

/** What an orchestration waits for that entities have to do. */
export async function entityReasons(
  { entityCalls, lock }: RuntimeState,
  query: QueryStore,
): Promise<readonly WaitingReason[]> {
  const calls = entityCalls.map(({ instanceId, operation, since }): WaitingReason => {
    return { type: "entity-call", instanceId, operation, since };
  });
  return lock && !lock.isHeld ? [await lockReason(lock, query), ...calls] : calls;
}

/** The first entity of the lock set that is not ours yet: the request waits there (S-167). */
async function lockReason(
  { criticalSectionId, lockSet, since }: LockUnderWay,
  query: QueryStore,
): Promise<WaitingReason> {
  for (const instanceId of lockSet) {
    const { lock } = decodeEntity((await query.get(instanceId))?.input);
    if (lock?.criticalSectionId === criticalSectionId) continue;
    const ahead = locksBefore(criticalSectionId, await query.messages(instanceId));
    return {
      type: "lock",
      instanceId,
      ahead,
      since,
      ...(lock === undefined ? {} : { heldBy: lock.instanceId }),
    };
  }
  return { type: "lock", instanceId: lockSet.at(-1) ?? "", ahead: 0, since };
}

function locksBefore(criticalSectionId: string, messages: readonly StoredMessage[]): number {
  return Math.max(
    locksIn(messages).findIndex((lock) => lock.criticalSectionId === criticalSectionId),
    0,
  );
}

function locksIn(messages: readonly StoredMessage[]): readonly EntityLock[] {
  return messages.flatMap(({ event }) => {
    const message = decodeMessage(event);
    return message.type === "EntityLock" ? message : [];
  });
}
