/** The timers of Node.js, also where a test runner puts its own in their place later. */
const { setImmediate: soon, setTimeout: later, clearTimeout: cancel } = globalThis;

/** Calls back once everything that is ready now has had its turn. */
export function onNextTurn(callback: () => void): void {
  soon(callback);
}

/** One turn of the event loop: every microtask and every callback that is ready. */
export function turn(): Promise<void> {
  return new Promise((resolve) => {
    soon(resolve);
  });
}

/** Calls back after so many real milliseconds; the answer cancels. */
export function afterReal(delayMs: number, callback: () => void): () => void {
  const timer = later(callback, delayMs);
  return () => cancel(timer);
}
