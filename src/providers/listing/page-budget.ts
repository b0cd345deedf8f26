import type { InstanceRecord } from "../../storage/index.ts";

/** How many bytes the texts of a page may still have. The first record always has room, so that the next page gets further. */
export class PageBudget {
  #left: number;
  #isEmpty = true;

  constructor(maxBytes: number) {
    this.#left = maxBytes;
  }

  /** False for the record before which the page ends. */
  takes(bytes: number): boolean {
    if (!this.#isEmpty && bytes > this.#left) return false;
    this.#isEmpty = false;
    this.#left -= bytes;
    return true;
  }
}

/** What a record takes of a budget. */
export function bytesOf(record: InstanceRecord): number {
  const { instanceId, executionId, name, version, input, output, failure, customStatus, quarantined } =
    record;
  const texts = [instanceId, executionId, name, version, input, output, failure, customStatus, quarantined];
  const objects = [record.parent, record.tags, record.traceContext].map(
    (value) => value && JSON.stringify(value),
  );
  return [...texts, ...objects].reduce((sum, text = "") => sum + Buffer.byteLength(text), 0);
}
