import { Command } from "commander";
import { archiveCommands } from "./archive-commands.ts";
import { changeCommands } from "./change-commands.ts";
import { listTaskHubs } from "./durable-command.ts";
import { entityCommands } from "./entity-commands.ts";
import { lookCommands } from "./look-commands.ts";
import { removeCommands } from "./remove-commands.ts";

/** `perdure durable ...`: manages instances, with or without a running host. */
export function durableCommand(): Command {
  const durable = new Command("durable")
    .summary("manage instances")
    .description("Manages the instances of a task hub, on its store or, with --url, over HTTP.")
    .helpCommand(false)
    .exitOverride()
    .addHelpText(
      "after",
      `
Example:
  perdure durable start-new --function-name helloCities
  perdure durable get-instances --url http://127.0.0.1:7071`,
    );
  const commands = [
    ...changeCommands(),
    ...lookCommands(),
    ...removeCommands(),
    ...archiveCommands(),
    ...entityCommands(),
  ];
  for (const command of [...commands, listTaskHubs()]) durable.addCommand(command);
  return durable;
}
