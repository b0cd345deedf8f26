import type { FunctionKind } from "../../src/engine/executor.ts";
import type { StorageProvider, TaskHubStore } from "../../src/storage/index.ts";
import { Faults } from "./faults.ts";
import type { Style } from "./interpret.ts";
import { describeWorld, findViolations } from "./invariants.ts";
import { ProgramGenerator, withoutWhatIsOnlyHere } from "./programs.ts";
import { seededRandom } from "./seeded-random.ts";
import { type Simulation, Stuck } from "./simulation.ts";
import { type Root, Users } from "./users.ts";
import { watch } from "./watcher.ts";
import { World } from "./world.ts";

export interface RunOptions {
  readonly openStorage: (clock: { now(): number }) => StorageProvider;
  /** Some of the functions run in processes of their own. */
  readonly elsewhere?: boolean;
  readonly mutate?: (hub: TaskHubStore, simulation: Simulation) => TaskHubStore;
}

export interface Run {
  /** What is wrong, in words; empty when all is as it should be. */
  readonly violations: readonly string[];
  readonly trace: readonly string[];
  /** What the store holds in the end. */
  readonly describe: () => Promise<readonly string[]>;
}

const CHAOS_STEPS = 1_500;
const ELSEWHERE: readonly (readonly FunctionKind[])[] = [
  ["orchestrator"],
  ["activity"],
  ["entity"],
  ["activity", "entity"],
  ["orchestrator", "activity", "entity"],
];
const STYLES: readonly (readonly Style[])[] = [["generator"], ["async"], ["generator", "async"]];

/** One run: programs, faults and the order of all things come from the seed. */
export async function runSeed(seed: number, options: RunOptions): Promise<Run> {
  const random = seededRandom(seed);
  const styles = random.pick(STYLES);
  const faults = new Faults(random);
  const elsewhere = new Set(options.elsewhere ? random.pick(ELSEWHERE) : []);
  const world = new World({ random, faults, styles, ...options, elsewhere });
  await world.open();
  const { simulation } = world;
  const roots = rootsOf(random, styles.length === 1, elsewhere.has("orchestrator"));
  const problems: string[] = [];
  const users = new Users(world, random);
  for (const root of roots) {
    users
      .accompany(root)
      .catch((error: unknown) => problems.push(`the user of ${root.instanceId} got ${String(error)}`));
  }
  let isTended = false;
  users.tend().then(
    () => {
      isTended = true;
    },
    (error: unknown) => problems.push(`whoever tends the ledgers got ${String(error)}`),
  );
  const watcher = watch(world, roots, () => isTended);
  let step = 0;
  let isCalm = false;
  const between = (): void => {
    step += 1;
    if (random.chance(0.2)) simulation.passTime(1);
    if (isCalm) return;
    isCalm = step === CHAOS_STEPS || watcher.isQuiet;
    if (isCalm) calm(world);
    else faults.strike(world);
  };
  try {
    const isOver = (): boolean => watcher.isOver || problems.length > 0 || watcher.problems.length > 0;
    await simulation.run(isOver, { steps: 40_000, timeMs: 4 * 3_600_000 }, between);
  } catch (error) {
    if (!(error instanceof Stuck)) throw error;
    const waiting = roots
      .filter((root) => !root.left)
      .map(({ instanceId }) => `the user of ${instanceId} waits`);
    problems.push(error.message, ...waiting, ...(await watcher.explain()));
  }
  if (problems.length + watcher.problems.length === 0) problems.push(...(await findViolations(world, roots)));
  return {
    violations: [...problems, ...watcher.problems, ...world.activities.violations],
    trace: simulation.trace,
    describe: () => describeWorld(world),
  };
}

/** Faults stop: nothing is lost any more and everyone is awake. */
function calm(world: World): void {
  world.losses.lossRate = 0;
  for (const host of world.hosts) host.process.pausedUntil = 0;
}

function rootsOf(
  random: ReturnType<typeof seededRandom>,
  branches: boolean,
  isElsewhere: boolean,
): readonly Root[] {
  return Array.from({ length: 1 + random.int(3) }, (_, index) => {
    const program = new ProgramGenerator(random, `root-${index}`, branches).program();
    return {
      instanceId: `root-${index}`,
      program: isElsewhere ? withoutWhatIsOnlyHere(program) : program,
      acknowledged: false,
      terminated: false,
      purged: false,
      mayBePurged: false,
      left: false,
    };
  });
}
