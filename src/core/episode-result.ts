import type { CriticalSection } from "./critical-section.ts";
import type { FailureDetails } from "./failure-details.ts";
import type { CompletionStatus, EventRaised, HistoryEvent, JsonText } from "./history-event.ts";
import type { TrackedTask } from "./open-tasks.ts";
import type { OrchestratorAction, SendEntityUnlockAction } from "./orchestrator-action.ts";

export interface Completion {
  readonly status: CompletionStatus;
  readonly eventId: number;
  readonly result: JsonText | undefined;
  readonly failure: FailureDetails | undefined;
}

export interface ContinuedAsNew {
  readonly input: JsonText | undefined;
  readonly version: string | undefined;
  readonly carriedOver: readonly EventRaised[];
}

/** Another instance is to end, and with `recurse` its children too. The history does not tell of it. */
export interface Termination {
  readonly instanceId: string;
  /** What stands as its output. */
  readonly output: JsonText | undefined;
  readonly recurse: boolean;
}

/** What an episode came to. The engine turns it into one commit. */
export interface EpisodeResult {
  /** The messages that took effect; duplicates and results nobody asked for are left out (S-33). */
  readonly accepted: readonly HistoryEvent[];
  readonly actions: readonly OrchestratorAction[];
  /** Patches that the code has got for the first time. */
  readonly patches: readonly string[];
  readonly completion: Completion | undefined;
  readonly continuedAsNew: ContinuedAsNew | undefined;
  /** Present when the code set it in this episode. */
  readonly customStatus: { readonly text: JsonText | undefined } | undefined;
  readonly canceledTimers: readonly { readonly id: number; readonly fireAt: number }[];
  /** Tasks the orchestration ended without waiting for. */
  readonly abandoned: readonly TrackedTask[];
  /** Only code elsewhere can ask for these. */
  readonly terminations?: readonly Termination[];
  /** Present when it has changed: what a worker elsewhere wants to have back with its next turn. Only workers know its meaning. */
  readonly memo?: { readonly text: string | undefined };
  /** Critical sections the execution was in, or had asked for, when it ended: nothing else will unlock their entities. */
  readonly toUnlock: readonly CriticalSection[];
  /**
   * What the code has asked for in a turn of which nothing else goes out. The history does not tell of these: a rewind locks
   * again what it says was locked.
   */
  readonly lastUnlocks?: readonly SendEntityUnlockAction[];
}
