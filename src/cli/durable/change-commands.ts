import { randomUUID } from "node:crypto";
import { type Command, Option } from "commander";
import { isDurableError } from "../../core/errors.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { hinted } from "../completion/value-hints.ts";
import { jsonTextOf, secondsOf } from "./arguments.ts";
import { commandOf } from "./durable-command.ts";
import type { Control, Management } from "./management.ts";
import { waitForEnd } from "./wait-for-end.ts";

interface ReasonFlags {
  readonly id: string;
  readonly reason?: string;
}

const TERMINATION_MS = 30_000;
const REWIND_MS = 3_000;

/** Commands that start instances and tell them something. */
export const changeCommands = () => [
  commandOf<{
    readonly functionName: string;
    readonly id?: string;
    readonly input?: string;
    readonly instanceVersion?: string;
  }>({
    name: "start-new",
    summary: "Start a new instance of the specified orchestrator function",
    example: 'start-new --function-name helloEach --input \'["Rome","Oslo"]\' --id greeting-1',
    createsHub: true,
    options: (command) =>
      command
        .requiredOption("--function-name <name>", "the orchestrator")
        .option("--id <id>", "of the instance (default: a random one)")
        .addOption(jsonOption("--input <json>"))
        .option("--instance-version <version>", "of the instance"),
    run: async (hub, { functionName, id, input, instanceVersion }, output) => {
      const instanceId = await hub.start({
        name: functionName,
        ...(id === undefined ? {} : { instanceId: id }),
        ...(input === undefined ? {} : { input: await jsonTextOf(input) }),
        ...(instanceVersion === undefined ? {} : { version: instanceVersion }),
      });
      const status = await hub.status(instanceId);
      if (status === undefined) throw new CommandError(`Could not start new instance '${instanceId}'.`);
      output.done(`Started '${status.name}' at ${status.createdTime}. Instance ID: '${instanceId}'.`, status);
    },
  }),
  commandOf<{ readonly id: string; readonly eventName?: string; readonly eventData?: string }>({
    name: "raise-event",
    summary: "Raise an event to the specified orchestration instance",
    example: "raise-event --id order-1 --event-name paid --event-data '{\"cents\":1999}'",
    options: (command) =>
      command
        .requiredOption("--id <id>", "the instance")
        .option("--event-name <name>", "the event (default: a random one)")
        .addOption(jsonOption("--event-data <json>")),
    run: async (hub, { id, eventName = `Event_${randomUUID().replaceAll("-", "")}`, eventData }, output) => {
      await hub.raiseEvent(id, eventName, eventData === undefined ? "null" : await jsonTextOf(eventData));
      output.done(`Raised event '${eventName}' to instance '${id}'.`, { instanceId: id, eventName });
    },
  }),
  commandOf<ReasonFlags>({
    name: "terminate",
    summary: "Terminate the specified orchestration instance",
    example: 'terminate --id order-1 --reason "no longer needed"',
    options: withReason,
    run: async (hub, { id, reason }, output) => {
      await hub.control("terminate", id, reason);
      output.note(
        `Sent a termination message to instance '${id}'. Waiting up to 30 seconds for the orchestration to actually terminate...`,
      );
      await terminated(hub, id);
      output.done(`Successfully terminated '${id}'`, { instanceId: id, runtimeStatus: "Terminated" });
    },
  }),
  controlCommand("suspend", "Suspend the specified orchestration instance", "Suspended"),
  controlCommand("resume", "Resume the specified orchestration instance", "Resumed"),
  commandOf<ReasonFlags>({
    name: "rewind",
    summary: "Rewind the specified orchestration instance",
    example: 'rewind --id order-1 --reason "the bank is back"',
    options: withReason,
    run: async (hub, { id, reason }, output) => {
      const before = (await hub.status(id))?.runtimeStatus;
      await hub.control("rewind", id, reason);
      output.note(`Rewind message sent to instance '${id}'. Retrieving new status now...`);
      await waitForEnd(hub, id, REWIND_MS).catch(unlessTimeIsUp);
      const after = (await hub.status(id))?.runtimeStatus;
      output.done(`Status before rewind: ${before}\nStatus after rewind: ${after}`, {
        instanceId: id,
        before,
        after,
      });
    },
  }),
  commandOf<{ readonly id: string; readonly sameId: boolean }>({
    name: "restart",
    summary: "Start the same function with the same input again",
    example: "restart --id order-1",
    options: (command) =>
      command
        .requiredOption("--id <id>", "the instance")
        .option("--same-id", "under the same id, when the instance has ended", false),
    run: async (hub, { id, sameId }, output) => {
      const instanceId = await hub.restart(id, { newId: !sameId });
      output.done(`Restarted '${id}'. Instance ID: '${instanceId}'.`, { instanceId });
    },
  }),
  commandOf<{ readonly id: string; readonly timeout?: number }>({
    name: "wait",
    summary: "Wait until an instance has ended",
    example: "wait --id order-1 --timeout 60",
    options: (command) =>
      command
        .requiredOption("--id <id>", "the instance")
        .option("--timeout <seconds>", "at most so long (default: as long as it takes)", secondsOf),
    run: async (hub, { id, timeout }, output) => {
      output.object({ ...(await waitForEnd(hub, id, timeout)) });
    },
  }),
];

/** JSON inline, of a file, or of standard input. */
export function jsonOption(flags: string): Option {
  return hinted(new Option(flags, "JSON, a text, @file, or - for standard input"), { pathAfter: ["@"] });
}

function withReason(command: Command): Command {
  return command.requiredOption("--id <id>", "the instance").option("--reason <text>", "why");
}

function controlCommand(operation: Control, summary: string, done: string) {
  return commandOf<ReasonFlags>({
    name: operation,
    summary,
    example: `${operation} --id order-1 --reason maintenance`,
    options: withReason,
    run: async (hub, { id, reason }, output) => {
      await hub.control(operation, id, reason);
      output.done(`${done} '${id}'`, { instanceId: id, operation });
    },
  });
}

async function terminated(hub: Management, id: string): Promise<void> {
  const status = await waitForEnd(hub, id, TERMINATION_MS).catch(unlessTimeIsUp);
  if (status?.runtimeStatus === "Terminated") return;
  throw new CommandError("Instance did not terminate within the given timeout.", EXIT.conflict);
}

function unlessTimeIsUp(error: unknown): undefined {
  if (!isDurableError(error, "WAIT_TIMEOUT")) throw error;
  return undefined;
}
