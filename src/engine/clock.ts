/** Time as the engine sees it. Tests and simulations bring their own. */
export interface Clock {
  /** Milliseconds since 1970, UTC. */
  now(): number;
  /** Calls back after about so many milliseconds; the answer cancels. */
  after(delayMs: number, callback: () => void): () => void;
  /** Calls back once everything that is ready now has had its turn. */
  soon(callback: () => void): void;
}

/** The longest delay a Node.js timer can have. */
const MAX_DELAY_MS = 0x7fffffff;

export const systemClock: Clock = {
  now: () => Date.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, Math.min(Math.max(delayMs, 0), MAX_DELAY_MS));
    return () => clearTimeout(timer);
  },
  soon: (callback) => {
    setImmediate(callback);
  },
};
