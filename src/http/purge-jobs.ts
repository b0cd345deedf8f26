import { randomUUID } from "node:crypto";
import type { PurgeProgress } from "../storage/index.ts";

/** A purge that goes on in the background, as callers see it. Times are ISO 8601, UTC. */
export interface PurgeJob {
  readonly id: string;
  readonly taskHub: string;
  readonly status: "Running" | "Completed" | "Failed" | "Canceled";
  /** Purged so far. */
  readonly instancesDeleted: number;
  /** What went with them: rows of the store. */
  readonly rowsDeleted: number;
  readonly createdTime: string;
  readonly lastUpdatedTime: string;
  /** Why it failed. What was purged before stays purged. */
  readonly reason?: string;
}

/** So many that have ended are remembered. */
const REMEMBERED = 100;

/** The purges this host runs in the background. A host that stops ends them where they are: to ask again goes on. */
export class PurgeJobs {
  readonly #jobs = new Map<string, PurgeJob>();
  readonly #canceled = new Set<string>();
  readonly #stopping: AbortSignal | undefined;

  constructor(stopping: AbortSignal | undefined) {
    this.#stopping = stopping;
  }

  start(taskHub: string, purge: AsyncIterable<PurgeProgress>): PurgeJob {
    const now = new Date().toISOString();
    const job: PurgeJob = {
      id: randomUUID(),
      taskHub,
      status: "Running",
      instancesDeleted: 0,
      rowsDeleted: 0,
      createdTime: now,
      lastUpdatedTime: now,
    };
    this.#jobs.set(job.id, job);
    void this.#run(job.id, purge);
    return job;
  }

  find(taskHub: string, id: string): PurgeJob | undefined {
    const job = this.#jobs.get(id);
    return job?.taskHub === taskHub ? job : undefined;
  }

  /** It ends with the batch it is at. */
  cancel(id: string): void {
    if (this.#jobs.get(id)?.status === "Running") this.#canceled.add(id);
  }

  async #run(id: string, purge: AsyncIterable<PurgeProgress>): Promise<void> {
    try {
      for await (const { instancesDeleted, rowsDeleted, done } of purge) {
        this.#update(id, { instancesDeleted, rowsDeleted });
        if (!done && this.#isUnwanted(id)) return this.#end(id, { status: "Canceled" });
      }
      this.#end(id, { status: "Completed" });
    } catch (error) {
      this.#end(id, { status: "Failed", reason: error instanceof Error ? error.message : String(error) });
    }
  }

  #isUnwanted(id: string): boolean {
    return this.#canceled.has(id) || this.#stopping?.aborted === true;
  }

  #end(id: string, change: Partial<PurgeJob>): void {
    const job = this.#jobs.get(id);
    this.#jobs.delete(id);
    if (job) this.#jobs.set(id, job); // In the order of their ends.
    this.#update(id, change);
    this.#canceled.delete(id);
    const ended = [...this.#jobs.values()].filter(({ status }) => status !== "Running");
    for (const job of ended.slice(0, -REMEMBERED)) this.#jobs.delete(job.id);
  }

  #update(id: string, change: Partial<PurgeJob>): void {
    const job = this.#jobs.get(id);
    if (job) this.#jobs.set(id, { ...job, ...change, lastUpdatedTime: new Date().toISOString() });
  }
}
