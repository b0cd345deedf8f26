import { RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import { type CreationOrder, type InstanceFilter, matchesFilter } from "../../storage/index.ts";
import { type ListCursor, orderOf } from "../listing/list-cursor.ts";
import type { Database, Statement } from "./database.ts";
import { endOfPrefix, isBelow, successorOf } from "./id-order.ts";
import { numberOf, statusOf } from "./instance-row.ts";
import { type KeyRow, TimeWalk } from "./time-walk.ts";

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
  readonly #byTime: Readonly<Record<CreationOrder, TimeWalk>>;
  readonly #byId: Statement<IdRow>;
  readonly #named: Statement<NamedRow>;

  constructor(database: Database) {
    this.#byTime = {
      newestFirst: new TimeWalk(database, "newestFirst"),
      oldestFirst: new TimeWalk(database, "oldestFirst"),
    };
    this.#byId = database.prepare(
      `select n.instance_id, i.run, i.created_at, i.status, i.name
       from instance_ids n left join instances i on i.run = n.run
       where n.hub_id = ? and n.instance_id >= ? and ${isBelow("n.instance_id")} order by n.instance_id limit ?`,
    );
    this.#named = database.prepare(
      "select run, created_at, status, instance_id, name from instances where run = ?",
    );
  }

  /** Looks at no more than about `limit` instances. The order is of creation, where the filter leaves one. */
  step(
    hubId: number,
    filter: InstanceFilter,
    after: ListCursor | undefined,
    limit: number,
    creation?: CreationOrder,
  ): ListingStep {
    const order = orderOf(filter, creation);
    return order === "byId"
      ? this.#stepById(hubId, filter, after, limit)
      : this.#stepByTime(hubId, filter, after, limit, order);
  }

  #stepById(
    hubId: number,
    filter: InstanceFilter,
    after: ListCursor | undefined,
    limit: number,
  ): ListingStep {
    const prefix = filter.instanceIdPrefix ?? "";
    const from = after?.order === "byId" ? successorOf(after.instanceId) : prefix;
    const rows = this.#byId.all(hubId, from, endOfPrefix(prefix) ?? null, limit);
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
    order: CreationOrder,
  ): ListingStep {
    const walk = this.#byTime[order];
    const heads = statusNumbers(filter.statuses).flatMap((status) =>
      walk.next({ hubId, status, filter }, after, limit),
    );
    const rows = heads.toSorted((left, right) => walk.compare(left, right)).slice(0, limit);
    const wanted = filter.name === undefined ? rows : rows.filter((row) => this.#hasName(row, filter));
    const found = wanted.map((row) => listed(row, timeCursor(row, order)));
    const last = rows.at(-1);
    return last && rows.length === limit ? { found, cursor: timeCursor(last, order) } : { found };
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

function timeCursor({ created_at: createdAt, run }: KeyRow, order: CreationOrder): ListCursor {
  return { order, createdAt, run };
}

function idCursor({ instance_id: instanceId }: IdRow): ListCursor {
  return { order: "byId", instanceId };
}

function statusNumbers(statuses: readonly RuntimeStatus[] = RUNTIME_STATUSES): readonly number[] {
  return [...new Set(statuses)].map(numberOf);
}
