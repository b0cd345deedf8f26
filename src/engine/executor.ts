import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import type { EpisodeResult } from "../core/episode-result.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { ExecutionStarted, HistoryEvent, JsonText } from "../core/history-event.ts";
import type { OpenTasks, TrackedTask } from "../core/open-tasks.ts";
import type { SessionOptions, Verdict } from "../core/orchestrator-session.ts";
import type { Rewound } from "../core/rewind.ts";
import type { TraceContext } from "../core/trace-context.ts";
import type { WorkGivenBack } from "./remote-workers.ts";
import type { WorkElsewhere } from "./work-elsewhere.ts";

/** One live orchestration, wherever its code runs. */
export interface OrchestrationSession {
  readonly openTasks: OpenTasks<TrackedTask>;
  readonly suspension: { readonly reason: string | undefined } | undefined;
  /** Names of external events the code waits for, in lower case. */
  readonly awaitedEvents: readonly string[];
  /** The function has returned; only open tasks hold up its end. */
  readonly hasReturned: boolean;
  /** What the code has done that no orchestrator may do, or that it did not do before (S-39). */
  readonly verdict: Verdict | undefined;
  /** An episode without new events would achieve something. */
  readonly isDue: boolean;
  /** The code has asked for this task, but it has not gone out: the orchestration is suspended. */
  isPending(taskId: number): boolean;
  /** Whether what that execution has asked for is waited for here: it is this one, or was rewound into it. */
  goesOnFor(executionId: string | undefined): boolean;
  /** Its code runs in another process: it takes none of the places here, and what it is sent is in the store before. */
  readonly runsElsewhere?: true;
  /**
   * Ends it at once as failed, with nothing of what its last episode asked for: that cannot be written. Absent: no episode
   * of it is that large.
   */
  giveUp?(error: Error): EpisodeResult;
  /** Takes back what was sent elsewhere: `execute` rejects. */
  interrupt?(): void;
  /** The time at which an episode with these messages runs. Default: now. */
  timeOf?(messages: readonly HistoryEvent[], now: number): number;
  replay(history: readonly HistoryEvent[]): void | Promise<void>;
  /** What its worker wanted to be kept for the next turn, after a replay. */
  recall?(memo: string | undefined): void;
  execute(messages: readonly HistoryEvent[], now: number): EpisodeResult | Promise<EpisodeResult>;
}

export interface ActivityCall {
  readonly instanceId: string;
  readonly executionId: string;
  readonly taskId: number;
  readonly name: string;
  readonly input: JsonText | undefined;
  /** Its own, else that of the orchestration. */
  readonly version?: string;
  readonly tags?: Readonly<Record<string, string>>;
  readonly traceContext?: TraceContext;
}

export type ActivityOutcome =
  | { readonly type: "completed"; readonly result: JsonText | undefined }
  | { readonly type: "failed"; readonly reason: string; readonly failure: FailureDetails };

/** An activity that has been started. */
export interface RunningActivity {
  /** Never rejects. */
  readonly outcome: Promise<ActivityOutcome>;
  /** Asks it to stop; its outcome will not be looked at. */
  abort(reason: string): void;
  /** It is for a worker elsewhere, and this is what stands in its way: there is none, or all are busy. */
  readonly waitsFor?: "worker" | "slot" | undefined;
}

/** What a batch of an entity has come to here, at once or later, or will come to elsewhere. */
export type RunningBatch = EntityBatchResult | Promise<EntityBatchResult> | WorkElsewhere<EntityBatchResult>;

export interface StartToCheck {
  readonly name: string;
  readonly version?: string;
  readonly input?: JsonText;
}

export interface RewindInput {
  readonly history: readonly HistoryEvent[];
  readonly newExecutionId: string;
  readonly rewindableChildren: ReadonlySet<string>;
}

/**
 * runs: a worker runs such instances. missing: none ever will. waits: none does now, one that connects may.
 * version-missing: a worker has the orchestrator, in these versions.
 */
export type OrchestratorMatch =
  | { readonly type: "runs" | "missing" | "waits" }
  | { readonly type: "version-missing"; readonly versions: readonly string[] };

export type FunctionKind = "orchestrator" | "activity" | "entity";

/** The only seam through which user code runs. The engine cannot tell in-process code from remote code. */
export interface Executor {
  /** Whether code of this kind and name runs in this process, and so takes one of its places. */
  runsHere(kind: FunctionKind, name: string): boolean;
  /** Whether a worker elsewhere is connected that has code of this kind and name, in any version. */
  runsElsewhere?(kind: FunctionKind, name: string): boolean;
  /** What of an instance workers elsewhere have given back and none has done yet. */
  givenBack?(instanceId: string): readonly WorkGivenBack[];
  /** Calls back when workers elsewhere have come or gone. */
  onWorkersChanged?(listener: () => void): void;
  /** Whether instances of this orchestrator and version run here (S-200). */
  match(name: string, version: string | undefined): OrchestratorMatch;
  /** The version that a start gets which names this one, or none (S-200). */
  versionOfStart(name: string, version: string | undefined): string | undefined;
  /** The version that an instance runs under which has been written with this one, or with none. */
  pinnedVersion(name: string, version: string | undefined): string | undefined;
  openSession(started: ExecutionStarted, onStray: SessionOptions["onStray"]): OrchestrationSession;
  startActivity(call: ActivityCall): RunningActivity;
  /** False: no worker has such an entity function. */
  hasEntity(name: string): boolean;
  /** Those there are, for errors. */
  readonly entityNames: readonly string[];
  /**
   * Runs operations of an entity, or some of them; what runs at once answers without a promise. It rejects when they could
   * not be run at all: nothing happened then.
   */
  runEntity(batch: EntityBatch): RunningBatch;
  /** Rewrites the history of a failed instance by replaying its code. */
  rewind(name: string, input: RewindInput): Promise<Rewound>;
  /**
   * Whether a client may start this. What answers at once answers without a promise.
   *
   * @throws {DurableError} ORCHESTRATOR_NOT_FOUND, ORCHESTRATOR_VERSION_NOT_FOUND, SCHEMA_VALIDATION_FAILED
   */
  checkStart(start: StartToCheck): void | Promise<void>;
}
