import { Argument, Command, Option } from "commander";
import { type OpenCheck, openCheck } from "../../server/index.ts";
import { EXIT, exitCodeOf } from "../command-error.ts";
import { hinted } from "../completion/value-hints.ts";
import { Progress } from "../durable/progress.ts";
import { printError } from "../print-error.ts";
import { CheckReport } from "./check-report.ts";

interface CheckFlags {
  readonly storage?: string;
  readonly hub?: string;
  readonly output: "text" | "json";
  readonly verbose?: true;
}

/** `perdure check`: whether the instances that have not ended would go on with this app. It changes nothing. */
export function checkCommand(): Command {
  return new Command("check")
    .summary("try new code on the instances there are")
    .description(
      "Replays every instance that has not ended over the code of an app, and lists those that would not go on with it. It changes nothing, and a host may run meanwhile.",
    )
    .addArgument(
      hinted(new Argument("[app]", "folder or file: .ts .mts .cts .js .mjs .cjs").default("."), {
        pathAfter: [""],
      }),
    )
    .addOption(
      hinted(new Option("-s, --storage <url>", "sqlite:<file> (default: as `perdure start` resolves it)"), {
        pathAfter: ["sqlite:"],
      }),
    )
    .option("--hub <name>", "task hub (default: as `perdure start` resolves it)")
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json"]).default("text"))
    .option("--verbose", "show where an error comes from")
    .addHelpText(
      "after",
      `
It exits with 0 when all instances would go on, and with 1 when some would not.

Example:
  perdure check ./orders-next --storage sqlite:/srv/orders/.perdure/hub.db`,
    )
    .exitOverride()
    .action(async (appPath: string, flags: CheckFlags) => {
      // What the app has begun while it was loaded would keep the process alive.
      process.exit(await check(appPath, flags));
    });
}

/** The answer is the exit code. */
async function check(appPath: string, { storage, hub, output, verbose }: CheckFlags): Promise<number> {
  // Standard output is for the result; what the app prints goes beside it.
  console.log = console.info = console.debug = console.error;
  try {
    await using open = await openCheck({
      appPath,
      ...(storage === undefined ? {} : { storage }),
      ...(hub === undefined ? {} : { taskHubName: hub }),
    });
    for (const warning of open.warnings) console.error(`warning: ${warning}`);
    const report = await reportOn(open);
    await printed(output === "json" ? report.json() : report.text());
    return report.misfits === 0 ? EXIT.ok : EXIT.error;
  } catch (error) {
    printError(error, { verbose: verbose === true });
    return exitCodeOf(error);
  }
}

async function reportOn(open: OpenCheck): Promise<CheckReport> {
  const report = new CheckReport(open);
  using progress = new Progress("Checking", open.openCount);
  for await (const instance of open.instances) {
    report.add(instance);
    progress.update(report.checked);
  }
  return report;
}

function printed(text: string): Promise<void> {
  return new Promise((resolve) => {
    process.stdout.write(text, () => resolve());
  });
}
