import { TERMINAL_STATUSES } from "../../core/orchestration-status.ts";
import type { Database, Statement } from "./database.ts";
import type { HubRow } from "./hub-row.ts";
import { numberOf } from "./instance-row.ts";

const RUNS = "(select value from json_each(?))";
const TERMINAL = TERMINAL_STATUSES.map(numberOf).join(", ");

/** Removes many instances with a few statements. */
export class BulkDelete {
  readonly #terminal: Statement<{ readonly run: number }>;
  readonly #ids: Statement;
  readonly #ofRuns: readonly Statement[];

  constructor(database: Database) {
    this.#terminal = database.prepare(
      `select run from instances where run in ${RUNS} and +hub_id = ? and +status in (${TERMINAL})`,
    );
    this.#ids = database.prepare(
      `delete from instance_ids where (hub_id, instance_id) in
         (select hub_id, instance_id from instances where run in ${RUNS})`,
    );
    this.#ofRuns = [
      `delete from history where run in ${RUNS}`,
      `delete from timers where run in ${RUNS}`,
      `delete from inbox where (part, instance_id) in
         (select part, instance_id from instances where run in ${RUNS})`,
      `delete from instances where run in ${RUNS}`,
    ].map((sql) => database.prepare(sql));
  }

  /** Those of these runs that are of the hub and have ended. */
  terminalOf({ hubId }: HubRow, runs: readonly number[]): readonly number[] {
    return this.#terminal.all(JSON.stringify(runs), hubId).map(({ run }) => run);
  }

  /** Goes before `delete`, or the ids stay behind (see InstanceIds). */
  deleteIds(runs: readonly number[]): void {
    this.#ids.run(JSON.stringify(runs));
  }

  /** The instances at these runs with their history, timers and messages; how many rows that were. */
  delete(runs: readonly number[]): number {
    const list = JSON.stringify(runs);
    return this.#ofRuns.reduce((rows, statement) => rows + statement.run(list).changes, 0);
  }
}
