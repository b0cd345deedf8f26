import type { WorkDescription } from "./work-filters.ts";

interface Entry<T> {
  readonly item: T;
  readonly order: number;
}

/**
 * Work that waits for a worker, first come first served among what a worker takes.
 *
 * Work of one kind, name and version is taken by the same workers: a worker looks at the head of each such line, not at
 * everything that waits.
 */
export class WorkQueue<T extends WorkDescription> {
  readonly #lines = new Map<string, Entry<T>[]>();
  #order = 0;
  #head = 0;

  get isEmpty(): boolean {
    return this.#lines.size === 0;
  }

  add(item: T): void {
    this.#order += 1;
    this.#lineOf(item).push({ item, order: this.#order });
  }

  /** Before all that waits: it has had its turn already. */
  putBack(item: T): void {
    this.#head -= 1;
    this.#lineOf(item).unshift({ item, order: this.#head });
  }

  /** The longest waiting item that passes. */
  take(passes: (item: T) => boolean): T | undefined {
    let best: Entry<T> | undefined;
    for (const [head] of this.#lines.values()) {
      if (head && (best === undefined || head.order < best.order) && passes(head.item)) best = head;
    }
    if (best) this.remove(best.item);
    return best?.item;
  }

  /** Everything that passes. */
  takeAll(passes: (item: T) => boolean): readonly T[] {
    const items = [...this.#lines.values()].flatMap((line) =>
      line[0] && passes(line[0].item) ? line.map(({ item }) => item) : [],
    );
    for (const item of items) this.#lines.delete(keyOf(item));
    return items;
  }

  remove(item: T): void {
    const key = keyOf(item);
    const line = this.#lines.get(key);
    if (line === undefined) return;
    if (line[0]?.item === item) line.shift();
    else {
      const index = line.findIndex((entry) => entry.item === item);
      if (index >= 0) line.splice(index, 1);
    }
    if (line.length === 0) this.#lines.delete(key);
  }

  #lineOf(item: T): Entry<T>[] {
    const key = keyOf(item);
    const line = this.#lines.get(key) ?? [];
    this.#lines.set(key, line);
    return line;
  }
}

function keyOf({ kind, name, version }: WorkDescription): string {
  return JSON.stringify([kind, name.toLowerCase(), version]);
}
