import type { DurableError } from "../core/errors.ts";
import type { CommitOutcome, Episode, WorkerStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";
import { isTransient } from "./store-retry.ts";

/** The store's outcome. Late: partitions have come or gone since the commit was sent, and others may have had its messages. */
export type StoreOutcome = CommitOutcome & { readonly isLate?: boolean };

/** What a commit came to, seen by the engine: the store's outcome, an episode no store will ever take, or one taken back. */
export type PumpOutcome =
  | StoreOutcome
  | { readonly type: "rejected"; readonly error: unknown }
  | { readonly type: "withdrawn"; readonly error: Error };

interface Entry {
  readonly episode: Episode;
  readonly settle: (outcome: PumpOutcome) => void;
  /** How often partitions had come or gone when it was sent for the first time. */
  changesBefore: number | undefined;
}

/** So many episodes go into one commit at most: it must not hold the event loop for long. */
const MAX_BATCH = 256;
const FIRST_RETRY_MS = 20;
const LAST_RETRY_MS = 5_000;

/**
 * Writes finished episodes, all that are pending in one commit.
 *
 * 1. An episode is settled once, after its outcome is known.
 * 2. A store that is unavailable or full stops the pump, not the engine: the same episodes are sent again (G12).
 * 3. One episode that cannot be written never holds up its neighbors: the batch is halved until it is alone.
 * 4. A start is not kept for a store that cannot take it: whoever asked for it is told, and nothing was written. One that may
 *    have been written is kept until it is known.
 */
export class CommitPump {
  readonly #store: WorkerStore;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #changes: () => number;
  #queue: Entry[] = [];
  #pumping: Promise<void> | undefined;
  #stopped = false;
  #cancelWait: (() => void) | undefined;
  #complained = false;

  /** `changes`: how often partitions have come or gone. */
  constructor(store: WorkerStore, clock: Clock, logger: Logger, changes: () => number) {
    this.#store = store;
    this.#clock = clock;
    this.#logger = logger;
    this.#changes = changes;
  }

  /** Episodes that are not settled yet. */
  get pending(): number {
    return this.#queue.length;
  }

  /** The store has refused the last commit: what is not under way yet is better asked of the store itself. */
  get isInTrouble(): boolean {
    return this.#complained;
  }

  get isBusy(): boolean {
    return this.#pumping !== undefined;
  }

  add(episode: Episode, settle: (outcome: PumpOutcome) => void): void {
    this.#queue.push({ episode, settle, changesBefore: undefined });
  }

  /** Commits until nothing is pending. Resolves when the pump comes to rest. */
  flush(): Promise<void> {
    if (this.#pumping === undefined && this.#queue.length > 0) {
      this.#pumping = this.#run().finally(() => {
        this.#pumping = undefined;
      });
    }
    return this.#pumping ?? Promise.resolve();
  }

  /** Gives up: what is pending belongs to the next owner, and a retry that waits is not made. */
  stop(): void {
    this.#stopped = true;
    this.#cancelWait?.();
    giveUp(this.#queue.splice(0));
  }

  async #run(): Promise<void> {
    while (this.#queue.length > 0 && !this.#stopped) {
      const batch = this.#queue.length <= MAX_BATCH ? this.#queue : this.#queue.slice(0, MAX_BATCH);
      this.#queue = batch === this.#queue ? [] : this.#queue.slice(MAX_BATCH);
      await this.#commit(batch);
    }
  }

  /** `mayBeWritten`: a commit of these whose outcome nobody knows has gone before. */
  async #commit(entries: readonly Entry[], mayBeWritten = false): Promise<void> {
    for (const entry of entries) entry.changesBefore ??= this.#changes();
    let batch = entries;
    let isUnknown = mayBeWritten;
    for (let attempt = 0; !this.#stopped && batch.length > 0; attempt++) {
      let outcomes: readonly CommitOutcome[];
      try {
        outcomes = await this.#store.commit(batch.map((entry) => entry.episode));
      } catch (error) {
        if (!isTransient(error)) return this.#bisect(batch, error, isUnknown);
        this.#complain(error);
        if (error.code === "OUTCOME_UNKNOWN") isUnknown = true;
        else {
          if (!isUnknown) batch = withdrawStarts(batch, error);
          this.#queue = withdrawStarts(this.#queue, error);
        }
        await this.#wait(Math.min(FIRST_RETRY_MS * 2 ** attempt, LAST_RETRY_MS));
        continue;
      }
      this.#complained = false;
      batch.forEach((entry, index) => this.#settle(entry, outcomes[index] as CommitOutcome));
      return;
    }
    giveUp(batch);
  }

  /** What follows the commit of one episode is no matter of the others. */
  #settle({ episode, settle, changesBefore }: Entry, outcome: CommitOutcome): void {
    try {
      settle(changesBefore === this.#changes() ? outcome : { ...outcome, isLate: true });
    } catch (error) {
      this.#logger.error({ instanceId: episode.instanceId, err: error }, "What follows a commit has failed");
    }
  }

  async #bisect(batch: readonly Entry[], error: unknown, mayBeWritten: boolean): Promise<void> {
    const [only] = batch;
    if (batch.length === 1 && only) return only.settle({ type: "rejected", error });
    const middle = batch.length >>> 1;
    await this.#commit(batch.slice(0, middle), mayBeWritten);
    await this.#commit(batch.slice(middle), mayBeWritten);
  }

  #complain(error: DurableError): void {
    if (this.#complained) return;
    this.#complained = true;
    this.#logger.error(
      { code: error.code, err: error },
      "The store does not take commits; trying again until it does",
    );
  }

  #wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve);
      this.#cancelWait = () => {
        cancel();
        resolve();
      };
    });
  }
}

/** What is left when starts have been refused; nothing of them was written. Nobody asks for an entity to be: it comes with its messages. */
function withdrawStarts(entries: readonly Entry[], error: DurableError): Entry[] {
  const isStart = ({ episode }: Entry): boolean => episode.create !== undefined && !episode.snapshot;
  const starts = entries.filter(isStart);
  const others = entries.filter((entry) => !isStart(entry));
  for (const { settle } of starts) settle({ type: "withdrawn", error });
  return others;
}

function giveUp(entries: readonly Entry[]): void {
  for (const entry of entries) entry.settle({ type: "fenced" });
}
