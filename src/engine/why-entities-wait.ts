import { parseEntityId } from "../core/entity-id.ts";
import type { EntityLock } from "../core/entity-message.ts";
import { decodeEntity } from "../core/entity-state.ts";
import { decodeMessage } from "../core/history-chunk.ts";
import type { LockUnderWay, RuntimeState } from "../core/runtime-state.ts";
import { explain, type WaitingExplanation, type WaitingReason } from "../core/waiting-reason.ts";
import type { InstanceRecord, QueryStore, StoredMessage } from "../storage/index.ts";
import type { TaskHubWorker } from "./task-hub-worker.ts";

/**
 * An entity never ends; what there is to tell is who has locked it, and what waits. One that has only been sent messages
 * has no record yet.
 */
export async function explainEntity(
  { instanceId, quarantined, input }: Pick<InstanceRecord, "instanceId" | "quarantined" | "input">,
  query: QueryStore,
  worker: TaskHubWorker | undefined,
): Promise<WaitingExplanation> {
  const { lock } = decodeEntity(input);
  const messages = await query.messages(instanceId);
  const entity: WaitingReason = {
    type: "entity",
    waiting: messages.length,
    lockQueue: locksIn(messages).map(({ holder }) => holder.instanceId),
    ...(lock === undefined ? {} : { lockedBy: lock.instanceId }),
  };
  const reasons: WaitingReason[] =
    messages.length > 0 ? [...missingWorker(instanceId, worker), ...givenBack(instanceId, worker)] : [];
  if (quarantined !== undefined) reasons.unshift({ type: "quarantined", reason: quarantined });
  return explain(instanceId, [...reasons, entity]);
}

/** What an orchestration waits for that entities have to do. */
export async function entityReasons(
  { entityCalls, locks }: RuntimeState,
  query: QueryStore,
  worker: TaskHubWorker | undefined,
): Promise<readonly WaitingReason[]> {
  const calls = entityCalls.flatMap(({ instanceId, operation, since }): readonly WaitingReason[] => [
    ...missingWorker(instanceId, worker),
    ...givenBack(instanceId, worker),
    { type: "entity-call", instanceId, operation, since },
  ]);
  const waitsFor: WaitingReason[] = [];
  for (const lock of locks) if (!lock.isHeld) waitsFor.push(await lockReason(lock, query));
  return [...waitsFor, ...calls];
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

/** Where entities of others than this process run: that nobody who is connected has this one. */
function missingWorker(instanceId: string, worker: TaskHubWorker | undefined): readonly WaitingReason[] {
  const name = parseEntityId(instanceId)?.name ?? "";
  const { executor } = worker ?? {};
  const isMissing = executor?.runsElsewhere?.("entity", name) === false && !executor.runsHere("entity", name);
  return isMissing ? [{ type: "entity-worker-missing", name }] : [];
}

/** What workers that run this instance have had of it and not done. */
export function givenBack(instanceId: string, worker: TaskHubWorker | undefined): readonly WaitingReason[] {
  const works = worker?.executor.givenBack?.(instanceId) ?? [];
  return works.map((work) => ({ type: "given-back", ...work }));
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
