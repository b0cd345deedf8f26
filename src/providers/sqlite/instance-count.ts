import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type { InstanceFilter } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { numberOf } from "./instance-row.ts";

/** So many index entries are counted in one go, which takes about a millisecond. */
const PIECE = 20_000;

/** Counts instances by the index of statuses and times, a piece at a time. */
export class InstanceCount {
  readonly #boundary: Statement<{ readonly created_at: number }>;
  readonly #count: Statement<{ readonly count: number }>;

  constructor(database: Database) {
    this.#boundary = database.prepare(
      `select created_at from instances where hub_id = ? and status = ? and created_at > ? and created_at <= ?
       order by created_at limit 1 offset ?`,
    );
    this.#count = database.prepare(
      `select count(*) as count from instances
       where hub_id = ? and status = ? and created_at > ? and created_at <= ?`,
    );
  }

  /** The counts of the pieces; their sum is the count. */
  *pieces(hubId: number, status: RuntimeStatus, filter: InstanceFilter): Generator<number> {
    const number = numberOf(status);
    const to = filter.createdTo ?? Number.MAX_SAFE_INTEGER;
    let after = Math.ceil(filter.createdFrom ?? Number.MIN_SAFE_INTEGER + 1) - 1;
    while (after < to) {
      const boundary = this.#boundary.get(hubId, number, after, to, PIECE)?.created_at ?? to;
      yield this.#count.get(hubId, number, after, boundary)?.count ?? 0;
      after = boundary;
    }
  }
}
