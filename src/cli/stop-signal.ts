const SIGNALS = ["SIGTERM", "SIGINT"] as const;
const EXIT_CODES: Readonly<Record<(typeof SIGNALS)[number], number>> = { SIGTERM: 143, SIGINT: 130 };

/** Resolves with the first signal to stop, from now on. A second one ends the process at once. */
export function stopSignal(): Promise<NodeJS.Signals> {
  return new Promise((resolve) => {
    let isStopping = false;
    for (const signal of SIGNALS) {
      process.on(signal, () => {
        if (isStopping) process.exit(EXIT_CODES[signal]);
        isStopping = true;
        resolve(signal);
      });
    }
  });
}
