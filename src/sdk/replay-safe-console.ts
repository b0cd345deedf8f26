import { isReplayingNow } from "./current-orchestration.ts";

const METHODS = ["debug", "error", "info", "log", "trace", "warn", "table", "dir"] as const;

let installed = false;

/** From now on what an orchestrator prints with `console` appears once, not with every replay. Everything else prints as before. */
export function makeConsoleReplaySafe(): void {
  if (installed) return;
  installed = true;
  for (const method of METHODS) {
    const print = console[method].bind(console) as (...values: unknown[]) => void;
    console[method] = (...values: unknown[]) => {
      if (!isReplayingNow()) print(...values);
    };
  }
}
