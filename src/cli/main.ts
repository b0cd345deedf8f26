#!/usr/bin/env node
import { Command, CommanderError } from "commander";
import { packageVersion } from "../server/index.ts";
import { EXIT, exitCodeOf } from "./command-error.ts";
import { durableCommand } from "./durable/index.ts";
import { keysCommand } from "./keys-command.ts";
import { printError } from "./print-error.ts";
import { startCommand } from "./start-command.ts";

process.exitCode = await run(process.argv.slice(2));

/** The answer is the exit code (see EXIT). */
async function run(args: readonly string[]): Promise<number> {
  const program = makeProgram();
  if (args.length === 0) {
    program.outputHelp({ error: true });
    return EXIT.usage;
  }
  try {
    await program.parseAsync(args, { from: "user" });
    return EXIT.ok;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
    printError(error, { verbose: args.includes("--verbose") });
    return exitCodeOf(error);
  }
}

function makeProgram(): Command {
  return new Command("perdure")
    .description("Durable Functions without the cloud: runs an app on a task hub of your own.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand(false)
    .addCommand(startCommand())
    .addCommand(durableCommand())
    .addCommand(keysCommand())
    .addHelpText(
      "after",
      `
Example:
  perdure start samples/hello
  curl -X POST http://127.0.0.1:7071/runtime/webhooks/durabletask/orchestrators/helloCities`,
    )
    .exitOverride();
}
