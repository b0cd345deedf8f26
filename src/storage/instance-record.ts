import type { JsonText, ParentInstance } from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { TraceContext } from "../core/trace-context.ts";

/** One instance as the store has it. Times are milliseconds since 1970, UTC. */
export interface InstanceRecord {
  readonly instanceId: string;
  readonly run: number;
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly status: RuntimeStatus;
  readonly createdAt: number;
  /** When the last episode ran; before the first, when the instance was created (S-20). */
  readonly lastUpdatedAt: number;
  readonly completedAt?: number;
  readonly scheduledAt?: number;
  readonly input?: JsonText;
  readonly output?: JsonText;
  readonly failure?: JsonText;
  readonly customStatus?: JsonText;
  readonly parent?: ParentInstance;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
  readonly recover: boolean;
  /** How often it was picked up after a crash without having made progress since. */
  readonly attempts: number;
  /** Why the engine will not run this instance any more, when work of it crashed the process again and again. */
  readonly quarantined?: string;
}

/** All given conditions must hold. An empty list of statuses matches nothing. */
export interface InstanceFilter {
  /** Inclusive. */
  readonly createdFrom?: number;
  /** Inclusive. */
  readonly createdTo?: number;
  readonly statuses?: readonly RuntimeStatus[];
  /** Compared by code points. The empty prefix matches every id. */
  readonly instanceIdPrefix?: string;
  /** Compared without regard to case (S-4). */
  readonly name?: string;
}

export interface PageRequest {
  /** 1 to 1,000. */
  readonly size: number;
  readonly continuationToken?: string;
  /** Default: all of them. */
  readonly payloads?: PagePayloads;
  /**
   * The page ends before the record with which its texts would have more bytes of UTF-8 than this; its first record always
   * has room. No more than that is read. All texts of a record that are read count: ids, names, payloads, and what is kept as
   * JSON.
   */
  readonly maxBytes?: number;
  /** Of creation, where the filter has no id prefix. Default: newest first. All pages of a listing have the same. */
  readonly order?: CreationOrder;
}

/** Input, output and failure: true for all of them, "failure" for that alone, false for none. The custom status is always there. */
export type PagePayloads = boolean | "failure";

/** By time, and in the order in which they were made where that is equal. */
export type CreationOrder = "newestFirst" | "oldestFirst";

/** In the order of creation; with an id prefix, also an empty one, in the order of ids. A page that has a token is never empty. */
export interface InstancePage {
  readonly instances: readonly InstanceRecord[];
  readonly continuationToken?: string;
}

/** Which ended instances a listing by completion is of. All given conditions must hold. */
export interface CompletionFilter {
  /** Inclusive. */
  readonly completedFrom?: number;
  /** Inclusive. */
  readonly completedTo?: number;
  /** Those that are no end (S-16) match nothing. Default: every end. */
  readonly statuses?: readonly RuntimeStatus[];
}

export interface CompletionPageRequest extends Pick<PageRequest, "size" | "continuationToken"> {
  /** The last page has a token too, unless it is empty: with it comes what ends later. */
  readonly tokenAtEnd?: boolean;
}

/** In the order of completion, and of ids (by code points) where that is equal. A page that has a token is never empty. */
export interface InstanceIdPage {
  readonly instanceIds: readonly string[];
  readonly continuationToken?: string;
}

export type StatusCounts = Readonly<Record<RuntimeStatus, number>>;

export interface PurgeProgress {
  /** Purged so far. */
  readonly instancesDeleted: number;
  /** Rows of the store that went so far: instances, chunks of history, timers and messages. */
  readonly rowsDeleted: number;
  readonly done: boolean;
}
