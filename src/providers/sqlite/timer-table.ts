import type { PullRequest, Timer, TimerKey } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";

interface TimerRow {
  readonly due_at: number;
  readonly run: number;
  readonly id: number;
  readonly instance_id: string;
}

/** Durable timers. A timer knows its instance by run, so those of a former run are found by nobody. */
export class TimerTable {
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #deleteOf: Statement;
  readonly #due: Statement<TimerRow>;

  constructor(database: Database) {
    this.#insert = database.prepare(
      "insert into timers (part, due_at, run, id) values (?, ?, ?, ?) on conflict do nothing",
    );
    this.#delete = database.prepare(
      "delete from timers where part = ? and due_at = ? and run = ? and id = ?",
    );
    this.#deleteOf = database.prepare("delete from timers where run = ?");
    this.#due = database.prepare(
      `select t.due_at, t.run, t.id, i.instance_id
       from timers t cross join instances i on i.run = t.run
       where t.part = ? and (t.due_at, t.run, t.id) > (?, ?, ?) and t.due_at <= ? and i.quarantined is null
       order by t.due_at, t.run, t.id limit ?`,
    );
  }

  add(part: number, { dueAt, run, id }: TimerKey): void {
    this.#insert.run(part, dueAt, run, id);
  }

  delete(part: number, { dueAt, run, id }: TimerKey): void {
    this.#delete.run(part, dueAt, run, id);
  }

  deleteOf(run: number): number {
    return this.#deleteOf.run(run).changes;
  }

  due(part: number, { after, until }: NonNullable<PullRequest["timers"]>, limit: number): readonly Timer[] {
    const { dueAt, run, id } = after ?? { dueAt: Number.MIN_SAFE_INTEGER, run: 0, id: 0 };
    const rows = this.#due.all(part, dueAt, run, id, until, limit);
    return rows.map((row) => ({ dueAt: row.due_at, run: row.run, id: row.id, instanceId: row.instance_id }));
  }
}
