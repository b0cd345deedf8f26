import type { TaskHubAdmin } from "../storage/index.ts";
import type { Clock } from "./clock.ts";
import type { Logger } from "./logger.ts";

/** How often it looks whether there is something to sweep. */
const LOOK_EVERY_MS = 10_000;
/** A piece takes a few milliseconds; the pause leaves the process to its work nearly all of the time. */
const ROWS_OF_A_PIECE = 1_000;
const PAUSE_MS = 50;

export interface SweeperPorts {
  readonly taskHubs: Pick<TaskHubAdmin, "sweep">;
  readonly clock: Clock;
  readonly logger: Logger;
}

/** Removes what deleted hubs and large purges left in the store, a piece at a time, while a host runs. */
export class StoreSweeper {
  readonly #ports: SweeperPorts;
  #cancel: (() => void) | undefined;
  #sweeping: Promise<void> | undefined;
  #stopped = false;

  constructor(ports: SweeperPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#schedule(PAUSE_MS);
  }

  /** Resolves once nothing is under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel?.();
    await this.#sweeping;
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancel = this.#ports.clock.after(delayMs, () => {
      this.#sweeping = this.#sweep();
    });
  }

  async #sweep(): Promise<void> {
    const { taskHubs, logger } = this.#ports;
    try {
      const isDone = await taskHubs.sweep(ROWS_OF_A_PIECE);
      this.#schedule(isDone ? LOOK_EVERY_MS : PAUSE_MS);
    } catch (error) {
      if (!this.#stopped)
        logger.warn({ err: error }, "What was deleted could not be swept; trying again later");
      this.#schedule(LOOK_EVERY_MS);
    }
  }
}
