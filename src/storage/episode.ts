import type { JsonText, ParentInstance } from "../core/history-event.ts";
import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type { TraceContext } from "../core/trace-context.ts";

/** One row of history: all events of one committed episode, encoded by the core. Providers never look inside. */
export interface HistoryChunk {
  readonly seq: number;
  /** When the episode ran, in milliseconds since 1970. */
  readonly at: number;
  readonly eventCount: number;
  readonly events: string;
}

/** An instance that does not exist yet. Every time is in milliseconds since 1970, UTC. */
export interface NewInstance {
  readonly instanceId: string;
  readonly run: number;
  readonly executionId: string;
  readonly name: string;
  readonly version?: string;
  readonly createdAt: number;
  /** Not before this time; absent means at once. */
  readonly scheduledAt?: number;
  readonly input?: JsonText;
  readonly parent?: ParentInstance;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
}

/** What an episode changes in its instance's row. An absent property stays as it is; `null` clears it. */
export interface InstancePatch {
  /** The version under which an instance begins that was written without one. */
  readonly version?: string;
  readonly status?: RuntimeStatus;
  readonly input?: JsonText | null;
  readonly output?: JsonText | null;
  /** Failure details as JSON text. */
  readonly failure?: JsonText | null;
  readonly customStatus?: JsonText | null;
  /** True while activities that only the history knows about are under way: a new owner must look at this instance. */
  readonly recover?: boolean;
  readonly completedAt?: number | null;
}

export interface TimerKey {
  readonly run: number;
  readonly id: number;
  readonly dueAt: number;
}

export interface Timer extends TimerKey {
  readonly instanceId: string;
}

/** A message on its way to an instance. */
export interface NewMessage {
  readonly instanceId: string;
  /** The sender's id for it: a second message with the same key while the first is waiting is the same message. */
  readonly key?: string;
  readonly at: number;
  /** Not before this time; absent means at once. */
  readonly dueAt?: number;
  /** A message event, encoded by the core. */
  readonly event: string;
}

export interface StoredMessage extends NewMessage {
  /** Grows with the order of arrival inside one partition. */
  readonly id: number;
}

/** Continue-as-new and rewind: the instance goes on under a new run and the old history goes. */
export interface NextRun {
  readonly run: number;
  readonly executionId: string;
  /** Continue-as-new sets these (S-21); rewind leaves them as they are. */
  readonly createdAt?: number;
  readonly input?: JsonText | null;
  readonly version?: string;
  /** The parent that was rewound before it, under its new execution (rewind). */
  readonly parent?: ParentInstance;
  /** The chunk of rewritten history that precedes the episode's own, when there is one (rewind). */
  readonly rewritten?: HistoryChunk;
}

/**
 * Everything one episode writes. A provider commits all of it or none.
 *
 * The fences (contract 3.3): `epoch` must still be the partition's, the instance must still be at `run`,
 * and `(run, seq)` must be new in the history.
 */
export interface Episode {
  readonly partition: number;
  readonly epoch: number;
  readonly instanceId: string;
  readonly run: number;
  /** The chunk to append. With `nextRun` it is the first chunk of that run. */
  readonly chunk: HistoryChunk;
  /** The chunk takes the place of the one before it, which must be there unless the episode creates: an entity has no history that grows. */
  readonly snapshot?: true;
  /**
   * The instance and its history go; what waits for it stays. Such an episode consumes a message, which is its fence, and
   * sends and starts nothing.
   */
  readonly removes?: true;
  /** Present when the instance comes into being with this very episode. */
  readonly create?: { readonly instance: NewInstance; readonly replaces: readonly RuntimeStatus[] };
  readonly patch?: InstancePatch;
  readonly consumed: readonly number[];
  readonly timersNew: readonly Timer[];
  readonly timersDone: readonly TimerKey[];
  readonly messages: readonly NewMessage[];
  /** Sub-orchestrations and fire-and-forget starts. */
  readonly starts: readonly NewInstance[];
  readonly nextRun?: NextRun;
}

/**
 * applied: written. already: an earlier try wrote exactly this. fenced: the partition has another owner.
 * conflict: another episode holds this place in the history. gone: the instance was purged or replaced.
 * exists: `create` met an instance it may not replace; `status` is that instance's. rejected: the store can never
 * write this episode (a value too large, a broken constraint); the others of the same call are not affected.
 *
 * Of one run the order of the call holds: after an episode that was not written, the later ones are `conflict`.
 */
export type CommitOutcome =
  | {
      readonly type: "applied" | "already";
      /** The ids the store gave to `messages`, in their order. */
      readonly messageIds: readonly number[];
      /** Starts, by their runs, that were not made because their id is taken by a live instance with this status (S-112). */
      readonly refusedStarts?: readonly { readonly run: number; readonly status: RuntimeStatus }[];
    }
  | { readonly type: "fenced" | "conflict" | "gone" }
  | { readonly type: "exists"; readonly status: RuntimeStatus }
  | { readonly type: "rejected"; readonly error: Error };
