import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Command, InvalidArgumentError } from "commander";
import { type ChildResult, runInChild } from "./child.ts";
import { formatReport, reportOf, type WorkloadReport } from "./report.ts";
import type { Side, Workload } from "./workload.ts";
import { workloads } from "./workloads/index.ts";

interface Options {
  readonly n?: number;
  readonly rounds?: number;
  readonly json?: true;
  readonly dir: string;
}

const names = Object.keys(workloads);
const partsOfAll = names.filter((name) => workloads[name]?.rounds === undefined);
const ROUNDS = 3;

await new Command("bench")
  .description("Measures Perdure beside the smallest program of the same shape on the same driver.")
  .argument("<workload...>", `all, or any of ${names.join(", ")}`, collectNames, [])
  .option("-n, --n <count>", "how many, in place of the workload's own number", positive)
  .option("-r, --rounds <count>", "how often each side runs; the median counts (default: 3)", positive)
  .option("--dir <folder>", "where the databases are made", tmpdir())
  .option("--json", "print JSON only")
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .action(run)
  .parseAsync();

async function run(wanted: readonly string[], options: Options): Promise<void> {
  const reports: WorkloadReport[] = [];
  for (const name of wanted.includes("all") ? partsOfAll : wanted) {
    const workload = workloads[name];
    if (workload === undefined) continue;
    const report = await measure(name, workload, options);
    reports.push(report);
    if (!options.json) console.log(formatReport(report));
  }
  if (options.json) console.log(JSON.stringify(reports, null, 2));
}

/** The sides take turns, so that whatever else the machine does hits both. */
async function measure(name: string, workload: Workload, options: Options): Promise<WorkloadReport> {
  const n = options.n ?? workload.defaultN;
  const rounds = options.rounds ?? workload.rounds ?? ROUNDS;
  const results: Record<Side, ChildResult[]> = { perdure: [], raw: [] };
  for (let round = 0; round < rounds; round++) {
    for (const side of workload.raw ? (["perdure", "raw"] as const) : (["perdure"] as const)) {
      const folder = await mkdtemp(join(options.dir, "perdure-bench-"));
      try {
        results[side].push(await runInChild({ workload: name, side, n, folder }, workload.execArgv));
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    }
  }
  return reportOf(name, workload, n, results);
}

function collectNames(name: string, before: readonly string[]): readonly string[] {
  if (name !== "all" && !Object.hasOwn(workloads, name)) {
    throw new InvalidArgumentError(`There is no workload "${name}". Known are: all, ${names.join(", ")}.`);
  }
  return [...before, name];
}

function positive(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new InvalidArgumentError("It must be a whole number above 0.");
}
