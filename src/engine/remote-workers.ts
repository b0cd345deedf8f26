import type { EntityBatch, EntityBatchResult } from "../core/entity-batch.ts";
import type { ExecutionStarted } from "../core/history-event.ts";
import type { RemoteTurn, RemoteTurnResult } from "../core/remote-execution.ts";
import type { ActivityCall, FunctionKind, RunningActivity } from "./executor.ts";
import type { WorkElsewhere } from "./work-elsewhere.ts";

export interface TurnToRun extends RemoteTurn {
  readonly started: ExecutionStarted;
}

/** Work that workers have had and not done. */
export interface WorkGivenBack {
  readonly kind: FunctionKind;
  /** Of its function. */
  readonly name: string;
  readonly times: number;
  /** What was the matter the last time. */
  readonly why: string;
}

/** Processes that come and go, and run code for this one. */
export interface RemoteWorkers {
  /** Whether a worker that is connected takes such work. Names are compared without regard to case. */
  accepts(kind: FunctionKind, name: string, version: string | undefined): boolean;
  /** Calls back when workers have come or gone. */
  onChanged(listener: () => void): void;
  runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult>;
  /** It waits until a worker takes it. */
  startActivity(call: ActivityCall): RunningActivity;
  /** It waits until a worker takes it; rejects when the batch could not be run. */
  runEntity(batch: EntityBatch): WorkElsewhere<EntityBatchResult>;
  /** What of an instance workers have given back and none has done yet. */
  givenBack?(instanceId: string): readonly WorkGivenBack[];
}

/** The worker that had this is gone, and no other takes it: nothing happened. */
export class NoWorker extends Error {
  constructor(what: string) {
    super(`No worker is connected that runs ${what}.`);
  }
}

/** The work was taken back: something else has come up. */
export class Withdrawn extends Error {}
