import { fromJsonText } from "../core/data-converter.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { ProjectedEvent } from "../core/history-projection.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { InstanceRecord } from "../storage/index.ts";

/** What a client sees of an instance (contract 1.4). */
export interface OrchestrationStatus {
  readonly name: string;
  readonly instanceId: string;
  readonly runtimeStatus: RuntimeStatus;
  /** `null` when there is none, or when it was not asked for. */
  readonly input: unknown;
  readonly customStatus: unknown;
  /** The result; the failure text when Failed; the reason when Terminated or Suspended; else `null` (S-22 to S-26). */
  readonly output: unknown;
  readonly createdTime: Date;
  readonly lastUpdatedTime: Date;
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly parentInstanceId?: string;
  readonly scheduledStartTime?: Date;
  /** What failed, when it failed. */
  readonly failureDetails?: FailureDetails;
  readonly historyEvents?: readonly ProjectedEvent[];
  /** The same as `historyEvents`. */
  readonly history?: readonly ProjectedEvent[];
}

export interface StatusOptions {
  /** Default false. */
  readonly showHistory?: boolean;
  /** Results in the history. Default false. */
  readonly showHistoryOutput?: boolean;
  /** Default true. */
  readonly showInput?: boolean;
}

export function statusOf(record: InstanceRecord, showInput = true): OrchestrationStatus {
  const { version, tags, parent, scheduledAt, failure } = record;
  return {
    name: record.name,
    instanceId: record.instanceId,
    runtimeStatus: record.status,
    input: showInput ? (fromJsonText(record.input) ?? null) : null,
    customStatus: fromJsonText(record.customStatus) ?? null,
    output: fromJsonText(record.output) ?? null,
    createdTime: new Date(record.createdAt),
    lastUpdatedTime: new Date(record.lastUpdatedAt),
    ...(version === undefined ? {} : { version }),
    ...(tags === undefined ? {} : { tags }),
    ...(parent === undefined ? {} : { parentInstanceId: parent.instanceId }),
    ...(scheduledAt === undefined ? {} : { scheduledStartTime: new Date(scheduledAt) }),
    ...(failure === undefined ? {} : { failureDetails: JSON.parse(failure) as FailureDetails }),
  };
}
