import type { Database, Statement } from "./database.ts";
import type { HubRow } from "./hub-row.ts";

interface Row {
  readonly hub_id: number;
  readonly name: string;
  readonly partition_count: number;
  readonly created_at: number;
}

const COLUMNS = "hub_id, name, partition_count, created_at";

/** The task hubs of one file. A name is compared by its key, which a deleted hub does not have. */
export class HubTable {
  readonly #find: Statement<Row>;
  readonly #list: Statement<Row>;
  readonly #isAlive: Statement<{ readonly hub_id: number }>;
  readonly #insert: Statement;
  readonly #markDeleted: Statement;
  readonly #deleted: Statement<Row>;
  readonly #delete: Statement;
  readonly #toSweep: Statement<Row & { readonly sweep_after: string }>;
  readonly #setSweep: Statement;

  constructor(database: Database) {
    this.#find = database.prepare(`select ${COLUMNS} from hubs where name_key = ?`);
    this.#list = database.prepare(`select ${COLUMNS} from hubs where name_key is not null order by name_key`);
    this.#isAlive = database.prepare("select hub_id from hubs where hub_id = ? and name_key is not null");
    this.#insert = database.prepare(
      "insert into hubs (name, name_key, partition_count, created_at) values (?, ?, ?, ?)",
    );
    this.#markDeleted = database.prepare("update hubs set name_key = null where hub_id = ?");
    this.#deleted = database.prepare(
      `select ${COLUMNS} from hubs where name_key is null order by hub_id limit 1`,
    );
    this.#delete = database.prepare("delete from hubs where hub_id = ?");
    this.#toSweep = database.prepare(
      `select ${COLUMNS}, sweep_after from hubs where sweep_after is not null order by hub_id limit 1`,
    );
    this.#setSweep = database.prepare("update hubs set sweep_after = ? where hub_id = ?");
  }

  find(name: string): HubRow | undefined {
    return hubOf(this.#find.get(keyOf(name)));
  }

  list(): readonly HubRow[] {
    return this.#list.all().flatMap((row) => hubOf(row) ?? []);
  }

  exists({ hubId }: HubRow): boolean {
    return this.#isAlive.get(hubId) !== undefined;
  }

  insert(name: string, partitionCount: number, createdAt: number): HubRow {
    const { lastInsertRowid } = this.#insert.run(name, keyOf(name), partitionCount, createdAt);
    return { hubId: Number(lastInsertRowid), description: { name, partitionCount, createdAt } };
  }

  markDeleted({ hubId }: HubRow): void {
    this.#markDeleted.run(hubId);
  }

  /** A hub whose rows wait to be swept. */
  firstDeleted(): HubRow | undefined {
    return hubOf(this.#deleted.get());
  }

  delete({ hubId }: HubRow): void {
    this.#delete.run(hubId);
  }

  /** A hub whose ids have to be swept, from after this one on. */
  firstToSweep(): { readonly hub: HubRow; readonly after: string } | undefined {
    const row = this.#toSweep.get();
    const hub = hubOf(row);
    return row && hub && { hub, after: row.sweep_after };
  }

  /** Where the sweep of a hub's ids goes on; `undefined` when it is done. */
  setSweep({ hubId }: HubRow, after: string | undefined): void {
    this.#setSweep.run(after ?? null, hubId);
  }
}

function hubOf(row: Row | undefined): HubRow | undefined {
  if (row === undefined) return undefined;
  const { hub_id: hubId, name, partition_count: partitionCount, created_at: createdAt } = row;
  return { hubId, description: { name, partitionCount, createdAt } };
}

function keyOf(name: string): string {
  return name.toLowerCase();
}
