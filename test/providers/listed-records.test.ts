import { afterEach, expect, test } from "vitest";
import { PageBudget } from "../../src/providers/listing/page-budget.ts";
import type { Database, SqlValue } from "../../src/providers/sqlite/database.ts";
import { ListedRecords } from "../../src/providers/sqlite/listed-records.ts";
import { openDatabase } from "../../src/providers/sqlite/open-database.ts";

const LARGE = JSON.stringify("x".repeat(10_000));

const databases: Database[] = [];
afterEach(() => databases.splice(0).forEach((database) => database.close()));

/** A database with instances at the runs 1 to 5, and how many characters its statements have given back. */
function withLargeInputs(): { readonly database: Database; readonly read: { characters: number } } {
  const real = openDatabase({ path: ":memory:", synchronous: "normal" });
  databases.push(real);
  const insert = real.prepare(
    `insert into instances (run, hub_id, part, instance_id, execution_id, name, status, created_at, recover, input, output)
     values (?, 1, 1, ?, 'e', 'n', 1, 0, 0, ?, ?)`,
  );
  for (let run = 1; run <= 5; run++) insert.run(run, `i${run}`, LARGE, LARGE);
  const read = { characters: 0 };
  const database: Database = {
    ...real,
    prepare: <Row>(sql: string) => {
      const statement = real.prepare<Row>(sql);
      const get = (...values: readonly SqlValue[]) => {
        const row = statement.get(...values);
        read.characters += JSON.stringify(row).length;
        return row;
      };
      return {
        get,
        all: (...values) => statement.all(...values),
        run: (...values) => statement.run(...values),
      };
    },
  };
  return { database, read };
}

const LISTED = [1, 2, 3, 4, 5].map((run) => ({
  run,
  status: "Completed" as const,
  cursor: { order: "byId" as const, instanceId: `i${run}` },
}));

test.each([
  ["all that fit", true, 45_000, 2],
  ["the first, when not even that fits", true, 1, 1],
  ["all without payloads, which take no room", false, 1_000, 5],
  ["all with nothing but why they failed", "failure", 1_000, 5],
] as const)("what is not on a page is measured and not read: %s", (_what, payloads, maxBytes, expected) => {
  const { database, read } = withLargeInputs();

  const records = new ListedRecords(database).read(LISTED, payloads, new PageBudget(maxBytes));

  expect(records).toHaveLength(expected);
  const payloadsRead = payloads === true ? expected : 0;
  expect(Math.floor(read.characters / (2 * LARGE.length))).toBe(payloadsRead);
});
