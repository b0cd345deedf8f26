import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { openSqliteStorage } from "../../src/providers/sqlite/index.ts";
import { type RunOptions, runSeed } from "./run-seed.ts";

type OpenStorage = RunOptions["openStorage"];

const inMemory: OpenStorage = (clock) => createMemoryStorage({ clock });
const onSqlite: OpenStorage = (clock) => openSqliteStorage({ path: ":memory:", clock });
const single = process.env["SEED"];
const count = Number(process.env["SEEDS"] ?? 300);
/** SQL takes longer; the engine is the same. */
const SEEDS_OF_ONE_OVER_SQL = 5;
const seeds = single === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(single)];

describe("under crashes, pauses, lost connections and any interleaving", () => {
  test("every program ends as it means to", async () => {
    expect(await failedSeeds(seeds, inMemory)).toEqual([]);
  });

  test("every program ends as it means to, over SQL", async () => {
    expect(await failedSeeds(seeds.slice(0, Math.ceil(count / SEEDS_OF_ONE_OVER_SQL)), onSqlite)).toEqual([]);
  });

  test("every program ends as it means to, with functions in processes that come and go", async () => {
    expect(await failedSeeds(seeds, inMemory, { elsewhere: true })).toEqual([]);
  });

  test("the same seed takes the same steps", async () => {
    for (const elsewhere of [false, true]) {
      const first = await runSeed(7, { openStorage: inMemory, elsewhere });
      const second = await runSeed(7, { openStorage: inMemory, elsewhere });
      expect(second.trace).toEqual(first.trace);
    }
  });
});

async function failedSeeds(
  all: readonly number[],
  openStorage: OpenStorage,
  options: Pick<RunOptions, "elsewhere"> = {},
): Promise<readonly string[]> {
  const failed: string[] = [];
  for (const seed of all) {
    const {
      violations,
      trace,
      describe: describeStore,
    } = await runSeed(seed, {
      openStorage,
      ...options,
    });
    if (single !== undefined) await print([...trace, ...(await describeStore())]);
    if (violations.length > 0) failed.push(`seed ${seed}: ${violations.slice(0, 3).join("; ")}`);
  }
  return failed;
}

function print(lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${lines.join("\n")}\n`, () => resolve());
  });
}
