import { HOST_JSON_SETTINGS, type HostJsonSetting, type HostJsonValue } from "./host-json-settings.ts";
import { invalidConfiguration, wrongSetting } from "./invalid-configuration.ts";
import { isJsonObject, type JsonObject, propertyOf } from "./json-file.ts";

/** What host.json and the environment say about durableTask. */
export interface HostSettings {
  /** By the path below durableTask, in the spelling of {@link HOST_JSON_SETTINGS}. */
  readonly values: Readonly<Record<string, HostJsonValue>>;
  /** For each of the values the property of the file, or the variable that stands for it. */
  readonly places: Readonly<Record<string, HostSettingPlace>>;
  readonly warnings: readonly string[];
}

export interface HostSettingPlace {
  readonly isVariable: boolean;
  readonly name: string;
}

export interface HostJsonSources {
  /** The object in host.json, and the path to name in errors. */
  readonly hostJson: JsonObject | undefined;
  readonly path: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

interface Entry {
  readonly path: string;
  readonly value: unknown;
  /** Where to mend it. */
  readonly source: string;
  readonly setting: string;
}

/** How Azure Functions spells a property of host.json as an environment variable, which then wins. */
const ENVIRONMENT_PREFIX = "azurefunctionsjobhost__extensions__durabletask__";

/**
 * Checks what is known, warns of what is not, and puts settings in the place of `%NAME%`.
 *
 * @throws {DurableError} INVALID_CONFIGURATION
 */
export function readHostSettings({ hostJson, path, environment }: HostJsonSources): HostSettings {
  const values: Record<string, HostJsonValue> = {};
  const places: Record<string, HostSettingPlace> = {};
  const warnings: string[] = [];
  for (const entry of [...fileEntries(hostJson, path, warnings), ...environmentEntries(environment)]) {
    const known = KNOWN.get(entry.path.toLowerCase());
    if (known === undefined) {
      warnings.push(`${entry.source}: ${entry.setting} is not known and has no effect.`);
      continue;
    }
    values[known.name] = checked(entry, known.setting, environment);
    places[known.name] = { isVariable: isVariable(entry), name: entry.setting };
  }
  return { values, places, warnings };
}

const KNOWN: ReadonlyMap<string, { readonly name: string; readonly setting: HostJsonSetting }> = new Map(
  Object.entries(HOST_JSON_SETTINGS).map(([name, setting]) => [name.toLowerCase(), { name, setting }]),
);

const GROUPS: ReadonlySet<string> = new Set(
  [...KNOWN.keys()].flatMap((name) => {
    const parts = name.split(".");
    return parts.slice(1).map((_part, index) => parts.slice(0, index + 1).join("."));
  }),
);

function fileEntries(hostJson: JsonObject | undefined, source: string, warnings: string[]): Entry[] {
  const extension = propertyOf(propertyOf(hostJson, "extensions"), "durableTask");
  const topLevel = propertyOf(hostJson, "durableTask");
  const isVersion1 = propertyOf(hostJson, "version") === undefined;
  if (topLevel !== undefined && !isVersion1) {
    warnings.push(`${source}: durableTask has no effect here; move it into "extensions".`);
  }
  const [section, prefix] =
    extension === undefined && isVersion1 ? [topLevel, "durableTask"] : [extension, "extensions.durableTask"];
  if (section === undefined || section === null) return [];
  if (!isJsonObject(section)) {
    throw wrongSetting({ source, setting: prefix, value: section, allowed: "an object" });
  }
  return flatten(section, "", { source, prefix });
}

function flatten(
  object: JsonObject,
  above: string,
  place: { readonly source: string; readonly prefix: string },
): Entry[] {
  return Object.entries(object).flatMap(([key, value]) => {
    const path = above === "" ? key : `${above}.${key}`;
    const entry = { path, value, source: place.source, setting: `${place.prefix}.${path}` };
    if (value === null) return [];
    if (!GROUPS.has(path.toLowerCase())) return [entry];
    if (isJsonObject(value)) return flatten(value, path, place);
    throw wrongSetting({ ...entry, allowed: "an object" });
  });
}

function environmentEntries(environment: HostJsonSources["environment"]): Entry[] {
  return Object.entries(environment).flatMap(([name, value]) => {
    if (value === undefined || !name.toLowerCase().startsWith(ENVIRONMENT_PREFIX)) return [];
    const path = name.slice(ENVIRONMENT_PREFIX.length).replaceAll("__", ".");
    return [{ path, value, source: name, setting: name }];
  });
}

/** Text that came out of a setting may stand for a number or a flag, since settings are always text. */
function checked(
  entry: Entry,
  { schema, allowed }: HostJsonSetting,
  environment: HostJsonSources["environment"],
): HostJsonValue {
  const value = typeof entry.value === "string" ? substituted(entry, entry.value, environment) : entry.value;
  const mayBeText = value !== entry.value || isVariable(entry);
  for (const candidate of mayBeText ? [value, valueOfText(value)] : [value]) {
    const result = schema.safeParse(candidate);
    if (result.success) return result.data;
  }
  throw wrongSetting({ ...entry, value, allowed });
}

/** An environment variable is its own source; a property is one of a file. */
function isVariable({ source, setting }: Entry): boolean {
  return source === setting;
}

function substituted(entry: Entry, text: string, environment: HostJsonSources["environment"]): string {
  return text.replace(/%([^%\s]+)%/g, (_match, name: string) => {
    const value = environment[name];
    if (value !== undefined) return value;
    throw invalidConfiguration(
      `${entry.source}: ${entry.setting} refers to %${name}%, but there is no setting ${name}. ` +
        "Set it in the environment or under Values in local.settings.json.",
    );
  });
}

function valueOfText(value: unknown): unknown {
  if (typeof value !== "string") return value;
  if (/^(true|false)$/i.test(value)) return value.toLowerCase() === "true";
  return value.trim() === "" ? value : Number(value);
}
