import type { RuntimeStatus } from "../../core/orchestration-status.ts";
import type { InstanceFilter } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { numberOf } from "./instance-row.ts";

/** So many index entries are counted in one go, which takes about half a millisecond. */
const PIECE = 20_000;

/** Counts instances by the index of statuses and times, a piece at a time. */
export class InstanceCount {
  readonly #last: Statement<{ readonly created_at: number; readonly run: number }>;
  readonly #restOfTime: Statement<{ readonly count: number }>;
  readonly #rest: Statement<{ readonly count: number }>;

  constructor(database: Database) {
    const inRange = "from instances where hub_id = ? and status = ? and created_at > ? and created_at <= ?";
    this.#last = database.prepare(
      `select created_at, run ${inRange} order by created_at, run limit 1 offset ${PIECE - 1}`,
    );
    this.#restOfTime = database.prepare(
      "select count(*) as count from instances where hub_id = ? and status = ? and created_at = ? and run > ?",
    );
    this.#rest = database.prepare(`select count(*) as count ${inRange}`);
  }

  /** The counts of the pieces; their sum is the count. To step over a piece counts it: only the last has to be counted. */
  *pieces(hubId: number, status: RuntimeStatus, filter: InstanceFilter): Generator<number> {
    const number = numberOf(status);
    const to = filter.createdTo ?? Number.MAX_SAFE_INTEGER;
    let after = Math.ceil(filter.createdFrom ?? Number.MIN_SAFE_INTEGER + 1) - 1;
    for (;;) {
      const last = this.#last.get(hubId, number, after, to);
      if (last === undefined) break;
      after = last.created_at;
      yield PIECE + (this.#restOfTime.get(hubId, number, after, last.run)?.count ?? 0);
    }
    yield this.#rest.get(hubId, number, after, to)?.count ?? 0;
  }
}
