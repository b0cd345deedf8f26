import { AsyncLocalStorage } from "node:async_hooks";

/** What runs right now, as far as logging needs to know. */
interface Replaying {
  readonly isReplaying: boolean;
}

const asyncScope = new AsyncLocalStorage<Replaying>();
let usesAsyncScope = false;
let current: Replaying | undefined;

/** True while an orchestrator's code runs over its past: what it prints has been printed before. */
export function isReplayingNow(): boolean {
  if (current) return current.isReplaying;
  return usesAsyncScope && asyncScope.getStore()?.isReplaying === true;
}

/** Runs one stretch of a generator. */
export function runStretch<T>(context: Replaying, stretch: () => T): T {
  const outer = current;
  current = context;
  try {
    return stretch();
  } finally {
    current = outer;
  }
}

/** Runs an async orchestrator, whose later stretches belong to the same context. */
export function runAsync<T>(context: Replaying, run: () => T): T {
  usesAsyncScope = true;
  return asyncScope.run(context, run);
}
