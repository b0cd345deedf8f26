import type { NewMessage, StoredMessage } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { type HubRow, partAt, partOf } from "./hub-row.ts";

interface MessageRow {
  readonly id: number;
  readonly instance_id: string;
  readonly key: string | null;
  readonly at: number;
  readonly event: string;
}

const COLUMNS = "id, instance_id, key, at, event";

/** Messages that wait for their instance. */
export class InboxTable {
  readonly #insert: Statement;
  readonly #insertDue: Statement;
  readonly #findKey: Statement<{ readonly id: number }>;
  readonly #after: Statement<MessageRow>;
  readonly #anyDue: Statement<{ readonly id: number }>;
  readonly #due: Statement<MessageRow>;
  readonly #next: Statement<{ readonly due_at: number }>;
  readonly #exists: Statement<{ readonly id: number }>;
  readonly #of: Statement<MessageRow>;
  readonly #delete: Statement;
  readonly #deleteOf: Statement;
  readonly #deleteSome: Statement;

  constructor(database: Database) {
    this.#insert = database.prepare(
      "insert into inbox (part, instance_id, key, at, event) values (?, ?, ?, ?, ?) on conflict do nothing",
    );
    this.#insertDue = database.prepare(
      "insert into inbox (part, instance_id, key, at, event, due_at) values (?, ?, ?, ?, ?, ?) on conflict do nothing",
    );
    this.#findKey = database.prepare("select id from inbox where part = ? and instance_id = ? and key = ?");
    this.#after = database.prepare(
      `select ${COLUMNS} from inbox where part = ? and id > ? and due_at is null order by id limit ?`,
    );
    this.#anyDue = database.prepare(
      "select id from inbox where part = ? and due_at is not null and due_at <= ? limit 1",
    );
    this.#due = database.prepare(
      `select ${COLUMNS} from inbox where part = ? and due_at is not null and due_at <= ? order by due_at, id limit ?`,
    );
    this.#next = database.prepare(
      "select due_at from inbox where part = ? and due_at is not null and due_at > ? order by due_at limit 1",
    );
    this.#exists = database.prepare("select id from inbox where id = ?");
    this.#of = database.prepare(
      `select ${COLUMNS} from inbox where part = ? and instance_id = ? order by id`,
    );
    this.#delete = database.prepare("delete from inbox where id = ?");
    this.#deleteOf = database.prepare("delete from inbox where part = ? and instance_id = ?");
    this.#deleteSome = database.prepare(
      "delete from inbox where id in (select id from inbox where part between ? and ? limit ?)",
    );
  }

  /** The id of the message, which is an older one's when that waits under the same key. */
  add(hub: HubRow, { instanceId, key: ownKey, at, dueAt, event }: NewMessage): number {
    const part = partOf(hub, instanceId);
    const key = ownKey ?? null;
    const { changes, lastInsertRowid } =
      dueAt === undefined
        ? this.#insert.run(part, instanceId, key, at, event)
        : this.#insertDue.run(part, instanceId, key, at, event, dueAt);
    if (changes > 0) return Number(lastInsertRowid);
    return this.#findKey.get(part, instanceId, key)?.id ?? 0;
  }

  after(part: number, id: number, limit: number): readonly StoredMessage[] {
    return this.#after.all(part, id, limit).map(messageOf);
  }

  has(id: number): boolean {
    return this.#exists.get(id) !== undefined;
  }

  hasDue(part: number, now: number): boolean {
    return this.#anyDue.get(part, now) !== undefined;
  }

  /** Gives messages whose time has come their place, and with it a new id, behind those that are there. */
  moveDue(part: number, now: number, limit: number): void {
    for (const { id, instance_id: instanceId, key, at, event } of this.#due.all(part, now, limit)) {
      this.#delete.run(id);
      this.#insert.run(part, instanceId, key, at, event);
    }
  }

  nextDue(part: number, now: number): number | undefined {
    return this.#next.get(part, now)?.due_at;
  }

  of(hub: HubRow, instanceId: string): readonly StoredMessage[] {
    return this.#of.all(partOf(hub, instanceId), instanceId).map(messageOf);
  }

  delete(id: number): void {
    this.#delete.run(id);
  }

  deleteOf(hub: HubRow, instanceId: string): number {
    return this.#deleteOf.run(partOf(hub, instanceId), instanceId).changes;
  }

  /** At most `limit` messages of a hub; how many there were. */
  deleteSome({ hubId }: HubRow, limit: number): number {
    return this.#deleteSome.run(partAt(hubId, 0), partAt(hubId + 1, 0) - 1, limit).changes;
  }
}

function messageOf({ id, instance_id: instanceId, key, at, event }: MessageRow): StoredMessage {
  return { id, instanceId, at, event, ...(key === null ? {} : { key }) };
}
