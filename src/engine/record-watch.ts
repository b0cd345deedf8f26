import type { InstanceRecord, QueryStore } from "../storage/index.ts";
import type { Clock } from "./clock.ts";

/** Who wants to see the record of an instance whenever something was written. */
export interface RecordWatcher {
  /** `undefined`: there is no such instance. */
  readonly seen: (record: InstanceRecord | undefined) => void;
  readonly failed: (error: Error) => void;
}

/** So many records are read before others have their turn. */
const READ_AT_ONCE = 64;

/**
 * Looks into the store for everyone in this process who waits for instances that run elsewhere: whenever something was
 * written it reads each of those instances once, however many wait and however often it was written meanwhile.
 */
export class RecordWatch {
  readonly #query: QueryStore;
  readonly #clock: Clock;
  readonly #watchers = new Map<string, Set<RecordWatcher>>();
  #stopListening: (() => void) | undefined;
  #isLooking = false;
  #again = false;

  constructor(query: QueryStore, clock: Clock) {
    this.#query = query;
    this.#clock = clock;
  }

  /** The answer ends it. What the record is now, the watcher has to ask by itself. */
  add(instanceId: string, watcher: RecordWatcher): () => void {
    const watchers = this.#watchers.get(instanceId) ?? new Set();
    this.#watchers.set(instanceId, watchers.add(watcher));
    this.#stopListening ??= this.#query.onChange(() => void this.#look());
    return () => this.#remove(instanceId, watcher);
  }

  #remove(instanceId: string, watcher: RecordWatcher): void {
    const watchers = this.#watchers.get(instanceId);
    if (!watchers?.delete(watcher) || watchers.size > 0) return;
    this.#watchers.delete(instanceId);
    if (this.#watchers.size > 0) return;
    this.#stopListening?.();
    this.#stopListening = undefined;
  }

  async #look(): Promise<void> {
    this.#again = true;
    if (this.#isLooking) return;
    this.#isLooking = true;
    while (this.#again) {
      this.#again = false;
      let count = 0;
      for (const instanceId of Array.from(this.#watchers.keys())) {
        await this.#lookAt(instanceId);
        count += 1;
        if (count % READ_AT_ONCE === 0) await this.#turn();
      }
    }
    this.#isLooking = false;
  }

  async #lookAt(instanceId: string): Promise<void> {
    const watchers = [...(this.#watchers.get(instanceId) ?? [])];
    if (watchers.length === 0) return;
    try {
      const record = await this.#query.get(instanceId);
      for (const watcher of watchers) watcher.seen(record);
    } catch (cause) {
      const error = cause instanceof Error ? cause : new Error(String(cause));
      for (const watcher of watchers) watcher.failed(error);
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => {
      this.#clock.soon(resolve);
    });
  }
}
