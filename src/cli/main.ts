#!/usr/bin/env node
import { CommanderError } from "commander";
import { EXIT, exitCodeOf } from "./command-error.ts";
import { printError } from "./print-error.ts";
import { makeProgram } from "./program.ts";

// Whoever reads may have seen enough, as `head` has: that is no error.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  process.exit(EXIT.ok);
});

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
