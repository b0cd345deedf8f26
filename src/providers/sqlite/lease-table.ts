import type { OwnedPartition, WorkerIdentity } from "../../storage/index.ts";
import type { Database, Statement } from "./database.ts";
import { type HubRow, partAt } from "./hub-row.ts";
import { isGone } from "./local-processes.ts";

interface PartitionRow {
  readonly part: number;
  readonly epoch: number;
  readonly owner: string | null;
  readonly taken_over: number;
}

interface WorkerRow {
  readonly worker_id: string;
  readonly process_id: number;
  readonly host_name: string;
  readonly beat_at: number;
  readonly lease_ms: number;
}

/**
 * Who owns which partition.
 *
 * A partition is free when nobody owns it, when its owner has not beaten for its lease time, or when its owner ran on
 * this machine and its process is gone. Each change of owner raises the epoch.
 */
export class LeaseTable {
  readonly #partition: Statement<PartitionRow>;
  readonly #partitions: Statement<PartitionRow>;
  readonly #insertPartition: Statement;
  readonly #take: Statement;
  readonly #free: Statement;
  readonly #fence: Statement;
  readonly #deletePartitions: Statement;
  readonly #worker: Statement<WorkerRow>;
  readonly #beat: Statement;
  readonly #deleteWorker: Statement;
  readonly #deleteWorkers: Statement;
  readonly #deleteOldWorkers: Statement;

  constructor(database: Database) {
    this.#partition = database.prepare(
      "select part, epoch, owner, taken_over from partitions where part = ?",
    );
    this.#partitions = database.prepare(
      "select part, epoch, owner, taken_over from partitions where part between ? and ? order by part",
    );
    this.#insertPartition = database.prepare(
      "insert into partitions (part, epoch, owner, taken_over) values (?, 0, null, 0)",
    );
    this.#take = database.prepare(
      "update partitions set epoch = epoch + 1, owner = ?, taken_over = ? where part = ?",
    );
    this.#free = database.prepare(
      "update partitions set owner = null, taken_over = 0 where part between ? and ? and owner = ?",
    );
    this.#fence = database.prepare(
      "update partitions set epoch = epoch + 1, owner = null where part between ? and ?",
    );
    this.#deletePartitions = database.prepare("delete from partitions where part between ? and ?");
    this.#worker = database.prepare(
      "select worker_id, process_id, host_name, beat_at, lease_ms from workers where hub_id = ? and worker_id = ?",
    );
    this.#beat = database.prepare(
      `insert into workers (hub_id, worker_id, process_id, host_name, beat_at, lease_ms) values (?, ?, ?, ?, ?, ?)
       on conflict do update set beat_at = excluded.beat_at, lease_ms = excluded.lease_ms`,
    );
    this.#deleteWorker = database.prepare("delete from workers where hub_id = ? and worker_id = ?");
    this.#deleteWorkers = database.prepare("delete from workers where hub_id = ?");
    this.#deleteOldWorkers = database.prepare(
      `delete from workers where hub_id = ? and beat_at + lease_ms <= ?
         and worker_id not in (select owner from partitions where part between ? and ? and owner is not null)`,
    );
  }

  create(hubId: number, partitionCount: number): void {
    for (let partition = 0; partition < partitionCount; partition++) {
      this.#insertPartition.run(partAt(hubId, partition));
    }
  }

  /** Makes the worker known, or renews its lease, and takes what is free. */
  beat(
    hub: HubRow,
    { workerId, processId, hostName, leaseMs }: WorkerIdentity,
    now: number,
  ): readonly OwnedPartition[] {
    const [first, last] = rangeOf(hub.hubId);
    this.#beat.run(hub.hubId, workerId, processId, hostName, now, leaseMs);
    for (const { part, owner } of this.#partitions.all(first, last)) {
      if (owner !== null && this.#isAlive(hub.hubId, owner, now)) continue;
      this.#take.run(workerId, owner === null ? 0 : 1, part);
    }
    this.#deleteOldWorkers.run(hub.hubId, now, first, last);
    return this.#ownedBy(hub.hubId, workerId);
  }

  leave(hub: HubRow, workerId: string): void {
    this.#free.run(...rangeOf(hub.hubId), workerId);
    this.#deleteWorker.run(hub.hubId, workerId);
  }

  holds(hub: HubRow, workerId: string, partition: number, epoch: number): boolean {
    const row = this.#partition.get(partAt(hub.hubId, partition));
    return row !== undefined && row.owner === workerId && row.epoch === epoch;
  }

  /** Takes the partitions from whoever has them. */
  fence(hubId: number): void {
    this.#fence.run(...rangeOf(hubId));
  }

  delete(hubId: number): void {
    this.#deletePartitions.run(...rangeOf(hubId));
    this.#deleteWorkers.run(hubId);
  }

  #ownedBy(hubId: number, workerId: string): readonly OwnedPartition[] {
    const rows = this.#partitions.all(...rangeOf(hubId)).filter((row) => row.owner === workerId);
    return rows.map(({ part, epoch, taken_over: takenOver }) => ({
      partition: part - partAt(hubId, 0),
      epoch,
      takenOver: takenOver === 1,
    }));
  }

  #isAlive(hubId: number, workerId: string, now: number): boolean {
    const row = this.#worker.get(hubId, workerId);
    if (row === undefined || row.beat_at + row.lease_ms <= now) return false;
    return !isGone({ workerId, processId: row.process_id, hostName: row.host_name });
  }
}

function rangeOf(hubId: number): [first: number, last: number] {
  return [partAt(hubId, 0), partAt(hubId + 1, 0) - 1];
}
