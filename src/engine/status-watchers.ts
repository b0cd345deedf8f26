import type { RuntimeStatus } from "../core/orchestration-status.ts";

type Listener = (status: RuntimeStatus) => void;

/** Who in this process waits for which instance to end. */
export class StatusWatchers {
  readonly #listeners = new Map<string, Set<Listener>>();

  /** Calls back each time the instance reaches a terminal status; the answer stops that. */
  watch(instanceId: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(instanceId) ?? new Set();
    listeners.add(listener);
    this.#listeners.set(instanceId, listeners);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(instanceId) === listeners)
        this.#listeners.delete(instanceId);
    };
  }

  changed(instanceId: string, status: RuntimeStatus): void {
    const listeners = this.#listeners.get(instanceId);
    if (listeners) for (const listener of [...listeners]) listener(status);
  }
}
