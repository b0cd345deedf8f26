import type { EntityBatch, EntityBatchResult } from "../../src/core/entity-batch.ts";
import type { RemoteTurnResult } from "../../src/core/remote-execution.ts";
import type { ActivityOutcome, FunctionKind, RunningActivity } from "../../src/engine/executor.ts";
import { type RemoteWorkers, type TurnToRun, Withdrawn } from "../../src/engine/remote-workers.ts";
import type { WorkElsewhere } from "../../src/engine/work-elsewhere.ts";

interface TurnInHand {
  readonly turn: TurnToRun;
  readonly answer: (came: RemoteTurnResult) => void;
}

/** A worker that has every orchestrator, and answers each turn when and as the test says. */
export class ScriptedTurns implements RemoteWorkers {
  readonly #inHand = new Map<string, TurnInHand>();

  /** The turn of an instance that waits for its answer. */
  of(instanceId: string): TurnToRun | undefined {
    return this.#inHand.get(instanceId)?.turn;
  }

  answer(instanceId: string, came: Partial<RemoteTurnResult>): void {
    const inHand = this.#inHand.get(instanceId);
    if (inHand === undefined) throw new Error(`'${instanceId}' has no turn that waits for an answer.`);
    this.#inHand.delete(instanceId);
    const nothing = {
      actions: [],
      completion: undefined,
      continuedAsNew: undefined,
      customStatus: undefined,
    };
    inHand.answer({ ...nothing, ...came });
  }

  accepts(kind: FunctionKind): boolean {
    return kind === "orchestrator";
  }

  onChanged(): void {
    // It is there from the beginning, and stays.
  }

  runTurn(turn: TurnToRun): WorkElsewhere<RemoteTurnResult> {
    const { instanceId } = turn.started;
    let withdraw: () => void = () => undefined;
    const outcome = new Promise<RemoteTurnResult>((resolve, reject) => {
      this.#inHand.set(instanceId, { turn: structuredClone(turn), answer: resolve });
      withdraw = () => {
        this.#inHand.delete(instanceId);
        reject(new Withdrawn());
      };
    });
    return { outcome, withdraw };
  }

  startActivity(): RunningActivity {
    return { outcome: new Promise<ActivityOutcome>(() => undefined), abort: () => undefined };
  }

  runEntity(_batch: EntityBatch): WorkElsewhere<EntityBatchResult> {
    throw new Error("It has no entities.");
  }
}
