import type { ParentInstance } from "../../core/history-event.ts";
import { RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import type { TraceContext } from "../../core/trace-context.ts";
import type { InstanceRecord } from "../../storage/index.ts";
import { isOfRun, SEQ_OF_PLACE } from "./history-places.ts";

export interface InstanceRow {
  readonly run: number;
  readonly instance_id: string;
  readonly execution_id: string;
  readonly name: string;
  readonly version: string | null;
  readonly status: number;
  readonly created_at: number;
  readonly scheduled_at: number | null;
  readonly completed_at: number | null;
  readonly recover: number;
  readonly attempts: number;
  readonly attempts_seq: number | null;
  readonly quarantined: string | null;
  readonly custom_status: string | null;
  readonly parent: string | null;
  readonly tags: string | null;
  readonly trace_context: string | null;
  readonly failure: string | null;
  readonly input: string | null;
  readonly output: string | null;
  readonly last_at: number | null;
  readonly last_seq: number | null;
}

const OF_RUN = isOfRun("place", "i.run");

export const INSTANCE_COLUMNS = `
  i.run, i.instance_id, i.execution_id, i.name, i.version, i.status, i.created_at, i.scheduled_at, i.completed_at,
  i.recover, i.attempts, i.attempts_seq, i.quarantined, i.custom_status, i.parent, i.tags, i.trace_context,
  (select at from history where ${OF_RUN} order by place desc limit 1) as last_at,
  (select ${SEQ_OF_PLACE} from history where ${OF_RUN} order by place desc limit 1) as last_seq`;

const NUMBERS = new Map(RUNTIME_STATUSES.map((status, number) => [status, number]));

export function numberOf(status: RuntimeStatus): number {
  return NUMBERS.get(status) ?? -1;
}

export function statusOf(number: number): RuntimeStatus {
  const status = RUNTIME_STATUSES[number];
  if (status === undefined) throw new RangeError(`There is no runtime status with the number ${number}.`);
  return status;
}

export function recordOf(row: InstanceRow): InstanceRecord {
  return {
    instanceId: row.instance_id,
    run: row.run,
    executionId: row.execution_id,
    name: row.name,
    status: statusOf(row.status),
    createdAt: row.created_at,
    lastUpdatedAt: Math.max(row.created_at, row.last_at ?? 0),
    recover: row.recover === 1,
    attempts: attemptsOf(row),
    ...(row.version === null ? {} : { version: row.version }),
    ...(row.completed_at === null ? {} : { completedAt: row.completed_at }),
    ...(row.scheduled_at === null ? {} : { scheduledAt: row.scheduled_at }),
    ...(row.input === null ? {} : { input: row.input }),
    ...(row.output === null ? {} : { output: row.output }),
    ...(row.failure === null ? {} : { failure: row.failure }),
    ...(row.custom_status === null ? {} : { customStatus: row.custom_status }),
    ...(row.parent === null ? {} : { parent: JSON.parse(row.parent) as ParentInstance }),
    ...(row.tags === null ? {} : { tags: JSON.parse(row.tags) as Record<string, string> }),
    ...(row.trace_context === null ? {} : { traceContext: JSON.parse(row.trace_context) as TraceContext }),
    ...(row.quarantined === null ? {} : { quarantined: row.quarantined }),
  };
}

/** Attempts are void once an episode was committed after they were counted: no commit has to reset them. */
export function attemptsOf(row: Pick<InstanceRow, "attempts" | "attempts_seq" | "last_seq">): number {
  return row.attempts_seq === row.last_seq ? row.attempts : 0;
}
