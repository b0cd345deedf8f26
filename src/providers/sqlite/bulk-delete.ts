import { TERMINAL_STATUSES } from "../../core/orchestration-status.ts";
import type { Database, Statement } from "./database.ts";
import { isOfRun } from "./history-places.ts";
import type { HubRow } from "./hub-row.ts";
import { numberOf } from "./instance-row.ts";

interface RemovedRow {
  readonly run: number;
  readonly part: number;
  readonly instance_id: string;
}

export interface BulkDeleted {
  readonly instanceIds: readonly string[];
  readonly rows: number;
}

const RUNS = "(select value from json_each(?))";
const TERMINAL = TERMINAL_STATUSES.map(numberOf).join(", ");

/** Removes many instances with a few statements; their ids stay behind (see InstanceIds). */
export class BulkDelete {
  readonly #instances: Statement<RemovedRow>;
  readonly #endedInstances: Statement<RemovedRow>;
  readonly #history: Statement;
  readonly #timers: Statement;
  readonly #anyMessage: Statement<{ readonly id: number }>;
  readonly #messages: Statement;
  readonly #ids: Statement;

  constructor(database: Database) {
    const removed = "returning run, part, instance_id";
    this.#instances = database.prepare(
      `delete from instances where run in ${RUNS} and +hub_id = ? ${removed}`,
    );
    this.#endedInstances = database.prepare(
      `delete from instances where run in ${RUNS} and +hub_id = ? and +status in (${TERMINAL}) ${removed}`,
    );
    this.#history = database.prepare(`delete from history where place in
         (select place from json_each(?) cross join history on ${isOfRun("place", "value")})`);
    this.#timers = database.prepare(`delete from timers where run in ${RUNS}`);
    this.#anyMessage = database.prepare("select id from inbox limit 1");
    this.#messages = database.prepare(
      `delete from inbox where (part, instance_id) in
         (select value ->> 0, value ->> 1 from json_each(?))`,
    );
    this.#ids = database.prepare(`delete from instance_ids where hub_id = ? and instance_id in ${RUNS}`);
  }

  /** Those of the hub's instances at these runs that have ended, with history, timers and messages. */
  deleteEnded({ hubId }: HubRow, runs: readonly number[]): BulkDeleted {
    const removed = this.#endedInstances.all(JSON.stringify(runs), hubId);
    const rows = removed.length + this.#deleteChildren(removed);
    return { instanceIds: removed.map((row) => row.instance_id), rows };
  }

  /** The hub's instances at these runs, whatever their status; how many rows that were. */
  delete({ hubId }: HubRow, runs: readonly number[]): number {
    const removed = this.#instances.all(JSON.stringify(runs), hubId);
    return removed.length + this.#deleteChildren(removed);
  }

  deleteIds({ hubId }: HubRow, instanceIds: readonly string[]): void {
    this.#ids.run(hubId, JSON.stringify(instanceIds));
  }

  #deleteChildren(removed: readonly RemovedRow[]): number {
    if (removed.length === 0) return 0;
    const runs = JSON.stringify(removed.map(({ run }) => run));
    const rows = this.#history.run(runs).changes + this.#timers.run(runs).changes;
    if (this.#anyMessage.get() === undefined) return rows;
    const owners = JSON.stringify(removed.map(({ part, instance_id: instanceId }) => [part, instanceId]));
    return rows + this.#messages.run(owners).changes;
  }
}
