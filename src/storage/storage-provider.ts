import type { RuntimeStatus } from "../core/orchestration-status.ts";
import type {
  CommitOutcome,
  Episode,
  HistoryChunk,
  InstancePatch,
  NewInstance,
  NewMessage,
  StoredMessage,
  Timer,
  TimerKey,
} from "./episode.ts";
import type {
  CompletionFilter,
  CompletionPageRequest,
  InstanceFilter,
  InstanceIdPage,
  InstancePage,
  InstanceRecord,
  PageRequest,
  PurgeProgress,
  StatusCounts,
} from "./instance-record.ts";

/**
 * The contract of a store.
 *
 * A provider stores; it decides nothing. It never parses events, never retries on the engine's behalf and never
 * wakes a parent. Every method may reject with StorageUnavailableError or StorageFullError (nothing was written) or,
 * where it writes, OutcomeUnknownError (send the same again); other errors it raises are named at the method.
 */
export interface StorageProvider {
  readonly taskHubs: TaskHubAdmin;
  /** @throws {TaskHubNotFoundError} */
  openTaskHub(name: string): Promise<TaskHubStore>;
  close(): Promise<void>;
}

export interface TaskHubDescription {
  readonly name: string;
  readonly partitionCount: number;
  readonly createdAt: number;
}

/** Names of task hubs compare without regard to case and keep the spelling of their creation. */
export interface TaskHubAdmin {
  /** Makes the hub when it does not exist; the options of an existing hub stay as they are. */
  ensure(name: string, options?: { readonly partitionCount?: number }): Promise<TaskHubDescription>;
  list(): Promise<readonly TaskHubDescription[]>;
  /**
   * Frees the name at once and fences every worker of the hub; its rows go later, by `sweep`.
   * False when there is no such hub.
   */
  markDeleted(name: string): Promise<boolean>;
  /** Removes what deleted hubs and purges left, at most about `maxRows` rows; true when nothing is left to remove. */
  sweep(maxRows: number): Promise<boolean>;
}

/** The three roles of one task hub. A surface gets only the role it needs. */
export interface TaskHubStore {
  readonly hub: TaskHubDescription;
  readonly client: ClientStore;
  readonly query: QueryStore;
  worker(identity: WorkerIdentity): WorkerStore;
}

/** What any process may ask of a hub, whoever owns its partitions. */
export interface ClientStore {
  /**
   * Writes the instance as Pending, or nothing when the id is taken by an instance whose status is not in `replaces`.
   * A replaced instance loses its history, messages and timers. Of concurrent creations with one id one wins (S-8).
   */
  create(instance: Omit<NewInstance, "run">, replaces: readonly RuntimeStatus[]): Promise<CreateResult>;
  /**
   * Writes an instance that has ended elsewhere, as the patch says it is and with its history, or nothing when the id is
   * taken. Nobody is told to run it.
   */
  restore(
    instance: Omit<NewInstance, "run">,
    patch: InstancePatch,
    chunks: readonly HistoryChunk[],
  ): Promise<CreateResult>;
  /**
   * Adds messages to inboxes, all or none. Whether the instance exists is not looked at. The answer is their ids, in their
   * order.
   */
  send(messages: readonly NewMessage[]): Promise<readonly number[]>;
}

export type CreateResult =
  | { readonly type: "created"; readonly run: number }
  | { readonly type: "exists"; readonly status: RuntimeStatus };

export interface QueryStore {
  get(instanceId: string): Promise<InstanceRecord | undefined>;
  /** @throws {DurableError} INVALID_ARGUMENT for a continuation token that is not of this filter. */
  list(filter: InstanceFilter, page: PageRequest): Promise<InstancePage>;
  /**
   * Ended instances, first ended first: what ends while someone goes through the pages comes on a later one.
   *
   * @throws {DurableError} INVALID_ARGUMENT for a continuation token that is not of this filter.
   */
  listByCompletion(filter: CompletionFilter, page: CompletionPageRequest): Promise<InstanceIdPage>;
  count(filter: Omit<InstanceFilter, "statuses">): Promise<StatusCounts>;
  /** The chunks of the current run, in order, read piece by piece. */
  history(instanceId: string, fromSeq?: number): AsyncIterable<HistoryChunk>;
  /** Messages that wait in the instance's inbox. */
  messages(instanceId: string): Promise<readonly StoredMessage[]>;
  /**
   * Removes terminal instances and all that belongs to them, and entities, but not what waits for these (S-154); others,
   * and ids that do not exist, are left alone.
   */
  purge(instanceIds: readonly string[]): Promise<readonly string[]>;
  /** The same by filter, in batches; stop iterating to stop. Without `statuses` all terminal ones are meant. */
  purgeMatching(filter: InstanceFilter, batchSize: number): AsyncIterable<PurgeProgress>;
  /** Calls back after any process has written to this hub. Wake-ups may be late or spurious, never wrong to ignore. */
  onChange(listener: () => void): () => void;
}

