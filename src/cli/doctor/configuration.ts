import { stat } from "node:fs/promises";
import { basename, resolve } from "node:path";
import { isDurableError } from "../../core/errors.ts";
import { type Configuration, keyFileOf, readKeys } from "../../server/index.ts";
import { configurationOf, type TargetFlags } from "../durable/target.ts";
import { originText } from "../origin-text.ts";
import { withoutSecrets } from "../without-secrets.ts";
import { lookAtVariables } from "./environment-variables.ts";
import { type Finding, type Part, problem, warning } from "./part.ts";

export interface ConfigurationPart extends Part {
  /** Absent when it cannot be read. */
  readonly configuration?: Configuration;
}

/** The configuration as a host of this app would have it. What is wrong with it is a finding. */
export async function lookAtConfiguration(flags: TargetFlags): Promise<ConfigurationPart> {
  const folder = resolve(flags.scriptRoot);
  const title = "Configuration";
  if (!(await isFolder(folder))) {
    const text = `There is no folder "${folder}"; name the folder of the app with --script-root.`;
    return { title, rows: [["App folder", folder]], facts: { appFolder: folder }, findings: [problem(text)] };
  }
  try {
    return await resolved(folder, await configurationOf(flags));
  } catch (error) {
    if (!isDurableError(error, "INVALID_CONFIGURATION")) throw error;
    return {
      title,
      rows: [["App folder", folder]],
      facts: { appFolder: folder },
      findings: [problem(error.message)],
    };
  }
}

async function resolved(folder: string, configuration: Configuration): Promise<ConfigurationPart> {
  const { storage, taskHubName, host, port, origins, files, warnings } = configuration;
  const keys = await lookAtKeys(folder, configuration);
  const variables = lookAtVariables(configuration);
  const hub = originText(origins.taskHubName, "--task-hub-name");
  return {
    configuration,
    title: "Configuration",
    rows: [
      ["App folder", folder],
      ["host.json", fileNamed("host.json", files) ?? "none"],
      ["Local settings", fileNamed("local.settings.json", files) ?? "none"],
      ["Storage", `${withoutSecrets(storage)}  (${originText(origins.storage, "--storage")})`],
      ["Task hub", `${taskHubName}  (${hub})`],
      ["Host", `${host}  (${originText(origins.host, "--host")})`],
      ["Port", `${port}  (${originText(origins.port, "--port")})`],
      ["Keys", keys.text],
      ["Key file", keys.fileText],
      ...variables.rows,
    ],
    facts: {
      appFolder: folder,
      files,
      storage: withoutSecrets(storage),
      taskHubName,
      host,
      port,
      requireKey: configuration.requireKey,
      keyFile: keyFileOf(folder),
      origins,
      variables: variables.facts,
    },
    findings: [...warnings.map(warning), ...keys.findings, ...variables.findings],
  };
}

interface Keys {
  readonly text: string;
  readonly fileText: string;
  readonly findings: readonly Finding[];
}

async function lookAtKeys(folder: string, { requireKey, systemKey, origins }: Configuration): Promise<Keys> {
  const path = keyFileOf(folder);
  const why = origins.requireKey.type === "default" ? "" : `  (${originText(origins.requireKey, "")})`;
  const text = requireKey
    ? `callers must present one${why}`
    : "none is needed: only this machine can reach the host";
  try {
    const count = (await readKeys(path)).length;
    const isMade = requireKey && systemKey === undefined;
    const none = isMade ? "; the first start makes it" : "";
    return {
      text,
      fileText: count === 0 ? `${path} is not there${none}` : `${path}, ${count} in it`,
      findings: [],
    };
  } catch (error) {
    if (!isDurableError(error, "INVALID_CONFIGURATION")) throw error;
    return { text, fileText: `${path} cannot be read`, findings: [problem(error.message)] };
  }
}

function fileNamed(name: string, files: readonly string[]): string | undefined {
  return files.find((file) => basename(file) === name);
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return false;
    throw error;
  }
}
