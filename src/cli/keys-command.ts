import { Command, InvalidArgumentError, Option } from "commander";
import { keyFileOf, newKey, readKeys, type StoredKey, writeKeys } from "../server/index.ts";
import { CommandError, EXIT } from "./command-error.ts";
import { hinted } from "./completion/value-hints.ts";

interface Flags {
  readonly scriptRoot: string;
}

/** `perdure keys ...`: who may call the management API of an app's hosts. A change counts at once, also for running ones. */
export function keysCommand(): Command {
  const keys = new Command("keys")
    .summary("manage the keys of the HTTP API")
    .description("Manages the keys that callers of the HTTP API present, where a key is needed.")
    .helpCommand(false)
    .exitOverride()
    .addHelpText("after", "\nExample:\n  perdure keys add dashboard --read-only\n  perdure keys show system");
  return keys
    .addCommand(command("list", "name the keys there are").action(list))
    .addCommand(command("show", "print a key").argument("<name>", "of the key").action(show))
    .addCommand(
      command("add", "make a key and print it")
        .argument("<name>", "of the key", nameOf)
        .option("--read-only", "for what changes nothing", false)
        .action(add),
    )
    .addCommand(
      command("rotate", "replace a key and print the new one")
        .argument("<name>", "of the key")
        .action(rotate),
    )
    .addCommand(command("revoke", "remove a key").argument("<name>", "of the key").action(revoke));
}

function command(name: string, summary: string): Command {
  return new Command(name)
    .description(summary)
    .addOption(
      hinted(new Option("--script-root <folder>", "folder of the app").default("."), { pathAfter: [""] }),
    )
    .exitOverride();
}

async function list({ scriptRoot }: Flags): Promise<void> {
  for (const { name, access, createdAt } of await readKeys(keyFileOf(scriptRoot))) {
    console.log(`${name.padEnd(24)}  ${access.padEnd(4)}  ${createdAt}`);
  }
}

async function show(name: string, { scriptRoot }: Flags): Promise<void> {
  console.log(known(await readKeys(keyFileOf(scriptRoot)), name).value);
}

async function add(
  name: string,
  { scriptRoot, readOnly }: Flags & { readonly readOnly: boolean },
): Promise<void> {
  const keys = await readKeys(keyFileOf(scriptRoot));
  if (keys.some((each) => each.name === name)) {
    throw new CommandError(
      `There is a key '${name}' already; replace it with: perdure keys rotate ${name}`,
      EXIT.conflict,
    );
  }
  await change(scriptRoot, [...keys, newKey(name, readOnly ? "read" : "full")], name);
}

async function rotate(name: string, { scriptRoot }: Flags): Promise<void> {
  const keys = await readKeys(keyFileOf(scriptRoot));
  const next = newKey(name, known(keys, name).access);
  await change(
    scriptRoot,
    keys.map((each) => (each.name === name ? next : each)),
    name,
  );
}

async function revoke(name: string, { scriptRoot }: Flags): Promise<void> {
  const keys = await readKeys(keyFileOf(scriptRoot));
  const { access } = known(keys, name);
  const left = keys.filter((each) => each.name !== name);
  if (access === "full" && !left.some((each) => each.access === "full")) {
    throw new CommandError(
      `'${name}' is the last key that may do everything; rotate it, or add another first.`,
      EXIT.conflict,
    );
  }
  await writeKeys(keyFileOf(scriptRoot), left);
}

async function change(scriptRoot: string, keys: readonly StoredKey[], name: string): Promise<void> {
  await writeKeys(keyFileOf(scriptRoot), keys);
  console.log(known(keys, name).value);
}

function known(keys: readonly StoredKey[], name: string): StoredKey {
  const key = keys.find((each) => each.name === name);
  if (key) return key;
  const names =
    keys.length === 0 ? "There is none yet" : `There are ${keys.map((each) => each.name).join(", ")}`;
  throw new CommandError(`There is no key '${name}'. ${names}.`, EXIT.notFound);
}

function nameOf(argument: string): string {
  if (/^[\w-]{1,64}$/.test(argument)) return argument;
  throw new InvalidArgumentError("A name has 1 to 64 letters, digits, - and _.");
}