export interface WorkerIdentity {
  /** Unique for each start of a process: a restarted worker is another worker. */
  readonly workerId: string;
  readonly processId: number;
  readonly hostName: string;
  /** How long a worker that does not beat keeps its partitions. */
  readonly leaseMs: number;
}

export interface OwnedPartition {
  readonly partition: number;
  /** Grows with each change of owner; the fence of every commit. */
  readonly epoch: number;
  /** The owner before did not leave in an orderly way: work found in flight may be what killed it. */
  readonly takenOver: boolean;
}

/** What one worker process does with the partitions it owns. */
export interface WorkerStore {
  /** Makes the worker known and takes free partitions and those of dead workers. */
  join(): Promise<readonly OwnedPartition[]>;
  /**
   * Renews the lease and takes what is free. The answer is all this worker owns now; a partition that is missing
   * was lost, and one with a new epoch was lost and regained.
   */
  beat(): Promise<readonly OwnedPartition[]>;
  /** Hands every partition back at once. */
  leave(): Promise<void>;
  /** A block of run numbers never given out before; the answer is the first of `count`. */
  allocateRuns(count: number): Promise<number>;
  pull(request: PullRequest): Promise<Pulled>;
  /** The instance's row and history as they are now; `undefined` when there is none. */
  load(instanceId: string): Promise<LoadedInstance | undefined>;
  /** Atomic for each episode, batched. Outcomes are in the order of the episodes. */
  commit(episodes: readonly Episode[]): Promise<readonly CommitOutcome[]>;
  /** Removes messages and timers that no instance will ever take, unless the partition has another owner by now. */
  discard(owned: OwnedPartition, messageIds: readonly number[], timers: readonly TimerKey[]): Promise<void>;
  /** Counts one more attempt for each of these instances and says how many there have been since it last made progress. */
  countAttempts(instanceIds: readonly string[]): Promise<readonly number[]>;
  /** These instances were picked up, and none of their code has its turn: one attempt less for each that has any. */
  takeBackAttempts(instanceIds: readonly string[]): Promise<void>;
  /**
   * Keeps everything of an instance, says why in its record, and takes its start, its timers and its recovery out of
   * what `pull` gives. Messages still come, so that terminate wins. A new run of the instance lifts it.
   */
  quarantine(instanceId: string, reason: string): Promise<void>;
  /** Calls back after another process has written to this hub. */
  onWake(listener: () => void): () => void;
}

export interface PullRequest {
  readonly partition: number;
  /** At most so many of each kind. */
  readonly limit: number;
  /** Starts and messages due by this time. */
  readonly now: number;
  /** Starts after this one in the order of (dueAt, run). Absent: from the first. */
  readonly afterStart?: Pick<DueStart, "dueAt" | "run">;
  /** Messages with ids above this one. */
  readonly afterMessage: number;
  /** Timers due up to `until`, after the given one in the order of (dueAt, run, id). Absent: no timers are read. */
  readonly timers?: { readonly after?: Timer; readonly until: number };
  /** Instances with local work to recover, after this id in the order of ids. Absent: none are read. */
  readonly recover?: { readonly afterInstanceId: string };
}

export interface DueStart {
  readonly instanceId: string;
  readonly run: number;
  /** Its scheduled time, else that of its creation. */
  readonly dueAt: number;
}

export interface Pulled {
  /** Pending instances that may start now, oldest due first; asked again, the same ones come until they have started. */
  readonly starts: readonly DueStart[];
  /** When the next Pending instance that may not start yet is due. */
  readonly nextStartAt?: number;
  /** Those whose time has come take their place, and a new id, behind all that have come before. */
  readonly messages: readonly StoredMessage[];
  /** When the next message is due that may not be delivered yet. */
  readonly nextMessageAt?: number;
  readonly timers: readonly Timer[];
  /** Ids of instances whose record says `recover`. */
  readonly recover: readonly string[];
}

export interface LoadedInstance {
  readonly record: InstanceRecord;
  readonly chunks: readonly HistoryChunk[];
}
