import { createInterface } from "node:readline/promises";
import { CommandError, EXIT } from "../command-error.ts";

/** Asks a person for a word before something is destroyed. @throws {CommandError} when it is another, or nobody is there. */
export async function confirm(question: string, expected: string): Promise<void> {
  if (!process.stdin.isTTY)
    throw new CommandError(`${question} Nobody can be asked here: pass --yes.`, EXIT.usage);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`${question} Type ${expected} to go on: `);
    if (answer.trim().toLowerCase() !== expected.toLowerCase()) throw new CommandError("Nothing was done.");
  } finally {
    terminal.close();
  }
}
