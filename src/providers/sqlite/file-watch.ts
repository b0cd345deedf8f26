import type { Database, Statement } from "./database.ts";

const DEFAULT_INTERVAL_MS = 20;
const IDLE_INTERVAL_MS = 100;
const IDLE_AFTER_POLLS = 250;

/**
 * Notices that another process has written to the file: SQLite counts that in `data_version`. While it watches, someone
 * waits for that, so it keeps the process alive.
 */
export class FileWatch {
  readonly #database: Database;
  readonly #version: Statement<{ readonly data_version: number }>;
  readonly #intervalMs: number;
  readonly #onChange: () => void;
  #seen: number | undefined;
  #quietPolls = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database, onChange: () => void, intervalMs = DEFAULT_INTERVAL_MS) {
    this.#database = database;
    this.#version = database.prepare("pragma data_version");
    this.#intervalMs = intervalMs;
    this.#onChange = onChange;
  }

  start(): void {
    if (this.#timer !== undefined) return;
    this.#seen = this.#read();
    this.#schedule();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #schedule(): void {
    const isIdle = this.#quietPolls > IDLE_AFTER_POLLS;
    const delayMs = isIdle ? Math.max(IDLE_INTERVAL_MS, this.#intervalMs) : this.#intervalMs;
    this.#timer = setTimeout(() => this.#poll(), delayMs);
  }

  #poll(): void {
    if (!this.#database.open) return;
    const version = this.#read();
    if (version === this.#seen && version !== undefined) {
      this.#quietPolls += 1;
    } else {
      this.#seen = version;
      this.#quietPolls = 0;
      this.#onChange();
    }
    if (this.#timer !== undefined) this.#schedule();
  }

  /** `undefined` when the file cannot be read: whoever is woken then meets the error where it can be told. */
  #read(): number | undefined {
    try {
      return this.#version.get()?.data_version;
    } catch {
      return undefined;
    }
  }
}
