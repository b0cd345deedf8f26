import type { Episode } from "../storage/index.ts";

export interface HubListener {
  /** An episode of the instance was committed that changed its status or its custom status. */
  readonly changed: (instanceId: string) => void;
  /** This process no longer runs all of the hub, so that it does not hear of every change any more. */
  readonly lost: () => void;
}

/** Who in this process wants to hear of every instance that this process runs. */
export class HubChanges {
  readonly #listeners = new Set<HubListener>();

  /** The answer ends it. */
  listen(listener: HubListener): () => void {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  }

  changed(instanceId: string): void {
    for (const listener of this.#listeners) listener.changed(instanceId);
  }

  lost(): void {
    for (const listener of this.#listeners) listener.lost();
  }
}

/** Whether an episode changes what is told of its instance. */
export function changesStatus({ create, nextRun, patch }: Episode): boolean {
  if (create !== undefined || nextRun !== undefined) return true;
  return patch?.status !== undefined || patch?.customStatus !== undefined;
}
