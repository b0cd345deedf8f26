import { isTerminal, TERMINAL_STATUSES } from "../../core/orchestration-status.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { confirm } from "./confirmation.ts";
import { commandOf } from "./durable-command.ts";
import { type FilterFlags, filterOf, withFilter } from "./look-commands.ts";
import type { Filter, Management, Purged } from "./management.ts";
import { Progress } from "./progress.ts";

interface YesFlag {
  readonly yes: boolean;
}

/** Commands that destroy, and ask before they do. */
export const removeCommands = () => [
  commandOf<{ readonly id: string }>({
    name: "purge",
    summary: "Purge one instance that has ended, with its history",
    example: "purge --id order-1",
    options: (command) => command.requiredOption("--id <id>", "the instance"),
    run: async (hub, { id }, output) => {
      await hub.purge(id);
      output.done(`Purged '${id}'`, { instancesDeleted: 1 });
    },
  }),
  commandOf<FilterFlags & YesFlag>({
    name: "purge-history",
    summary: "Purge the state and history of instances that have ended",
    example: 'purge-history --created-before 2030-01-01 --runtime-status "completed failed" --yes',
    options: (command) => withFilter(command).option("-y, --yes", "do not ask", false),
    run: async (hub, { yes, ...flags }, output) => {
      const filter = filterOf(flags);
      const live = filter.statuses?.filter((status) => !isTerminal(status)) ?? [];
      if (live.length > 0) {
        throw new CommandError(
          `Only instances that have ended can be purged (${TERMINAL_STATUSES.join(", ")}), not ${live.join(", ")}.`,
          EXIT.usage,
        );
      }
      const total = await howMany(hub, flags);
      output.note(`${total} instances will be purged.`);
      if (!yes) await confirm("What is purged is gone.", "yes");
      const { instancesDeleted, rowsDeleted } = await purge(hub, filter, total);
      output.done(purgedSentence(flags, instancesDeleted, rowsDeleted), { instancesDeleted, rowsDeleted });
    },
  }),
  commandOf<YesFlag>({
    name: "delete-task-hub",
    summary: "Delete a task hub with everything in it",
    example: "delete-task-hub --task-hub-name OldHub --yes",
    options: (command) => command.option("-y, --yes", "do not ask", false),
    run: async (hub, { yes }, output) => {
      const { taskHubName } = hub;
      if (!yes)
        await confirm(`Task hub '${taskHubName}' will be deleted with everything in it.`, taskHubName);
      await hub.deleteTaskHub();
      output.done(`Task hub '${taskHubName}' successfully deleted.`, { taskHub: taskHubName });
      using progress = new Progress("Removing its rows");
      for await (const rows of hub.sweep()) progress.update(rows);
    },
  }),
];

async function purge(hub: Management, filter: Filter, total: number): Promise<Purged> {
  using progress = new Progress("Purging", total);
  let purged: Purged = { instancesDeleted: 0, rowsDeleted: 0 };
  for await (purged of hub.purgeMatching(filter)) progress.update(purged.instancesDeleted);
  return purged;
}

async function howMany(hub: Management, flags: FilterFlags): Promise<number> {
  const counts = await hub.count(filterOf(flags));
  const statuses = flags.runtimeStatus ?? TERMINAL_STATUSES;
  return statuses.reduce((sum, status) => sum + counts[status], 0);
}

function purgedSentence(
  { createdAfter, createdBefore, runtimeStatus }: FilterFlags,
  instances: number,
  rows: number,
): string {
  const after = createdAfter?.toISOString() ?? "the beginning";
  const before = createdBefore?.toISOString() ?? "now";
  const statuses = runtimeStatus
    ? ` and whose runtime status matched one of the following: [${runtimeStatus.join(",")}]`
    : "";
  return `Purged orchestration history for all instances created between '${after}' and '${before}'${statuses}\nInstances deleted: ${instances}\nRows deleted: ${rows}`;
}
