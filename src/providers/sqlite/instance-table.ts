import type { InstancePatch, NewInstance, NextRun } from "../../storage/index.ts";
import type { Database, SqlValue, Statement } from "./database.ts";
import { type HubRow, partOf } from "./hub-row.ts";
import { InstanceIds } from "./instance-ids.ts";
import { INSTANCE_COLUMNS, type InstanceRow, numberOf } from "./instance-row.ts";

const PENDING = numberOf("Pending");
const NO_PATCH: InstancePatch = {};

const INSERT = `
  insert into instances (
    run, hub_id, part, instance_id, execution_id, name, version, status, created_at, scheduled_at, completed_at,
    recover, custom_status, parent, tags, trace_context, failure, input, output
  ) values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`;
const BY_ID =
  "from instance_ids n cross join instances i on i.run = n.run where n.hub_id = ? and n.instance_id = ?";

/** The rows of instances, found by run or by id. */
export class InstanceTable {
  readonly ids: InstanceIds;
  readonly #exists: Statement<{ readonly run: number }>;
  readonly #find: Statement<{ readonly run: number; readonly status: number }>;
  readonly #read: Statement<InstanceRow>;
  readonly #someOf: Statement<{ readonly run: number }>;
  readonly #toRecover: Statement<{ readonly instance_id: string }>;
  readonly #insert: Statement;
  readonly #delete: Statement;
  readonly #move: Statement;
  readonly #setInput: Statement;
  readonly #setAttempts: Statement;
  readonly #quarantine: Statement;
  readonly #patches: PatchStatements;

  constructor(database: Database) {
    this.ids = new InstanceIds(database);
    this.#exists = database.prepare("select run from instances where run = ?");
    this.#find = database.prepare(`select i.run, i.status ${BY_ID}`);
    this.#read = database.prepare(`select ${INSTANCE_COLUMNS}, i.failure, i.input, i.output ${BY_ID}`);
    this.#someOf = database.prepare("select run from instances where hub_id = ? limit ?");
    this.#toRecover = database.prepare(
      `select instance_id from instances
       where part = ? and recover = 1 and quarantined is null and instance_id > ? order by instance_id limit ?`,
    );
    this.#insert = database.prepare(INSERT);
    this.#delete = database.prepare("delete from instances where run = ?");
    this.#move = database.prepare(
      `update instances set run = ?, execution_id = ?, created_at = coalesce(?, created_at),
         version = coalesce(?, version), parent = coalesce(?, parent), attempts = 0, attempts_seq = null, quarantined = null
       where run = ?`,
    );
    this.#setInput = database.prepare("update instances set input = ? where run = ?");
    this.#setAttempts = database.prepare("update instances set attempts = ?, attempts_seq = ? where run = ?");
    this.#quarantine = database.prepare(
      "update instances set quarantined = ? where run = (select run from instance_ids where hub_id = ? and instance_id = ?)",
    );
    this.#patches = new PatchStatements(database);
  }

  isAtRun(run: number): boolean {
    return this.#exists.get(run) !== undefined;
  }

  find(hub: HubRow, instanceId: string): { readonly run: number; readonly status: number } | undefined {
    return this.#find.get(hub.hubId, instanceId);
  }

  row(hub: HubRow, instanceId: string): InstanceRow | undefined {
    return this.#read.get(hub.hubId, instanceId);
  }

  /** The runs of some instances of a hub, in no order. */
  someOf(hub: HubRow, limit: number): readonly number[] {
    return this.#someOf.all(hub.hubId, limit).map(({ run }) => run);
  }

  toRecover(part: number, afterInstanceId: string, limit: number): readonly string[] {
    return this.#toRecover.all(part, afterInstanceId, limit).map((row) => row.instance_id);
  }

  /** False when the id is taken. */
  insert(hub: HubRow, instance: NewInstance, patch: InstancePatch = NO_PATCH): boolean {
    const { instanceId, parent, tags, traceContext } = instance;
    if (!this.ids.claim(hub, instanceId, instance.run)) return false;
    const { status, recover } = patch;
    this.#insert.run(
      instance.run,
      hub.hubId,
      partOf(hub, instanceId),
      instanceId,
      instance.executionId,
      instance.name,
      instance.version ?? null,
      status === undefined ? PENDING : numberOf(status),
      instance.createdAt,
      instance.scheduledAt ?? null,
      patch.completedAt ?? null,
      recover ? 1 : 0,
      patch.customStatus ?? null,
      parent === undefined ? null : JSON.stringify(parent),
      tags === undefined ? null : JSON.stringify(tags),
      traceContext === undefined ? null : JSON.stringify(traceContext),
      patch.failure ?? null,
      patch.input === undefined ? (instance.input ?? null) : patch.input,
      patch.output ?? null,
    );
    return true;
  }

  patch(run: number, patch: InstancePatch): void {
    this.#patches.run(run, patch);
  }

  /** Continue-as-new and rewind. */
  move(run: number, next: NextRun): void {
    const parent = next.parent === undefined ? null : JSON.stringify(next.parent);
    this.#move.run(next.run, next.executionId, next.createdAt ?? null, next.version ?? null, parent, run);
    this.ids.follow(next.run);
    if (next.input !== undefined) this.#setInput.run(next.input, next.run);
  }

  delete(hub: HubRow, instanceId: string, run: number): void {
    this.#delete.run(run);
    this.ids.delete(hub, instanceId);
  }

  setAttempts(row: InstanceRow, attempts: number): void {
    this.#setAttempts.run(attempts, row.last_seq, row.run);
  }

  quarantine(hub: HubRow, instanceId: string, reason: string): void {
    this.#quarantine.run(reason, hub.hubId, instanceId);
  }
}

/**
 * One statement for each set of columns a patch names, prepared when it is first met: an update writes only the
 * indexes of the columns it names, and most episodes name none that is in an index.
 */
class PatchStatements {
  readonly #database: Database;
  readonly #bySet = new Map<number, Statement>();

  constructor(database: Database) {
    this.#database = database;
  }

  run(run: number, patch: InstancePatch): void {
    const { status, output, failure, customStatus, recover, completedAt, input, version } = patch;
    const values: SqlValue[] = [];
    let set = 0;
    if (status !== undefined) set |= add(values, 1, numberOf(status));
    if (output !== undefined) set |= add(values, 2, output);
    if (failure !== undefined) set |= add(values, 4, failure);
    if (customStatus !== undefined) set |= add(values, 8, customStatus);
    if (recover !== undefined) set |= add(values, 16, recover ? 1 : 0);
    if (completedAt !== undefined) set |= add(values, 32, completedAt);
    if (input !== undefined) set |= add(values, 64, input);
    if (version !== undefined) set |= add(values, 128, version);
    if (set === 0) return;
    values.push(run);
    const statement = this.#bySet.get(set) ?? this.#prepare(set);
    statement.run(...values);
  }

  #prepare(set: number): Statement {
    const columns = PATCH_COLUMNS.filter((_, bit) => set & (1 << bit)).map((column) => `${column} = ?`);
    const statement = this.#database.prepare(`update instances set ${columns.join(", ")} where run = ?`);
    this.#bySet.set(set, statement);
    return statement;
  }
}

/** In the order of the bits above. */
const PATCH_COLUMNS = [
  "status",
  "output",
  "failure",
  "custom_status",
  "recover",
  "completed_at",
  "input",
  "version",
];

function add(values: SqlValue[], bit: number, value: SqlValue): number {
  values.push(value);
  return bit;
}
