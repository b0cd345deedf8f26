import { resolve } from "node:path";
import { type Command, Option } from "commander";
import { openStorage, TaskHub } from "../../sdk/index.ts";
import { type Configuration, readConfiguration } from "../../server/index.ts";
import { CommandError, EXIT } from "../command-error.ts";
import { hinted } from "../completion/value-hints.ts";
import { explainHost, explainStore } from "./explain-target.ts";
import { HttpManagement } from "./http-management.ts";
import type { Management } from "./management.ts";
import { StoreManagement } from "./store-management.ts";

/** Where the hub is, as every command takes it. */
export interface TargetFlags {
  readonly storage?: string;
  readonly taskHubName?: string;
  readonly connectionStringSetting?: string;
  readonly url?: string;
  readonly key?: string | undefined;
  /** How commander came to the key: "cli" or "env". */
  readonly keyOrigin?: string | undefined;
  readonly scriptRoot: string;
  readonly verbose?: true;
}

export function withTarget(command: Command): Command {
  return command
    .addOption(
      hinted(new Option("-s, --storage <url>", "sqlite:<file> (default: as `perdure start` resolves it)"), {
        pathAfter: ["sqlite:"],
      }),
    )
    .option("--task-hub-name <name>", "task hub (default: as `perdure start` resolves it)")
    .addOption(new Option("--connection-string-setting <name>", "storage account of Azure").hideHelp())
    .option("--url <url>", "a host to ask over HTTP, instead of the store")
    .addOption(new Option("--key <key>", "key for --url").env("PERDURE_SYSTEM_KEY"))
    .addOption(
      hinted(new Option("--script-root <folder>", "folder of the app, with host.json").default("."), {
        pathAfter: [""],
      }),
    )
    .option("--verbose", "say which hub is meant and what says so, and where an error comes from");
}

/** The key for --url and where it comes from; an empty one is none. */
export function keyOf(command: Command): Pick<TargetFlags, "key" | "keyOrigin"> {
  const key: unknown = command.getOptionValue("key");
  if (typeof key !== "string" || key === "") return { key: undefined };
  return { key, keyOrigin: command.getOptionValueSource("key") };
}

/**
 * Opens the hub the flags mean: with --url over HTTP, else on the store, found the way the host finds it.
 *
 * @throws {CommandError} and what the store and the configuration raise.
 */
export async function openTarget(flags: TargetFlags, { create = false } = {}): Promise<Management> {
  refuseAzure(flags);
  const { url, key, storage, taskHubName, verbose } = flags;
  if (url !== undefined) {
    if (storage !== undefined) throw new CommandError("--url and --storage exclude each other.", EXIT.usage);
    const target = { url: checkedUrl(url), key, taskHubName };
    if (verbose) explainHost(url, flags);
    return new HttpManagement(target);
  }
  const configuration = await configurationOf(flags);
  const hub = await TaskHub.open(configuration.storage, {
    taskHubName: configuration.taskHubName,
    settings: configuration.settings,
    create,
  });
  return new StoreManagement(hub);
}

/** The names of the hubs in the store the flags mean. */
export async function taskHubsOf(flags: TargetFlags): Promise<readonly string[]> {
  refuseAzure(flags);
  if (flags.url !== undefined) {
    const { url, key } = flags;
    return new HttpManagement({ url: checkedUrl(url), key, taskHubName: undefined }).taskHubs();
  }
  const storage = await openStorage((await configurationOf(flags)).storage, { create: false });
  try {
    return (await storage.taskHubs.list()).map(({ name }) => name);
  } finally {
    await storage.close();
  }
}

/** As a host of the app would have it. @throws {DurableError} INVALID_CONFIGURATION */
export async function configurationOf({
  scriptRoot,
  storage,
  taskHubName,
  verbose,
}: TargetFlags): Promise<Configuration> {
  const overrides = {
    ...(storage === undefined ? {} : { storage }),
    ...(taskHubName === undefined ? {} : { taskHubName }),
  };
  const configuration = await readConfiguration(resolve(scriptRoot), overrides, process.env);
  if (verbose) explainStore(configuration);
  return configuration;
}

/** @throws {CommandError} */
export function refuseAzure({ connectionStringSetting }: TargetFlags): void {
  if (connectionStringSetting === undefined) return;
  throw new CommandError("Azure Storage hubs are not supported in this version; use --storage.", EXIT.usage);
}

const NO_URL = { protocol: "", username: "", password: "" };

function checkedUrl(url: string): string {
  const { protocol, username, password } = URL.canParse(url) ? new URL(url) : NO_URL;
  if (username !== "" || password !== "") {
    throw new CommandError("--url holds a user name or a password; hosts take a key: --key.", EXIT.usage);
  }
  if (protocol === "http:" || protocol === "https:") return url;
  throw new CommandError(`--url is "${url}"; it should be like http://127.0.0.1:7071.`, EXIT.usage);
}
