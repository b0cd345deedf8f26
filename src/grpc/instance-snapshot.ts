import type { FailureDetails } from "../core/failure-details.ts";
import { isTerminal } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";
import type { OrchestrationState } from "../wire/generated/orchestrator_service_pb.ts";
import { encodeOrchestrationState } from "../wire/orchestration-state-codec.ts";

/** What clients see of an instance. Why it failed is told apart from its output, and always. */
export function stateOf(record: InstanceRecord, withPayloads: boolean): OrchestrationState {
  const { input, output, customStatus, failure, parent, ...rest } = record;
  const isOutput = failure === undefined && isTerminal(record.status);
  const shown = withPayloads ? { input, customStatus, output: isOutput ? output : undefined } : {};
  return encodeOrchestrationState({
    ...rest,
    ...shown,
    parentInstanceId: parent?.instanceId,
    failure: failure === undefined ? undefined : (JSON.parse(failure) as FailureDetails),
  });
}
