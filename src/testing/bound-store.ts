import type { WorkerStore } from "../storage/index.ts";

/** A plain object with the methods of a store. */
export function bound(store: WorkerStore): WorkerStore {
  return {
    join: () => store.join(),
    beat: () => store.beat(),
    leave: () => store.leave(),
    allocateRuns: (count) => store.allocateRuns(count),
    pull: (request) => store.pull(request),
    load: (instanceId) => store.load(instanceId),
    commit: (episodes) => store.commit(episodes),
    discard: (owned, messageIds, timers) => store.discard(owned, messageIds, timers),
    countAttempts: (instanceIds) => store.countAttempts(instanceIds),
    takeBackAttempts: (instanceIds) => store.takeBackAttempts(instanceIds),
    quarantine: (instanceId, reason) => store.quarantine(instanceId, reason),
    onWake: (listener) => store.onWake(listener),
  };
}
