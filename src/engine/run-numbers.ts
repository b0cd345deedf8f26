import type { WorkerStore } from "../storage/index.ts";

const BLOCK = 1_000_000;

/** Run numbers out of blocks that the store hands out once. */
export class RunNumbers {
  readonly #worker: Pick<WorkerStore, "allocateRuns">;
  #next = 0;
  #end = 0;
  #reserve: { readonly first: number } | undefined;
  #reserving = false;

  constructor(worker: Pick<WorkerStore, "allocateRuns">) {
    this.#worker = worker;
  }

  /** Makes sure that there are numbers to give. */
  async reserve(): Promise<void> {
    if (this.#reserving || this.#reserve) return;
    this.#reserving = true;
    try {
      this.#reserve = { first: await this.#worker.allocateRuns(BLOCK) };
    } finally {
      this.#reserving = false;
    }
  }

  next(): number {
    if (this.#next === this.#end) this.#useReserve();
    // Asked for early and rarely; if the store refuses, the next number asks again.
    if (this.#end - this.#next < BLOCK / 2 && !this.#reserve) void this.reserve().catch(() => undefined);
    return this.#next++;
  }

  #useReserve(): void {
    if (this.#reserve === undefined) throw new Error("The store has given no run numbers yet.");
    this.#next = this.#reserve.first;
    this.#end = this.#next + BLOCK;
    this.#reserve = undefined;
  }
}
