import { RUNTIME_STATUSES, type RuntimeStatus } from "../core/orchestration-status.ts";
import { OrchestrationStatus } from "./generated/orchestrator_service_pb.ts";
import { MalformedMessageError } from "./malformed-message-error.ts";

const NUMBERS: Readonly<Record<RuntimeStatus, OrchestrationStatus>> = {
  Running: OrchestrationStatus.RUNNING,
  Completed: OrchestrationStatus.COMPLETED,
  ContinuedAsNew: OrchestrationStatus.CONTINUED_AS_NEW,
  Failed: OrchestrationStatus.FAILED,
  Canceled: OrchestrationStatus.CANCELED,
  Terminated: OrchestrationStatus.TERMINATED,
  Pending: OrchestrationStatus.PENDING,
  Suspended: OrchestrationStatus.SUSPENDED,
};

export function encodeStatus(status: RuntimeStatus): OrchestrationStatus {
  return NUMBERS[status];
}

/** @throws {MalformedMessageError} for a number that is no status */
export function decodeStatus(status: OrchestrationStatus): RuntimeStatus {
  const name = RUNTIME_STATUSES[status];
  if (name === undefined) throw new MalformedMessageError(`There is no orchestration status ${status}.`);
  return name;
}
