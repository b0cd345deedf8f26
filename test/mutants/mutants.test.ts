import { expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { runSeed } from "../simulation/run-seed.ts";
import { MUTANTS, type Mutate } from "./mutants.ts";

const MOST_SEEDS = 6_000;

test.each(Object.entries(MUTANTS))("it is noticed when %s", async (_title, mutant) => {
  expect(await seedsUntilCaught(mutant)).toBeLessThan(MOST_SEEDS);
});

async function seedsUntilCaught(mutant: () => Mutate): Promise<number> {
  for (let seed = 0; seed < MOST_SEEDS; seed++) if (await isCaught(seed, mutant())) return seed;
  return MOST_SEEDS;
}

async function isCaught(seed: number, mutate: Mutate): Promise<boolean> {
  try {
    const { violations } = await runSeed(seed, {
      openStorage: (clock) => createMemoryStorage({ clock }),
      mutate,
    });
    return violations.length > 0;
  } catch {
    return true; // A run that breaks down does not go unnoticed.
  }
}
