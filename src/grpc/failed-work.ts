import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { RemoteTurnResult } from "../core/remote-execution.ts";
import type { ActivityOutcome } from "../engine/executor.ts";

/** As SDKs number the end of an orchestration that has failed. */
const NO_ACTION = -1;

/** The turn in which an orchestration has failed. */
export function failedTurn(failure: FailureDetails): RemoteTurnResult {
  return {
    actions: [],
    completion: { status: "Failed", eventId: NO_ACTION, result: undefined, failure },
    continuedAsNew: undefined,
    customStatus: undefined,
  };
}

export function failedActivity(name: string, failure: FailureDetails): ActivityOutcome {
  const reason = `Activity function '${name}' failed: ${failure.errorMessage}`;
  return { type: "failed", reason, failure };
}

/** All its operations have failed, and the entity is as it was. */
export function failedBatch({ operations, state }: EntityBatch, failure: FailureDetails): EntityBatchResult {
  return { results: operations.map(() => ({ type: "failed", failure })), state, actions: [] };
}
