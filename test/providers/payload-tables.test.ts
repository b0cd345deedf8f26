import { expect, test } from "vitest";
import { openDatabase } from "../../src/providers/sqlite/open-database.ts";

/** Whoever searches a table without rowid reads the rows that the search goes by, however large they are. */
test("what may be large is in no table without rowid", () => {
  const database = openDatabase({ path: ":memory:", synchronous: "normal" });

  const rows = database
    .prepare<{ readonly name: string }>("select name from pragma_table_list where wr = 1 order by name")
    .all();

  expect(rows.map(({ name }) => name)).toEqual(["instance_ids", "timers", "workers"]);
  database.close();
});
