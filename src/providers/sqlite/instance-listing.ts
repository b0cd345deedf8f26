import { RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import { type InstanceFilter, matchesFilter } from "../../storage/index.ts";
import { type ListCursor, orderOf } from "../listing/continuation-token.ts";
import type { Database, Statement } from "./database.ts";
import { numberOf, statusOf } from "./instance-row.ts";

interface KeyRow {
  readonly run: number;
  readonly created_at: number;
  readonly status: number;
}

interface NamedRow extends KeyRow {
  readonly instance_id: string;
  readonly name: string;
}

/** A free id has no instance. */
type IdRow = { readonly instance_id: string } & (NamedRow | { readonly run: null });

export interface ListedInstance {
  readonly run: number;
  readonly status: RuntimeStatus;
  readonly cursor: ListCursor;
}

/** A piece of the way through a listing. */
export interface ListingStep {
  readonly found: readonly ListedInstance[];
  /** How far the walk has come; absent at the end of the listing. */
  readonly cursor?: ListCursor;
}

/**
 * Walks the instances of a hub in the order of their listing.
 *
 * One index, (hub, status, createdAt, run), serves every filter by status and time at the same cost at any depth:
 * each status is read from where the page begins and the heads are merged. A prefix walks the ids. A name has no
 * index: its walk looks at every instance the other conditions leave, a step at a time.
 */
export class InstanceListing {
  readonly #sameTime: Statement<KeyRow>;
  readonly #older: Statement<KeyRow>;
  readonly #byId: Statement<IdRow>;
  readonly #named: Statement<NamedRow>;

  constructor(database: Database) {
    this.#sameTime = database.prepare(
      `select run, created_at, status from instances
       where hub_id = ? and status = ? and created_at = ? and run < ? order by run desc limit ?`,
    );
    this.#older = database.prepare(
      `select run, created_at, status from instances
       where hub_id = ? and status = ? and created_at >= ? and created_at < ?
       order by created_at desc, run desc limit ?`,
    );
    this.#byId = database.prepare(
      `select n.instance_id, i.run, i.created_at, i.status, i.name
       from instance_ids n left join instances i on i.run = n.run
       where n.hub_id = ? and n.instance_id >= ? and n.instance_id < ? order by n.instance_id limit ?`,
    );
    this.#named = database.prepare(
      "select run, created_at, status, instance_id, name from instances where run = ?",
    );
  }

  /** Looks at no more than about `limit` instances. */
  step(hubId: number, filter: InstanceFilter, after: ListCursor | undefined, limit: number): ListingStep {
    return orderOf(filter) === "byId"
      ? this.#stepById(hubId, filter, after, limit)
      : this.#stepByTime(hubId, filter, after, limit);
  }

  #stepById(
    hubId: number,
    filter: InstanceFilter,
    after: ListCursor | undefined,
    limit: number,
  ): ListingStep {
    const prefix = filter.instanceIdPrefix ?? "";
    const from = after?.order === "byId" ? successorOf(after.instanceId) : prefix;
    const rows = this.#byId.all(hubId, from, endOfPrefix(prefix), limit);
    const found = rows
      .filter((row) => row.run !== null)
      .filter((row) => matches(filter, row))
      .map((row) => listed(row, idCursor(row)));
    const last = rows.at(-1);
    return last && rows.length === limit ? { found, cursor: idCursor(last) } : { found };
  }

  #stepByTime(
    hubId: number,
    filter: InstanceFilter,
    after: ListCursor | undefined,
    limit: number,
  ): ListingStep {
    const heads = statusNumbers(filter.statuses).flatMap((status) =>
      this.#head(hubId, status, filter, after, limit),
    );
    const rows = heads.toSorted(newestFirst).slice(0, limit);
    const wanted = filter.name === undefined ? rows : rows.filter((row) => this.#hasName(row, filter));
    const found = wanted.map((row) => listed(row, timeCursor(row)));
    const last = rows.at(-1);
    return last && rows.length === limit ? { found, cursor: timeCursor(last) } : { found };
  }

  /** The next instances of one status. */
  #head(
    hubId: number,
    status: number,
    filter: InstanceFilter,
    after: ListCursor | undefined,
    limit: number,
  ): readonly KeyRow[] {
    const from = filter.createdFrom ?? Number.MIN_SAFE_INTEGER;
    if (after?.order !== "newestFirst") {
      return this.#older.all(hubId, status, from, endOf(filter), limit);
    }
    const same = this.#sameTime.all(hubId, status, after.createdAt, after.run, limit);
    if (same.length === limit) return same;
    return [...same, ...this.#older.all(hubId, status, from, after.createdAt, limit - same.length)];
  }

  #hasName(row: KeyRow, filter: InstanceFilter): boolean {
    const named = this.#named.get(row.run);
    return named !== undefined && matches(filter, named);
  }
}

function matches(filter: InstanceFilter, row: NamedRow): boolean {
  const { instance_id: instanceId, name, status, created_at: createdAt } = row;
  return matchesFilter(filter, { instanceId, name, status: statusOf(status), createdAt });
}

function listed(row: KeyRow, cursor: ListCursor): ListedInstance {
  return { run: row.run, status: statusOf(row.status), cursor };
}

function timeCursor({ created_at: createdAt, run }: KeyRow): ListCursor {
  return { order: "newestFirst", createdAt, run };
}

function idCursor({ instance_id: instanceId }: IdRow): ListCursor {
  return { order: "byId", instanceId };
}

function newestFirst(left: KeyRow, right: KeyRow): number {
  return right.created_at - left.created_at || right.run - left.run;
}

function statusNumbers(statuses: readonly RuntimeStatus[] = RUNTIME_STATUSES): readonly number[] {
  return [...new Set(statuses)].map(numberOf);
}

/** The first time after the filter's, which is inclusive. */
function endOf({ createdTo = Number.MAX_SAFE_INTEGER - 1 }: InstanceFilter): number {
  return Math.floor(createdTo) + 1;
}

/** The smallest text above the given one. */
function successorOf(instanceId: string): string {
  return `${instanceId}\0`;
}

/** Above every id that begins with the prefix, short of ids that go on with this last of all characters. */
function endOfPrefix(prefix: string): string {
  return `${prefix}\u{10ffff}`;
}
