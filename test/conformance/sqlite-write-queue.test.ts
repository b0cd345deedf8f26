import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/providers/sqlite/database.ts";
import { openDatabase } from "../../src/providers/sqlite/open-database.ts";
import { type ItemWriter, Transactions } from "../../src/providers/sqlite/transactions.ts";
import { WriteQueue } from "../../src/providers/sqlite/write-queue.ts";
import { useFolder } from "./sqlite-folder.ts";

const file = useFolder();
let database: Database;
let transactions: Transactions;
let queue: WriteQueue;
/** Tries of transactions. */
let tries = 0;

beforeEach(() => {
  const path = file();
  database = openDatabase({ path, synchronous: "full" });
  database.exec("create table note (text text not null unique)");
  transactions = new Transactions(database, path);
  queue = new WriteQueue(transactions);
  tries = 0;
});
afterEach(() => database.close());

const write = (text: string | null): string => {
  database.prepare("insert into note (text) values (?)").run(text);
  return `wrote ${text}`;
};

const notes = (): readonly unknown[] =>
  database
    .prepare("select text from note order by rowid")
    .all()
    .map((row) => (row as { readonly text: unknown }).text);

const episodes: ItemWriter<string | null, string> = {
  start: () => {
    tries += 1;
    return write;
  },
  failed: (text, error) => `${text}: ${error.message}`,
};

const add = (text: string | null): Promise<string> => queue.add("client", () => write(text));

const commit = (...texts: readonly (string | null)[]): readonly string[] =>
  queue.writeWith("commit", texts, episodes);

describe("client calls beside the episodes of a commit", () => {
  test("are written first, in their order and in the same transaction, and answered by then", async () => {
    const calls = [add("a"), add("b")];
    expect(notes()).toEqual([]);

    expect(commit("x", "y")).toEqual(["wrote x", "wrote y"]);

    expect(notes()).toEqual(["a", "b", "x", "y"]);
    expect(tries).toBe(1);
    expect(await Promise.all(calls)).toEqual(["wrote a", "wrote b"]);
    expect(notes()).toHaveLength(4);
  });

  test("a call that cannot be written is refused alone", async () => {
    const calls = [add("a"), add("a"), add("b")];
    const settled = Promise.allSettled(calls);

    expect(commit("x")).toEqual(["wrote x"]);

    expect((await settled).map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(notes()).toEqual(["a", "b", "x"]);
  });

  test("an episode that cannot be written fails alone", async () => {
    const calls = [add("a"), add("b")];

    const outcomes = commit("x", null, "y");

    expect(outcomes).toEqual(["wrote x", expect.stringContaining("null: NOT NULL"), "wrote y"]);
    expect(await Promise.all(calls)).toEqual(["wrote a", "wrote b"]);
    expect(notes()).toEqual(["a", "b", "x", "y"]);
  });

  test("both at once", async () => {
    const settled = Promise.allSettled([add(null), add("b")]);

    expect(commit(null, "y")).toEqual([expect.stringContaining("null:"), "wrote y"]);

    expect((await settled).map(({ status }) => status)).toEqual(["rejected", "fulfilled"]);
    expect(notes()).toEqual(["b", "y"]);
  });

  test("a failure of the store refuses all of them and writes nothing; what comes later is written", async () => {
    const large = "x".repeat(400_000);
    const settled = Promise.allSettled([add("a"), add("b")]);
    database.exec("pragma max_page_count = 10");

    expect(() => commit("x", large)).toThrow(expect.objectContaining({ code: "STORAGE_FULL" }) as Error);

    const reasons = (await settled).map((each) => (each.status === "rejected" ? each.reason : undefined));
    expect(reasons).toEqual([
      expect.objectContaining({ code: "STORAGE_FULL" }),
      expect.objectContaining({ code: "STORAGE_FULL" }),
    ]);
    expect(notes()).toEqual([]);
    database.exec("pragma max_page_count = 1000000");
    expect(await add("a")).toBe("wrote a");
  });

  test("more than a transaction should hold are written soon after", async () => {
    const texts = Array.from({ length: 1_200 }, (_, index) => `n${index}`);
    const calls = texts.map(add);

    expect(commit("x")).toEqual(["wrote x"]);
    expect(notes()).toHaveLength(501);

    await Promise.all(calls);
    expect(notes()).toEqual([...texts.slice(0, 500), "x", ...texts.slice(500)]);
  });

  test("without any, the episodes are written as they are", () => {
    expect(commit("x")).toEqual(["wrote x"]);
    expect(notes()).toEqual(["x"]);
  });
});
