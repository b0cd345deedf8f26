import { Command, InvalidArgumentError, Option } from "commander";
import { CommandError } from "../command-error.ts";
import { keyOf, withTarget } from "../durable/target.ts";
import { type DoctorFlags, examine } from "./examine.ts";
import { isProblem, printJson, printReport } from "./print-report.ts";

const HOUR_MS = 3_600_000;
const UNITS_MS: Readonly<Record<string, number>> = { s: 1_000, m: 60_000, h: HOUR_MS, d: 24 * HOUR_MS };

/** `perdure doctor`: what is installed, configured and running, and what is wrong with it. It changes nothing. */
export function doctorCommand(): Command {
  const command = new Command("doctor");
  return withTarget(command)
    .summary("look for what is wrong")
    .description(
      "Looks at the installation, the configuration, the host and the hub, and names what is wrong and which instances are stuck. It changes nothing.",
    )
    .addOption(
      new Option("--stuck-after <time>", "without progress for so long is too long, like 90s, 30m, 1h or 2d")
        .argParser(timeOf)
        .default(HOUR_MS, "1h"),
    )
    .addOption(new Option("-o, --output <format>", "how to print").choices(["text", "json"]).default("text"))
    .addHelpText(
      "after",
      `
It exits with 0 when all is well and with 1 when there is a problem; a warning is none.

Example:
  perdure doctor --script-root samples/hello --stuck-after 10m`,
    )
    .exitOverride()
    .action(async (flags: DoctorFlags & { readonly output: "text" | "json" }) => {
      const parts = await examine({ ...flags, ...keyOf(command) });
      if (flags.output === "json") printJson(parts);
      else printReport(parts);
      const problems = parts.flatMap(({ findings }) => findings.filter(isProblem));
      if (problems.length === 0) return;
      throw new CommandError(
        `${problems.length} ${problems.length === 1 ? "problem was" : "problems were"} found.`,
      );
    });
}

function timeOf(text: string): number {
  const [, count, unit = ""] = /^(\d+(?:\.\d+)?)([smhd])$/.exec(text) ?? [];
  const unitMs = UNITS_MS[unit];
  if (count === undefined || unitMs === undefined)
    throw new InvalidArgumentError("It is a time like 90s, 30m, 1h or 2d.");
  return Number(count) * unitMs;
}
