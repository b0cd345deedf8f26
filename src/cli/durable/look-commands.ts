import { type Command, Option } from "commander";
import { RUNTIME_STATUSES, type RuntimeStatus } from "../../core/orchestration-status.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { hinted } from "../completion/value-hints.ts";
import { countOf, dateOf, statusesOf } from "./arguments.ts";
import { commandOf } from "./durable-command.ts";
import type { Filter, InstanceStatus } from "./management.ts";

interface IdFlags {
  readonly id: string;
}

export interface FilterFlags {
  readonly createdAfter?: Date;
  readonly createdBefore?: Date;
  readonly runtimeStatus?: readonly RuntimeStatus[];
  readonly idPrefix?: string;
  readonly name?: string;
}

/** Commands that look and change nothing. */
export const lookCommands = () => [
  commandOf<IdFlags & { readonly showInput: boolean; readonly showOutput: boolean }>({
    name: "get-runtime-status",
    summary: "Retrieve the status of the specified orchestration instance",
    example: "get-runtime-status --id order-1 --show-output",
    options: (command) =>
      command
        .requiredOption("--id <id>", "the instance")
        .option("--show-input", "its input too", false)
        .option("--show-output", "its output too", false),
    run: async (hub, { id, showInput, showOutput }, output) => {
      const { input, output: result, ...facts } = known(id, await hub.status(id));
      output.object({ ...facts, ...(showInput ? { input } : {}), ...(showOutput ? { output: result } : {}) });
    },
  }),
  commandOf<IdFlags>({
    name: "get-history",
    summary: "Retrieve the history of the specified orchestration instance",
    example: "get-history --id order-1 -o ndjson",
    options: (command) => command.alias("history").requiredOption("--id <id>", "the instance"),
    run: (hub, { id }, output) => output.events(hub.history(id)),
  }),
  commandOf<FilterFlags & { readonly top: number; readonly continuationToken?: string }>({
    name: "get-instances",
    summary: "Retrieve the status of all orchestration instances. Supports paging via 'top' parameter.",
    example: 'get-instances --runtime-status "running suspended" --top 20',
    options: (command) =>
      withFilter(command)
        .option("--top <number>", "how many on a page", countOf, 10)
        .option("--continuation-token <token>", "of the page before"),
    run: async (hub, { top, continuationToken, ...flags }, output) => {
      const page = await hub.list(filterOf(flags), {
        top,
        ...(continuationToken ? { continuationToken } : {}),
      });
      output.instances(page.instances, page.continuationToken);
    },
  }),
  commandOf<IdFlags>({
    name: "watch",
    summary: "Print the status of an instance now and with each change, until it has ended",
    example: "watch --id order-1",
    options: (command) => command.requiredOption("--id <id>", "the instance"),
    run: async (hub, { id }, output) => {
      const never = new AbortController().signal;
      for await (const status of hub.watch(id, never)) output.change(status);
    },
  }),
  commandOf<FilterFlags>({
    name: "count",
    summary: "Count the instances by status",
    example: "count --created-after 2030-01-01",
    options: (command) => withFilter(command, { status: false }),
    run: async (hub, flags, output) => output.object(await hub.count(filterOf(flags))),
  }),
  commandOf<IdFlags>({
    name: "why",
    summary: "Say why an instance has not ended",
    example: "why --id order-1",
    options: (command) => command.requiredOption("--id <id>", "the instance"),
    run: async (hub, { id }, output) => {
      const waiting = await hub.why(id);
      if (waiting) output.done(waiting.sentence, waiting);
      else output.done(`Instance '${id}' has ended.`, { instanceId: id, reasons: [] });
    },
  }),
];

export function withFilter<C extends Command>(command: C, { status = true } = {}): C {
  command
    .option("--created-after <time>", "created at this time or later", dateOf)
    .option("--created-before <time>", "created at this time or before", dateOf)
    .option("--id-prefix <prefix>", "ids that begin so")
    .option("--name <name>", "of this function");
  if (status) {
    const option = new Option(
      "--runtime-status <statuses>",
      'one status, or several as in "completed failed"',
    );
    command.addOption(hinted(option.argParser(statusesOf), { words: RUNTIME_STATUSES, isList: true }));
  }
  return command;
}

export function filterOf({
  createdAfter,
  createdBefore,
  runtimeStatus,
  idPrefix,
  name,
}: FilterFlags): Filter {
  return {
    ...(createdAfter === undefined ? {} : { createdAfter }),
    ...(createdBefore === undefined ? {} : { createdBefore }),
    ...(runtimeStatus === undefined ? {} : { statuses: runtimeStatus }),
    ...(idPrefix === undefined ? {} : { prefix: idPrefix }),
    ...(name === undefined ? {} : { name }),
  };
}

function known(id: string, status: InstanceStatus | undefined): InstanceStatus {
  if (status) return status;
  throw new CommandError(`Could not find an orchestration instance with id '${id}'`, EXIT.notFound);
}
