import type { Completion, ContinuedAsNew } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import type { EventRaised } from "../core/history-event.ts";
import { decodeFailure } from "./failure-codec.ts";
import {
  type CompleteOrchestrationAction,
  OrchestrationStatus,
  type HistoryEvent as WireEvent,
} from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError } from "./malformed-message-error.ts";
import { decodeStatus } from "./status-codec.ts";
import { decodeOptionalTimestamp } from "./timestamp-codec.ts";

/** How an execution ends. */
export type End =
  | { readonly type: "completed"; readonly completion: Completion }
  | { readonly type: "continuedAsNew"; readonly continuedAsNew: ContinuedAsNew };

export interface CompletionAction {
  /** May be negative, or that of another action. */
  readonly id: number;
  readonly completion: CompleteOrchestrationAction;
}

/** @throws {MalformedMessageError} */
export function decodeEnd({ id, completion }: CompletionAction, timestamp: number): End {
  if (completion.orchestrationStatus === OrchestrationStatus.CONTINUED_AS_NEW) {
    return { type: "continuedAsNew", continuedAsNew: decodeContinuedAsNew(completion, timestamp) };
  }
  const status = decodeStatus(completion.orchestrationStatus);
  if (status !== "Completed" && status !== "Failed" && status !== "Terminated") {
    throw new MalformedMessageError(
      `The orchestration is completed with the status ${status}, which is no end.`,
    );
  }
  const failure = status === "Failed" ? failureOf(completion) : undefined;
  return { type: "completed", completion: { status, eventId: id, result: completion.result, failure } };
}

/** Old workers tell why in `details` or in the result only. */
function failureOf({ failureDetails, details, result }: CompleteOrchestrationAction): FailureDetails {
  if (failureDetails) return decodeFailure(failureDetails);
  return { errorType: "Error", errorMessage: details ?? result ?? "The worker gave no reason." };
}

function decodeContinuedAsNew(completion: CompleteOrchestrationAction, timestamp: number): ContinuedAsNew {
  return {
    input: completion.result,
    version: completion.newVersion,
    carriedOver: completion.carryoverEvents.map((event) => decodeCarriedOver(event, timestamp)),
  };
}

function decodeCarriedOver({ timestamp, eventType }: WireEvent, otherwise: number): EventRaised {
  if (eventType.case !== "eventRaised") {
    throw new MalformedMessageError(
      `An event of the kind ${eventType.case ?? "(none)"} cannot be carried over; only eventRaised can.`,
    );
  }
  const { name, input } = eventType.value;
  return {
    type: "EventRaised",
    timestamp: decodeOptionalTimestamp(timestamp) ?? otherwise,
    name,
    ...given({ input }),
  };
}
