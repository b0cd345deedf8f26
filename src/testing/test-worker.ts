import type { Logger } from "../engine/logger.ts";
import type { EngineSettings } from "../engine/settings.ts";
import { type AttendWait, TaskHubClient } from "../engine/task-hub-client.ts";
import { TaskHubWorker } from "../engine/task-hub-worker.ts";
import type { CommitOutcome, Episode, TaskHubStore, WorkerIdentity, WorkerStore } from "../storage/index.ts";
import { bound } from "./bound-store.ts";
import type { CrashPlan } from "./crash-plan.ts";
import { type Stage, TestExecutor } from "./test-executor.ts";

export interface TestWorkerOptions {
  readonly store: TaskHubStore;
  readonly stage: Stage;
  readonly settings: EngineSettings;
  readonly logger: Logger;
  readonly plan: CrashPlan;
  readonly attend: AttendWait;
  readonly workerId: string;
  /** A planned crash has killed it. */
  readonly died: () => void;
}

const FENCED: CommitOutcome = { type: "fenced" };

/** A worker that can be killed at any point: nothing it does after that reaches the store. */
export class TestWorker {
  readonly client: TaskHubClient;
  readonly #options: TestWorkerOptions;
  readonly #worker: TaskHubWorker;
  #identity: WorkerIdentity | undefined;
  #isDead = false;

  constructor(options: TestWorkerOptions) {
    const { store, stage, settings, logger, plan, attend, workerId } = options;
    this.#options = options;
    this.#worker = new TaskHubWorker({
      store: { ...store, worker: (identity) => this.#mortal(identity, store.worker(identity)) },
      executor: new TestExecutor(stage, async (invocation) => {
        if (this.#isDead || plan.onActivity(invocation)) await this.#die();
      }),
      settings,
      clock: stage.clock,
      logger,
      workerId,
    });
    this.client = new TaskHubClient({ store, worker: this.#worker, settings, clock: stage.clock, attend });
  }

  start(): Promise<void> {
    return this.#worker.start();
  }

  /** As by kill -9. What waits for its instances in this process waits for them in the store from now on. */
  kill(): void {
    this.#isDead = true;
    this.#worker.kill();
    this.#worker.watchers.lost();
    this.#worker.changes.lost();
  }

  /** Lets its lease run out at once: a last sign of life that is good for no time. */
  async expire(): Promise<void> {
    if (this.#identity) await this.#options.store.worker({ ...this.#identity, leaseMs: 0 }).join();
  }

  /** Whoever lets it die is never heard of again. */
  #die(): Promise<never> {
    if (!this.#isDead) {
      this.kill();
      this.#options.died();
    }
    return new Promise(() => undefined);
  }

  #mortal(identity: WorkerIdentity, inner: WorkerStore): WorkerStore {
    this.#identity = identity;
    const store = bound(inner);
    const { rest } = this.#options.stage;
    const nothing = async (): Promise<void> => undefined;
    return {
      ...store,
      pull: (request) => {
        rest.disturb();
        return store.pull(request);
      },
      load: (instanceId) => {
        rest.disturb();
        return store.load(instanceId);
      },
      commit: (episodes) => this.#commit(episodes, store),
      discard: (...discarded) => (this.#isDead ? nothing() : store.discard(...discarded)),
      quarantine: (...quarantined) => (this.#isDead ? nothing() : store.quarantine(...quarantined)),
    };
  }

  async #commit(episodes: readonly Episode[], store: WorkerStore): Promise<readonly CommitOutcome[]> {
    const { stage, plan } = this.#options;
    stage.rest.disturb();
    const fenced = episodes.map(() => FENCED);
    if (this.#isDead) return fenced;
    const crash = plan.onCommit(episodes);
    if (crash === "before") {
      void this.#die();
      return fenced;
    }
    const outcomes = await store.commit(episodes);
    stage.rest.disturb();
    if (crash === undefined) return outcomes;
    void this.#die();
    return fenced;
  }
}
