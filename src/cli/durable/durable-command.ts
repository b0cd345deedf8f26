import { Command, Option } from "commander";
import type { Management } from "./management.ts";
import { FORMATS, type Format, Output } from "./output.ts";
import { keyOf, openTarget, type TargetFlags, taskHubsOf, withTarget } from "./target.ts";

/** One command: its words, and what it does to the hub. */
export interface DurableCommand<F extends object> {
  readonly name: string;
  readonly summary: string;
  /** What a person may type, shown by --help. */
  readonly example: string;
  readonly options: (command: Command) => Command;
  /** Whether a hub that is not there is made. Default false. */
  readonly createsHub?: boolean;
  readonly run: (hub: Management, flags: F & TargetFlags, output: Output) => Promise<void>;
}

/** The hubs of a store, whether or not there is the one that is meant by default. */
export function listTaskHubs(): Command {
  return finished(new Command("list-task-hubs").description("List the task hubs of a store"), {
    example: "list-task-hubs --storage sqlite:./hub.db",
    action: async (flags, output) => output.list("TASK HUB", await taskHubsOf(flags)),
  });
}

export function commandOf<F extends object>(spec: DurableCommand<F>): Command {
  const { example, createsHub: create = false } = spec;
  return finished<F>(spec.options(new Command(spec.name).description(spec.summary)), {
    example,
    action: async (flags, output) => {
      await using hub = await openTarget(flags, { create });
      await spec.run(hub, flags, output);
    },
  });
}

interface Finish<F extends object> {
  readonly example: string;
  readonly action: (flags: F & TargetFlags, output: Output) => Promise<void>;
}

/** What every command has: where the hub is, how to print, and an example. */
function finished<F extends object>(command: Command, { example, action }: Finish<F>): Command {
  return withTarget(command)
    .exitOverride()
    .addOption(new Option("-o, --output <format>", "how to print").choices(FORMATS).default("text"))
    .addHelpText("after", `\nExample:\n  perdure durable ${example}`)
    .action((flags: F & TargetFlags & { readonly output: Format }) =>
      action({ ...flags, ...keyOf(command) }, new Output(flags.output)),
    );
}
