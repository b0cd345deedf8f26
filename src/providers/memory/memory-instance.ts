import type {
  CommitOutcome,
  HistoryChunk,
  InstancePatch,
  InstanceRecord,
  NewInstance,
  NextRun,
} from "../../storage/index.ts";

export type CommitEffects = Omit<Extract<CommitOutcome, { readonly messageIds: readonly number[] }>, "type">;

export interface WrittenChunk {
  readonly chunk: HistoryChunk;
  /** What the commit answered, to answer the same when the same episode comes again. */
  readonly effects: CommitEffects;
}

export interface MemoryInstance {
  readonly record: InstanceRecord;
  readonly partition: number;
  /** By seq. */
  readonly history: Map<number, WrittenChunk>;
}

export function newRecord(instance: NewInstance): InstanceRecord {
  return { ...instance, status: "Pending", lastUpdatedAt: instance.createdAt, recover: false, attempts: 0 };
}

export function patchedRecord(record: InstanceRecord, patch: InstancePatch): InstanceRecord {
  const { status, recover, ...values } = patch;
  return {
    ...withValues(record, values),
    status: status ?? record.status,
    recover: recover ?? record.recover,
  };
}

/** The record as the next run begins: what the run before reported stays until a patch says otherwise. */
export function nextRunRecord(record: InstanceRecord, next: NextRun): InstanceRecord {
  const { quarantined: _lifted, ...kept } = record;
  return {
    ...withValues(kept, { input: next.input }),
    run: next.run,
    executionId: next.executionId,
    createdAt: next.createdAt ?? record.createdAt,
    ...(next.version === undefined ? {} : { version: next.version }),
    ...(next.parent === undefined ? {} : { parent: next.parent }),
  };
}

type Clearable = "input" | "output" | "failure" | "customStatus" | "completedAt" | "version";

function withValues(
  record: InstanceRecord,
  values: { readonly [K in Clearable]?: InstanceRecord[K] | null | undefined },
): InstanceRecord {
  const given = Object.entries(values).filter(([, value]) => value !== undefined);
  if (given.length === 0) return record;
  const merged = { ...record, ...Object.fromEntries(given) };
  return Object.fromEntries(
    Object.entries(merged).filter(([, value]) => value !== null),
  ) as unknown as InstanceRecord;
}
