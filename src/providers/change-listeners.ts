interface Listener {
  readonly call: () => void;
  /** Writes by this writer are not news to this listener. */
  readonly exceptBy: object | undefined;
}

/** Tells listeners that something was written; many writes in one go are one call. */
export class ChangeListeners {
  readonly #onNeed: ((isNeeded: boolean) => void) | undefined;
  readonly #listeners = new Set<Listener>();
  readonly #due = new Set<Listener>();

  /** `onNeed` is told when there are listeners and when there are none any more. */
  constructor(onNeed?: (isNeeded: boolean) => void) {
    this.#onNeed = onNeed;
  }

  get isEmpty(): boolean {
    return this.#listeners.size === 0;
  }

  /** The answer ends the subscription. */
  add(call: () => void, exceptBy?: object): () => void {
    const listener = { call, exceptBy };
    this.#listeners.add(listener);
    this.#onNeed?.(true);
    return () => {
      this.#listeners.delete(listener);
      if (this.isEmpty) this.#onNeed?.(false);
    };
  }

  notify(writer?: object): void {
    const wasIdle = this.#due.size === 0;
    for (const listener of this.#listeners) {
      if (listener.exceptBy === undefined || listener.exceptBy !== writer) this.#due.add(listener);
    }
    if (wasIdle && this.#due.size > 0) queueMicrotask(() => this.#deliver());
  }

  #deliver(): void {
    const due = [...this.#due];
    this.#due.clear();
    for (const listener of due) if (this.#listeners.has(listener)) listener.call();
  }
}
