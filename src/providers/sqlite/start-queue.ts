import type { Pulled, PullRequest } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";

interface StartRow {
  readonly instance_id: string;
  readonly run: number;
  readonly due_at: number;
}

/** Before every start there can be. */
const FIRST = { dueAt: Number.MIN_SAFE_INTEGER, run: 0 };

/** Pending instances, those without a schedule and those with one, each found by an index of its own. */
export class StartQueue {
  readonly #unscheduled: Statement<StartRow>;
  readonly #scheduled: Statement<StartRow>;
  readonly #next: Statement<{ readonly scheduled_at: number }>;

  constructor(database: Database) {
    this.#unscheduled = database.prepare(
      `select instance_id, run, created_at as due_at from instances
       where part = ? and status = 6 and scheduled_at is null and quarantined is null
         and (created_at, run) > (?, ?)
       order by created_at, run limit ?`,
    );
    this.#scheduled = database.prepare(
      `select instance_id, run, scheduled_at as due_at from instances
       where part = ? and status = 6 and scheduled_at is not null and quarantined is null and scheduled_at <= ?
         and (scheduled_at, run) > (?, ?)
       order by scheduled_at, run limit ?`,
    );
    this.#next = database.prepare(
      `select scheduled_at from instances
       where part = ? and status = 6 and scheduled_at is not null and quarantined is null and scheduled_at > ?
       order by scheduled_at limit 1`,
    );
  }

  due(
    part: number,
    { now, limit, afterStart = FIRST }: Pick<PullRequest, "now" | "limit" | "afterStart">,
  ): Pick<Pulled, "starts" | "nextStartAt"> {
    const { dueAt, run: afterRun } = afterStart;
    const rows = [
      ...this.#unscheduled.all(part, dueAt, afterRun, limit),
      ...this.#scheduled.all(part, now, dueAt, afterRun, limit),
    ];
    const first = rows.toSorted((left, right) => left.due_at - right.due_at || left.run - right.run);
    const next = this.#next.get(part, now)?.scheduled_at;
    return {
      starts: first
        .slice(0, limit)
        .map(({ instance_id: instanceId, run, due_at }) => ({ instanceId, run, dueAt: due_at })),
      ...(next === undefined ? {} : { nextStartAt: next }),
    };
  }
}
