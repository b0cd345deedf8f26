import type { InstanceRecord, PagePayloads } from "../../storage/index.ts";
import type { PageBudget } from "../listing/page-budget.ts";
import type { Database, Statement } from "./database.ts";
import type { ListedInstance } from "./instance-listing.ts";
import { INSTANCE_COLUMNS, type InstanceRow, recordOf } from "./instance-row.ts";

const TEXTS = [
  "instance_id",
  "execution_id",
  "name",
  "version",
  "quarantined",
  "custom_status",
  "parent",
  "tags",
  "trace_context",
];
const PAYLOADS = ["failure", "input", "output"];

/**
 * The records of what a listing has found.
 *
 * SQLite knows the bytes of a text from the head of its row: what does not fit on a page is measured and not read.
 */
export class ListedRecords {
  readonly #all: RecordReader;
  readonly #failures: RecordReader;
  readonly #lean: RecordReader;

  constructor(database: Database) {
    this.#all = new RecordReader(database, PAYLOADS);
    this.#failures = new RecordReader(database, ["failure"]);
    this.#lean = new RecordReader(database, []);
  }

  /** The first of these, as many as the budget has room for; without one, all. */
  read(
    listed: readonly ListedInstance[],
    payloads: PagePayloads,
    budget: PageBudget | undefined,
  ): readonly InstanceRecord[] {
    const reader = payloads === "failure" ? this.#failures : payloads ? this.#all : this.#lean;
    const records: InstanceRecord[] = [];
    for (const { run } of listed) {
      if (budget && !budget.takes(reader.bytes(run))) break;
      records.push(reader.record(run));
    }
    return records;
  }
}

/** Reads records with these payloads. */
class RecordReader {
  readonly #read: Statement<InstanceRow>;
  readonly #measure: Statement<{ readonly bytes: number }>;

  constructor(database: Database, payloads: readonly string[]) {
    const columns = PAYLOADS.map((column) =>
      payloads.includes(column) ? `i.${column}` : `null as ${column}`,
    );
    const sizes = [...TEXTS, ...payloads].map((column) => `coalesce(octet_length(${column}), 0)`);
    this.#read = database.prepare(
      `select ${INSTANCE_COLUMNS}, ${columns.join(", ")} from instances i where i.run = ?`,
    );
    this.#measure = database.prepare(`select ${sizes.join(" + ")} as bytes from instances where run = ?`);
  }

  bytes(run: number): number {
    return found(this.#measure.get(run), run).bytes;
  }

  record(run: number): InstanceRecord {
    return recordOf(found(this.#read.get(run), run));
  }
}

/** The listing is of the same snapshot. */
function found<Row>(row: Row | undefined, run: number): Row {
  if (row === undefined) throw new RangeError(`There is no instance at run ${run}.`);
  return row;
}
