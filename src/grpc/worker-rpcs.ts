import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { failureText } from "../core/failure-details.ts";
import { decodeActions } from "../wire/action-codec.ts";
import { decodeEntityBatchResult } from "../wire/entity-batch-codec.ts";
import { decodeFailure } from "../wire/failure-codec.ts";
import {
  type AbandonActivityTaskRequest,
  type AbandonActivityTaskResponse,
  AbandonActivityTaskResponseSchema,
  type ActivityResponse,
  type CompleteTaskResponse,
  CompleteTaskResponseSchema,
  type EntityBatchResult,
  type OrchestratorResponse,
} from "../wire/generated/orchestrator_service_pb.ts";
import { decodeTurnMemo } from "../wire/turn-memo-codec.ts";
import { AnswerInParts } from "./answer-in-parts.ts";
import { failedActivity, failedBatch, failedTurn } from "./failed-work.ts";
import { RpcError } from "./rpc-error.ts";
import type { Rpc, RpcCall, ServedHub } from "./served-hub.ts";
import { whyBatchTooLarge, whyResultTooLarge, whyTurnTooLarge } from "./too-large-answer.ts";
import { whyBatchNamesTooLong, whyTurnNamesTooLong } from "./too-long-names.ts";
import { whyBatchUnusable, whyTurnUnusable } from "./unusable-answer.ts";
import { type AnyWork, type EntityWork, type TurnWork, turnKey } from "./worker-pool.ts";

const DONE: CompleteTaskResponse = create(CompleteTaskResponseSchema);
const GIVEN_BACK: AbandonActivityTaskResponse = create(AbandonActivityTaskResponseSchema);

/** What a turn came to. @throws {MalformedMessageError} */
export const completeOrchestratorTask: Rpc<OrchestratorResponse, CompleteTaskResponse> = async (
  response,
  call,
) => {
  const { workers } = call.hub;
  const { completionToken: token, instanceId } = response;
  const work = find("orchestrator", { token, key: turnKey(instanceId) }, call);
  if (work === undefined) return DONE;
  if (response.isPartial || work.parts) {
    work.parts ??= new AnswerInParts();
    work.parts.add(response);
  }
  if (response.isPartial) return DONE;
  if (response.requiresHistory) {
    workers.sendWhole(work);
    return DONE;
  }
  finishTurn(work, response, call.hub);
  return DONE;
};

function finishTurn(work: TurnWork, whole: OrchestratorResponse, hub: ServedHub): void {
  const { started, events } = work.turn;
  const { parts } = work;
  const timestamp = events[0]?.timestamp ?? started.timestamp;
  const { actions, end, terminations } = orGiveBack(work, hub, () =>
    decodeActions(parts?.actions ?? whole.actions, { instanceId: started.instanceId, timestamp }),
  );
  hub.workers.finish(work);
  const result = {
    actions,
    terminations,
    completion: end?.type === "completed" ? end.completion : undefined,
    continuedAsNew: end?.type === "continuedAsNew" ? end.continuedAsNew : undefined,
    customStatus: whole.customStatus || undefined,
    memo: decodeTurnMemo(parts ? parts.traceContext : whole.orchestrationTraceContext),
  };
  const failure =
    whyTurnNamesTooLong(result) ?? whyTurnTooLarge(started.name, result) ?? whyTurnUnusable(result);
  work.settling.resolve(failure ? failedTurn(failure) : result);
}

export const completeActivityTask: Rpc<ActivityResponse, CompleteTaskResponse> = async (response, call) => {
  const { completionToken: token, instanceId, taskId, result, failureDetails } = response;
  const work = find("activity", { token, key: `activity ${taskId} ${instanceId}` }, call);
  if (work === undefined) return DONE;
  call.hub.workers.finish(work);
  const failure = failureDetails ? decodeFailure(failureDetails) : whyResultTooLarge(work.name, result);
  work.settling.resolve(failure ? failedActivity(work.name, failure) : { type: "completed", result });
  return DONE;
};

/** @throws {MalformedMessageError} */
export const completeEntityTask: Rpc<EntityBatchResult, CompleteTaskResponse> = async (response, call) => {
  const { workers, logger } = call.hub;
  const work = find("entity", { token: response.completionToken, key: "" }, call);
  if (work === undefined) return DONE;
  const outcome = orGiveBack(work, call.hub, () => checked(decodeEntityBatchResult(response), work));
  switch (outcome.type) {
    case "stateWanted":
      workers.sendWhole(work);
      break;
    case "failed": {
      const failure = failureText(outcome.failure);
      logger.warn(
        { instanceId: work.batch.instanceId, failure },
        "A worker could not run a batch of operations; it will be run again",
      );
      workers.giveBack(work, `the batch failed: ${failure}`);
      break;
    }
    case "done": {
      workers.finish(work);
      const { result } = outcome;
      const failure =
        whyBatchNamesTooLong(result) ??
        whyBatchTooLarge(work.batch.instanceId, result) ??
        whyBatchUnusable(result);
      work.settling.resolve(failure ? failedBatch(work.batch, failure) : result);
    }
  }
  return DONE;
};

/** The worker will not do it. Work of another life is nobody's any more. */
export const abandonWork: Rpc<AbandonActivityTaskRequest, AbandonActivityTaskResponse> = async (
  { completionToken },
  call,
) => {
  const { workers } = call.hub;
  const work = workers.find({ token: completionToken, key: "" }, call);
  if (work) workers.giveBack(work, "the worker refused it");
  return GIVEN_BACK;
};

/**
 * The work that a worker answers; `undefined` when it is not that worker's any more. It is told nothing of that: some SDKs
 * take a refusal for the end of their connection.
 */
function find<Kind extends AnyWork["kind"]>(
  kind: Kind,
  answer: { readonly token: string; readonly key: string },
  call: RpcCall,
): Extract<AnyWork, { readonly kind: Kind }> | undefined {
  const { workers, logger } = call.hub;
  const work = workers.find(answer, call);
  if (work?.kind === kind) return work as Extract<AnyWork, { readonly kind: Kind }>;
  logger.info(
    { ...answer, peer: call.peer },
    "A worker has answered work that is not its own any more: the answer is not used",
  );
  return undefined;
}

const complainedOf = new WeakSet<AnyWork>();

/** An answer that means nothing leaves the work as it was, for whoever can do it. */
function orGiveBack<T>(work: AnyWork, { workers, logger }: ServedHub, decode: () => T): T {
  try {
    return decode();
  } catch (error) {
    if (!complainedOf.has(work)) {
      const { key, sent } = work;
      logger.warn(
        { work: key, worker: sent?.stream.workerId, err: error },
        "The answer of a worker means nothing: the work will be given out again, as often as that happens",
      );
    }
    complainedOf.add(work);
    const reason = error instanceof Error ? error.message : String(error);
    workers.giveBack(work, `the answer meant nothing: ${reason}`);
    throw error;
  }
}

function checked<T extends ReturnType<typeof decodeEntityBatchResult>>(outcome: T, work: EntityWork): T {
  if (outcome.type !== "done") return outcome;
  const { length } = outcome.result.results;
  if (length > 0 && length <= work.batch.operations.length) return outcome;
  throw new RpcError(
    status.INVALID_ARGUMENT,
    `There are ${length} results for a batch of ${work.batch.operations.length} operations.`,
  );
}
