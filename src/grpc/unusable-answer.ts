import type { EntityBatchResult } from "../core/entity-batch.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { OrchestratorAction } from "../core/orchestrator-action.ts";
import type { RemoteTurnResult } from "../core/remote-execution.ts";
import { whyNoEntity, whyNoOrchestration } from "../core/unusable-ids.ts";

/** Why a turn has failed that names an id that cannot be, where nothing of the orchestration waits and could learn of it. */
export function whyTurnUnusable(turn: RemoteTurnResult): FailureDetails | undefined {
  const isLast = turn.completion !== undefined || turn.continuedAsNew !== undefined;
  return firstOf(turn.actions, (action) => whyUnheard(action) ?? (isLast ? refusalOf(action) : undefined));
}

/** Why operations of an entity have failed that name an id that cannot be. */
export function whyBatchUnusable({ actions }: EntityBatchResult): FailureDetails | undefined {
  return firstOf(actions, (action) => {
    if (action.type === "signalEntity") return whyNoEntity(action.instanceId);
    return action.instanceId === undefined ? undefined : whyNoOrchestration(action.instanceId);
  });
}

/** A signal has no answer, and what a lock has for one only says that it is granted. */
function whyUnheard(action: OrchestratorAction): FailureDetails | undefined {
  if (action.type === "SignalEntity") return whyNoEntity(action.instanceId);
  return action.type === "RequestEntityLock" ? firstOf(action.lockSet, whyNoEntity) : undefined;
}

function refusalOf(action: OrchestratorAction): FailureDetails | undefined {
  return action.type === "CreateSubOrchestration" ? action.refused : undefined;
}

function firstOf<T>(
  items: readonly T[],
  why: (item: T) => FailureDetails | undefined,
): FailureDetails | undefined {
  for (const item of items) {
    const failure = why(item);
    if (failure) return failure;
  }
  return undefined;
}
