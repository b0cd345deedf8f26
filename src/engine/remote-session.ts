import type { EpisodeResult } from "../core/episode-result.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import type { OpenTasks, TrackedTask } from "../core/open-tasks.ts";
import { RemoteExecution } from "../core/remote-execution.ts";
import type { OrchestrationSession } from "./executor.ts";
import type { RemoteWorkers } from "./remote-workers.ts";
import type { WorkElsewhere } from "./work-elsewhere.ts";

/** An orchestration whose code runs in another process, one turn at a time. */
export class RemoteSession implements OrchestrationSession {
  readonly runsElsewhere = true;
  readonly awaitedEvents: readonly string[] = [];
  readonly hasReturned = false;
  readonly verdict = undefined;
  readonly #workers: RemoteWorkers;
  readonly #execution: RemoteExecution;
  #underWay: WorkElsewhere<unknown> | undefined;

  constructor(started: ExecutionStarted, workers: RemoteWorkers) {
    this.#workers = workers;
    this.#execution = new RemoteExecution(started);
  }

  get openTasks(): OpenTasks<TrackedTask> {
    return this.#execution.openTasks;
  }

  get suspension(): { readonly reason: string | undefined } | undefined {
    return this.#execution.suspension;
  }

  get isDue(): boolean {
    return this.#execution.isDue;
  }

  isPending(): boolean {
    return false;
  }

  goesOnFor(executionId: string | undefined): boolean {
    return this.#execution.goesOnFor(executionId);
  }

  timeOf(messages: readonly HistoryEvent[], now: number): number {
    return this.#execution.timeOf(messages, now);
  }

  replay(history: readonly HistoryEvent[]): void {
    this.#execution.replay(history);
  }

  recall(memo: string | undefined): void {
    this.#execution.recall(memo);
  }

  execute(messages: readonly HistoryEvent[], now: number): EpisodeResult | Promise<EpisodeResult> {
    const step = this.#execution.take(messages, now);
    if (step.type === "result") return step.result;
    const { started } = this.#execution;
    const work = this.#workers.runTurn({ ...step.turn, started });
    this.#underWay = work;
    return work.outcome.then((came) => {
      this.#underWay = undefined;
      return step.finish(came);
    });
  }

  giveUp(error: Error): EpisodeResult {
    return this.#execution.giveUp(error);
  }

  interrupt(): void {
    this.#underWay?.withdraw();
  }
}
