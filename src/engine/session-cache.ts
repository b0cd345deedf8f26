import type { ActiveInstance } from "./active-instance.ts";

/** Idle instances that stay in memory so that their next event needs no replay; the longest unused go first. */
export class SessionCache {
  readonly #limitBytes: number;
  readonly #evict: (instance: ActiveInstance) => void;
  readonly #idle = new Map<ActiveInstance, number>();
  #bytes = 0;

  constructor(limitBytes: number, evict: (instance: ActiveInstance) => void) {
    this.#limitBytes = limitBytes;
    this.#evict = evict;
  }

  get bytes(): number {
    return this.#bytes;
  }

  /** The instance has nothing to do for now. */
  add(instance: ActiveInstance): void {
    this.remove(instance);
    this.#idle.set(instance, instance.bytes);
    this.#bytes += instance.bytes;
    while (this.#bytes > this.#limitBytes) {
      const oldest = this.#idle.keys().next();
      if (oldest.done) return;
      this.remove(oldest.value);
      this.#evict(oldest.value);
    }
  }

  remove(instance: ActiveInstance): void {
    const bytes = this.#idle.get(instance);
    if (bytes === undefined) return;
    this.#idle.delete(instance);
    this.#bytes -= bytes;
  }
}
