import { Command } from "commander";
import { packageVersion } from "../server/index.ts";
import { checkCommand } from "./check/check-command.ts";
import { candidatesCommand, completionCommand } from "./completion/completion-command.ts";
import { doctorCommand } from "./doctor/doctor-command.ts";
import { durableCommand } from "./durable/index.ts";
import { keysCommand } from "./keys-command.ts";
import { startCommand } from "./start-command.ts";

/** Every command there is. Help, completion and parsing all come from this tree. */
export function makeProgram(): Command {
  const program = new Command("perdure");
  return program
    .description("Durable Functions without the cloud: runs an app on a task hub of your own.")
    .version(packageVersion(), "-V, --version", "print the version")
    .helpOption("-h, --help", "explain a command")
    .helpCommand(false)
    .addCommand(startCommand())
    .addCommand(durableCommand())
    .addCommand(keysCommand())
    .addCommand(doctorCommand())
    .addCommand(checkCommand())
    .addCommand(completionCommand())
    .addCommand(candidatesCommand(program), { hidden: true })
    .addHelpText(
      "after",
      `
Example:
  perdure start samples/hello
  curl -X POST http://127.0.0.1:7071/runtime/webhooks/durabletask/orchestrators/helloCities`,
    )
    .exitOverride();
}
