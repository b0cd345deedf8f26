import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { runSeed } from "./run-seed.ts";

const openStorage = (clock: { now(): number }) => createMemoryStorage({ clock });
const single = process.env["SEED"];
const count = Number(process.env["SEEDS"] ?? 300);
const seeds = single === undefined ? Array.from({ length: count }, (_, seed) => seed) : [Number(single)];

describe("under crashes, pauses, lost connections and any interleaving", () => {
  test("every program ends as it means to", async () => {
    const failed: string[] = [];
    for (const seed of seeds) {
      const { violations, trace, describe: describeStore } = await runSeed(seed, { openStorage });
      if (single !== undefined) await print([...trace, ...(await describeStore())]);
      if (violations.length > 0) failed.push(`seed ${seed}: ${violations.slice(0, 3).join("; ")}`);
    }
    expect(failed).toEqual([]);
  });

  test("the same seed takes the same steps", async () => {
    const first = await runSeed(7, { openStorage });
    const second = await runSeed(7, { openStorage });
    expect(second.trace).toEqual(first.trace);
  });
});

function print(lines: readonly string[]): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(`${lines.join("\n")}\n`, () => resolve());
  });
}
