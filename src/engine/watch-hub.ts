import {
  type InstanceFilter,
  type InstanceRecord,
  matchesFilter,
  type QueryStore,
} from "../storage/index.ts";
import { Alarm } from "./alarm.ts";
import type { HubChanges } from "./hub-changes.ts";

/**
 * changed: the record of an instance as it is now. missed: so many instances changed at once that not all could be kept
 * for this watcher; list them again.
 */
export type HubChange =
  | { readonly type: "changed"; readonly record: InstanceRecord }
  | { readonly type: "missed" };

/** More instances than this are not kept for a watcher that takes its time. */
const MOST_CHANGED = 10_000;

/**
 * Every instance that matches whenever its status or custom status has changed, from now on until nobody listens or this
 * process no longer runs the hub. Changes of one instance that follow each other quickly may be told as one.
 */
export function watchHub(
  changes: HubChanges,
  query: QueryStore,
  filter: InstanceFilter,
  signal: AbortSignal,
): AsyncGenerator<HubChange> {
  return read(new ChangedInstances(changes, signal), query, filter);
}

async function* read(
  changed: ChangedInstances,
  query: QueryStore,
  filter: InstanceFilter,
): AsyncGenerator<HubChange> {
  try {
    for (let next = await changed.next(); next; next = await changed.next()) {
      for (const instanceId of next.instanceIds) {
        const record = await query.get(instanceId);
        if (changed.isOver) return;
        if (record && matchesFilter(filter, record)) yield { type: "changed", record };
      }
      if (next.hasMissed) yield { type: "missed" };
    }
  } finally {
    changed.stop();
  }
}

interface Gathered {
  readonly instanceIds: ReadonlySet<string>;
  readonly hasMissed: boolean;
}

/** Gathers which instances have changed while the watcher is busy. */
class ChangedInstances {
  readonly stop: () => void;
  readonly #alarm = new Alarm();
  #instanceIds = new Set<string>();
  #hasMissed = false;
  #isOver = false;

  constructor(changes: HubChanges, signal: AbortSignal) {
    const end = (): void => {
      this.#isOver = true;
      this.stop();
      this.#alarm.ring();
    };
    const stopListening = changes.listen({ changed: (instanceId) => this.#add(instanceId), lost: end });
    this.stop = () => {
      stopListening();
      signal.removeEventListener("abort", end);
    };
    if (signal.aborted) end();
    else signal.addEventListener("abort", end);
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** What has changed since the last call, as soon as something has; `undefined` at the end. */
  async next(): Promise<Gathered | undefined> {
    await this.#alarm.rung();
    if (this.#isOver) return undefined;
    const gathered = { instanceIds: this.#instanceIds, hasMissed: this.#hasMissed };
    this.#instanceIds = new Set();
    this.#hasMissed = false;
    return gathered;
  }

  #add(instanceId: string): void {
    if (this.#instanceIds.size < MOST_CHANGED) this.#instanceIds.add(instanceId);
    else this.#hasMissed ||= !this.#instanceIds.has(instanceId);
    this.#alarm.ring();
  }
}
