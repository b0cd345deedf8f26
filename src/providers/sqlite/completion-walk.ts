import { TERMINAL_STATUSES } from "../../core/orchestration-status.ts";
import type { CompletionFilter } from "../../storage/index.ts";
import { type CompletionCursor, compareCompletion } from "../listing/completion-cursor.ts";
import type { Database, Statement } from "./database.ts";
import { numberOf } from "./instance-row.ts";

interface EndedRow {
  readonly instance_id: string;
  readonly completed_at: number;
}

/**
 * The way through the ended instances of a hub in the order of their completion.
 *
 * Each status is read in the order of an index from where the page begins, and the heads are merged: every filter
 * costs the same at any depth. The index has no ids; SQLite sorts the instances of one millisecond by them.
 */
export class CompletionWalk {
  readonly #sameTime: Statement<EndedRow>;
  readonly #within: Statement<EndedRow>;

  constructor(database: Database) {
    this.#sameTime = database.prepare(
      `select instance_id, completed_at from instances
       where hub_id = ? and status = ? and completed_at = ? and instance_id > ? order by instance_id limit ?`,
    );
    this.#within = database.prepare(
      `select instance_id, completed_at from instances
       where hub_id = ? and status = ? and completed_at >= ? and completed_at < ?
       order by completed_at, instance_id limit ?`,
    );
  }

  /** The next instances after the cursor, at most `limit`. */
  next(
    hubId: number,
    filter: CompletionFilter,
    after: CompletionCursor | undefined,
    limit: number,
  ): readonly CompletionCursor[] {
    const { statuses = TERMINAL_STATUSES } = filter;
    const heads = TERMINAL_STATUSES.filter((status) => statuses.includes(status)).flatMap((status) =>
      this.#head({ hubId, status: numberOf(status), filter }, after, limit),
    );
    return heads
      .map((row) => ({ completedAt: row.completed_at, instanceId: row.instance_id }))
      .toSorted(compareCompletion)
      .slice(0, limit);
  }

  #head(
    {
      hubId,
      status,
      filter,
    }: { readonly hubId: number; readonly status: number; readonly filter: CompletionFilter },
    after: CompletionCursor | undefined,
    limit: number,
  ): readonly EndedRow[] {
    const { completedFrom = Number.MIN_SAFE_INTEGER, completedTo = Number.MAX_SAFE_INTEGER - 1 } = filter;
    const end = Math.floor(completedTo) + 1;
    if (after === undefined) return this.#within.all(hubId, status, completedFrom, end, limit);
    const { completedAt, instanceId } = after;
    const same = this.#sameTime.all(hubId, status, completedAt, instanceId, limit);
    if (same.length === limit) return same;
    return [...same, ...this.#within.all(hubId, status, completedAt + 1, end, limit - same.length)];
  }
}
