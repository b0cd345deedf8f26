import type { Logger } from "../engine/logger.ts";
import type { RunningServer } from "../server/index.ts";

const SIGNALS = ["SIGTERM", "SIGINT"] as const;
const EXIT_CODES: Readonly<Record<(typeof SIGNALS)[number], number>> = { SIGTERM: 143, SIGINT: 130 };

/** Resolves when a signal has stopped the host in good order. A second signal ends the process at once. */
export async function untilStopped(server: RunningServer, logger: Logger): Promise<void> {
  const signal = await firstSignal();
  for (const each of SIGNALS) process.on(each, () => process.exit(EXIT_CODES[each]));
  logger.info({}, `${signal}: stopping, activities may finish. Once more to stop at once.`);
  await server.close();
  logger.info({}, "Stopped. What had not ended goes on at the next start.");
  process.exit(0); // An activity that had no time to finish may still be running.
}

function firstSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    for (const signal of SIGNALS) process.once(signal, resolve);
  });
}
