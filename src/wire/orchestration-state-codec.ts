import { create } from "@bufbuild/protobuf";
import type { FailureDetails } from "../core/failure-details.ts";
import type { JsonText } from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import { encodeFailure } from "./failure-codec.ts";
import { type OrchestrationState, OrchestrationStateSchema } from "./generated/orchestrator_service_pb.ts";
import { encodeStatus } from "./status-codec.ts";
import { encodeTags } from "./tags-codec.ts";
import { encodeOptionalTimestamp, encodeTimestamp } from "./timestamp-codec.ts";

/** What clients are told of an instance. Times are milliseconds since 1970; what is absent stays absent. */
export interface InstanceSnapshot {
  readonly instanceId: string;
  readonly executionId: string;
  readonly name: string;
  readonly version?: string | undefined;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
  readonly lastUpdatedAt: number;
  readonly scheduledAt?: number | undefined;
  readonly completedAt?: number | undefined;
  readonly input?: JsonText | undefined;
  readonly output?: JsonText | undefined;
  readonly customStatus?: JsonText | undefined;
  readonly failure?: FailureDetails | undefined;
  readonly parentInstanceId?: string | undefined;
  readonly tags?: Readonly<Record<string, string>> | undefined;
}

export function encodeOrchestrationState(instance: InstanceSnapshot): OrchestrationState {
  const { instanceId, executionId, name, version, input, output, customStatus, parentInstanceId } = instance;
  return create(OrchestrationStateSchema, {
    instanceId,
    executionId,
    name,
    version,
    input,
    output,
    customStatus,
    parentInstanceId,
    orchestrationStatus: encodeStatus(shownStatus(instance.status)),
    createdTimestamp: encodeTimestamp(instance.createdAt),
    lastUpdatedTimestamp: encodeTimestamp(instance.lastUpdatedAt),
    scheduledStartTimestamp: encodeOptionalTimestamp(instance.scheduledAt),
    completedTimestamp: encodeOptionalTimestamp(instance.completedAt),
    failureDetails: instance.failure && encodeFailure(instance.failure),
    tags: encodeTags(instance.tags),
  });
}

/** Between two executions an instance goes on running; clients that wait for an end must not take it for one. */
function shownStatus(status: RuntimeStatus): RuntimeStatus {
  return status === "ContinuedAsNew" ? "Running" : status;
}
