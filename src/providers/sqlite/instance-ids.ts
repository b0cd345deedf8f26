import type { Database, Statement } from "./database.ts";
import type { HubRow } from "./hub-row.ts";
import { isUpTo } from "./id-order.ts";

const IS_STALE = "not exists (select 1 from instances i where i.run = instance_ids.run)";

/**
 * Which run an id stands for.
 *
 * A large purge leaves ids behind whose run is gone. Such an id is free, and no run is ever given out twice, so it can
 * never be taken for another instance; `sweep` removes them.
 */
export class InstanceIds {
  readonly #claim: Statement;
  readonly #follow: Statement;
  readonly #delete: Statement;
  readonly #last: Statement<{ readonly instance_id: string }>;
  readonly #sweep: Statement;
  readonly #deleteSome: Statement;

  constructor(database: Database) {
    this.#claim = database.prepare(
      `insert into instance_ids (hub_id, instance_id, run) values (?, ?, ?)
       on conflict do update set run = excluded.run where ${IS_STALE}`,
    );
    this.#follow = database.prepare(
      `update instance_ids set run = ?
       where (hub_id, instance_id) = (select hub_id, instance_id from instances where run = ?)`,
    );
    this.#delete = database.prepare("delete from instance_ids where hub_id = ? and instance_id = ?");
    this.#last = database.prepare(
      `select instance_id from instance_ids where hub_id = ? and instance_id > ? order by instance_id limit 1 offset ?`,
    );
    this.#sweep = database.prepare(
      `delete from instance_ids where hub_id = ? and instance_id > ? and ${isUpTo("instance_id")} and ${IS_STALE}`,
    );
    this.#deleteSome = database.prepare(
      `delete from instance_ids where hub_id = ? and instance_id <= coalesce(
         (select instance_id from instance_ids where hub_id = ? order by instance_id limit 1 offset ?),
         (select max(instance_id) from instance_ids where hub_id = ?))`,
    );
  }

  /** False when the id stands for an instance. */
  claim({ hubId }: HubRow, instanceId: string, run: number): boolean {
    return this.#claim.run(hubId, instanceId, run).changes > 0;
  }

  /** Lets the id of the instance that is at this run stand for it. */
  follow(run: number): void {
    this.#follow.run(run, run);
  }

  delete({ hubId }: HubRow, instanceId: string): void {
    this.#delete.run(hubId, instanceId);
  }

  /** The id so many places after the given one; `undefined` when there are fewer. */
  stepFrom({ hubId }: HubRow, instanceId: string, places: number): string | undefined {
    return this.#last.get(hubId, instanceId, places - 1)?.instance_id;
  }

  /** Removes the free ids after one id and up to another, or to the last. */
  sweep({ hubId }: HubRow, after: string, to: string | undefined): void {
    this.#sweep.run(hubId, after, to ?? null);
  }

  /** At most about `limit` ids of a hub; how many there were. */
  deleteSome({ hubId }: HubRow, limit: number): number {
    return this.#deleteSome.run(hubId, hubId, Math.max(limit - 1, 0), hubId).changes;
  }
}
