#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../server/index.ts";
import { printError } from "./print-error.ts";
import { startCommand } from "./start-command.ts";

const WRONG_USAGE = 2;

process.exitCode = await run(process.argv.slice(2));

/** The answer is the exit code: 0, 1 when something failed, 2 when the command line was wrong. */
async function run(args: readonly string[]): Promise<number> {
  const program = makeProgram();
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return WRONG_USAGE;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return 0;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : WRONG_USAGE;
    printError(error, { verbose: args.includes("--verbose") });
    return 1;
  }
}

function makeProgram(): Command {
  return new Command("perdure")
    .description("Durable Functions without the cloud: runs an app on a task hub of your own.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand(false)
    .addCommand(startCommand())
    .addHelpText(
      "after",
      `
Example:
  perdure start samples/hello
  curl -X POST http://127.0.0.1:7071/runtime/webhooks/durabletask/orchestrators/helloCities`,
    )
    .exitOverride();
}
