import type { CreationOrder, InstanceFilter } from "../../storage/index.ts";
import type { ListCursor } from "../listing/list-cursor.ts";
import type { Database, Statement } from "./database.ts";

export interface KeyRow {
  readonly run: number;
  readonly created_at: number;
  readonly status: number;
}

/** The way through the instances of one status in an order of their creation. */
export class TimeWalk {
  readonly order: CreationOrder;
  readonly #sameTime: Statement<KeyRow>;
  readonly #within: Statement<KeyRow>;

  constructor(database: Database, order: CreationOrder) {
    const [beyond, direction] = order === "newestFirst" ? ["<", "desc"] : [">", "asc"];
    this.order = order;
    this.#sameTime = database.prepare(
      `select run, created_at, status from instances
       where hub_id = ? and status = ? and created_at = ? and run ${beyond} ? order by run ${direction} limit ?`,
    );
    this.#within = database.prepare(
      `select run, created_at, status from instances
       where hub_id = ? and status = ? and created_at >= ? and created_at < ?
       order by created_at ${direction}, run ${direction} limit ?`,
    );
  }

  /** The next instances after the cursor that are of the filter's time. */
  next(
    {
      hubId,
      status,
      filter,
    }: { readonly hubId: number; readonly status: number; readonly filter: InstanceFilter },
    after: ListCursor | undefined,
    limit: number,
  ): readonly KeyRow[] {
    const { createdFrom: from = Number.MIN_SAFE_INTEGER } = filter;
    const end = endOf(filter);
    if (after === undefined || after.order === "byId") {
      return this.#within.all(hubId, status, from, end, limit);
    }
    const { createdAt, run } = after;
    const same = this.#sameTime.all(hubId, status, createdAt, run, limit);
    if (same.length === limit) return same;
    const [restFrom, restEnd] = this.order === "newestFirst" ? [from, createdAt] : [createdAt + 1, end];
    return [...same, ...this.#within.all(hubId, status, restFrom, restEnd, limit - same.length)];
  }

  /** Negative when the left one comes first. */
  compare(left: KeyRow, right: KeyRow): number {
    const older = left.created_at - right.created_at || left.run - right.run;
    return this.order === "oldestFirst" ? older : -older;
  }
}

/** The first time after the filter's, which is inclusive. */
function endOf({ createdTo = Number.MAX_SAFE_INTEGER - 1 }: InstanceFilter): number {
  return Math.floor(createdTo) + 1;
}
