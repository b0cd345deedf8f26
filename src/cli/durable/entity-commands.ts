import { type Command, Option } from "commander";
import { entityInstanceId } from "../../core/entity-id.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { countOf, dateOf, jsonTextOf } from "./arguments.ts";
import { jsonOption } from "./change-commands.ts";
import { commandOf } from "./durable-command.ts";

interface EntityFlags {
  readonly entityName: string;
  readonly entityKey: string;
}

/** Commands for entities. */
export const entityCommands = () => [
  commandOf<{
    readonly entityName?: string;
    readonly lastOperationAfter?: Date;
    readonly lastOperationBefore?: Date;
    readonly fetchState: boolean;
    readonly top: number;
    readonly continuationToken?: string;
  }>({
    name: "list-entities",
    summary: "List entities, all or of one name. Supports paging via 'top' parameter.",
    example: "list-entities --entity-name counter --fetch-state",
    options: (command) =>
      command
        .option("--entity-name <name>", "of this function")
        .option("--last-operation-after <time>", "used at this time or later", dateOf)
        .option("--last-operation-before <time>", "used at this time or before", dateOf)
        .option("--fetch-state", "their states too", false)
        .option("--top <number>", "how many on a page", countOf, 10)
        .option("--continuation-token <token>", "of the page before"),
    run: async (hub, { entityName, top, continuationToken, ...flags }, output) => {
      const page = await hub.entities.list(
        { ...flags, ...(entityName === undefined ? {} : { name: entityName }) },
        { top, ...(continuationToken ? { continuationToken } : {}) },
      );
      output.entities(page.entities, page.continuationToken);
    },
  }),
  commandOf<EntityFlags>({
    name: "get-entity",
    summary: "Retrieve the state of the specified entity",
    example: "get-entity --entity-name counter --entity-key visits",
    options: withEntity,
    run: async (hub, { entityName: name, entityKey: key }, output) => {
      const found = await hub.entities.state({ name, key });
      if (found) return output.value(found.state);
      throw new CommandError(
        `There is no entity '${entityInstanceId({ name, key })}', or it has no state.`,
        EXIT.notFound,
      );
    },
  }),
  commandOf<EntityFlags & { readonly operation: string; readonly input?: string; readonly at?: Date }>({
    name: "signal-entity",
    summary: "Signal an operation to the specified entity, which comes into being with it",
    example: "signal-entity --entity-name counter --entity-key visits --operation add --input 2",
    createsHub: true,
    options: (command) =>
      withEntity(command)
        .option("--operation <name>", "the operation", "")
        .addOption(jsonOption("--input <json>"))
        .addOption(new Option("--at <time>", "not before this time").argParser(dateOf)),
    run: async (hub, { entityName: name, entityKey: key, operation, input, at }, output) => {
      await hub.entities.signal(
        { name, key },
        {
          operation,
          ...(input === undefined ? {} : { input: await jsonTextOf(input) }),
          ...(at === undefined ? {} : { at }),
        },
      );
      const instanceId = entityInstanceId({ name, key });
      output.done(`Signaled '${operation}' to entity '${instanceId}'.`, { instanceId, operation });
    },
  }),
  commandOf<{ readonly keepEmptyEntities: boolean; readonly keepOrphanedLocks: boolean }>({
    name: "clean-entities",
    summary: "Remove entities that have no state, and locks whose orchestration has ended",
    example: "clean-entities",
    options: (command) =>
      command
        .option("--keep-empty-entities", "release locks only", false)
        .option("--keep-orphaned-locks", "remove entities only", false),
    run: async (hub, { keepEmptyEntities, keepOrphanedLocks }, output) => {
      const cleaned = await hub.entities.clean({
        removeEmptyEntities: !keepEmptyEntities,
        releaseOrphanedLocks: !keepOrphanedLocks,
      });
      const { numberOfEmptyEntitiesRemoved: empty, numberOfOrphanedLocksRemoved: locks } = cleaned;
      output.done(`Empty entities removed: ${empty}\nOrphaned locks released: ${locks}`, cleaned);
    },
  }),
];

function withEntity<C extends Command>(command: C): C {
  command
    .requiredOption("--entity-name <name>", "the function")
    .option("--entity-key <key>", "which of its entities (default: the empty key)", "");
  return command;
}
