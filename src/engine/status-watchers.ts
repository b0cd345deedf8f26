import type { InstanceRecord } from "../storage/index.ts";

export interface StatusWatcher {
  /** The instance has reached a terminal status. */
  readonly ended: (record: InstanceRecord) => void;
  /** Its status may be another one now. */
  readonly changed?: (() => void) | undefined;
  /** This process no longer runs the instance: look elsewhere. */
  readonly lost: () => void;
}

/** Who in this process waits for which of its instances to change. */
export class StatusWatchers {
  readonly #watchers = new Map<string, readonly StatusWatcher[]>();

  /** The answer ends the watch. */
  watch(instanceId: string, watcher: StatusWatcher): () => void {
    this.#watchers.set(instanceId, [...(this.#watchers.get(instanceId) ?? []), watcher]);
    return () => {
      const others = this.#watchers.get(instanceId)?.filter((each) => each !== watcher) ?? [];
      if (others.length > 0) this.#watchers.set(instanceId, others);
      else this.#watchers.delete(instanceId);
    };
  }

  changed(instanceId: string): void {
    for (const { changed } of this.#watchers.get(instanceId) ?? []) changed?.();
  }

  ended(instanceId: string, record: () => InstanceRecord): void {
    const watchers = this.#watchers.get(instanceId);
    if (watchers === undefined) return;
    const ended = record();
    for (const watcher of watchers) watcher.ended(ended);
  }

  /** Instances have gone to another process, or this one stops. */
  lost(): void {
    for (const watchers of this.#watchers.values()) for (const watcher of watchers) watcher.lost();
  }
}
