import { extname } from "node:path";
import { pathToFileURL } from "node:url";
import { createJiti } from "jiti";
import { isDurableError } from "../core/errors.ts";
import type { App } from "../sdk/index.ts";
import { notLoaded } from "./app-location.ts";
import { canFindPackage, lendPackage, ownEntries } from "./lend-package.ts";

/** Runs the files of an app, which register their functions. @throws {DurableError} APP_LOAD_FAILED */
export async function loadApp(files: readonly string[], app: App): Promise<void> {
  if (files.some((file) => !canFindPackage(file))) lendPackage();
  for (const file of files) {
    const hasLoaded = tellWhenTheProcessEnds(file);
    try {
      await loadFile(file, app);
    } catch (cause) {
      throw notLoaded(`"${file}" could not be loaded: ${reasonOf(cause)}`, cause);
    } finally {
      hasLoaded();
    }
  }
}

/** A file that ends the process, or that waits for ever at its top level, would end the host without a word. */
function tellWhenTheProcessEnds(file: string): () => void {
  const tell = (): void => {
    process.stderr.write(
      `perdure: "${file}" was not loaded: it ended the process, or its top-level await never ends.\n`,
    );
    process.exitCode = 1;
  };
  process.once("exit", tell);
  return () => process.removeListener("exit", tell);
}

/**
 * As Node.js itself would run the file. Where it cannot, because it is too old for TypeScript or the TypeScript needs
 * more than its types stripped, a transpiler does, unless functions have been registered by then.
 */
async function loadFile(file: string, app: App): Promise<void> {
  if (isTypeScript(file) && !stripsTypes()) return transpiled(file);
  const before = functionCount(app);
  try {
    await import(/* @vite-ignore */ pathToFileURL(file).href);
  } catch (error) {
    if (!mayNeedTranspiler(error) || functionCount(app) !== before) throw error;
    await transpiledOr(error, file);
  }
}

async function transpiledOr(first: unknown, file: string): Promise<void> {
  try {
    await transpiled(file);
  } catch (second) {
    throw codeOf(second) === "MODULE_NOT_FOUND" ? first : second;
  }
}

/** What the app imports from the package is the copy that runs this host. */
async function transpiled(file: string): Promise<void> {
  const jiti = createJiti(file, {
    alias: canFindPackage(file) ? {} : ownEntries(),
    nativeModules: ["perdure"],
    fsCache: false,
  });
  await jiti.import(file);
}

function isTypeScript(file: string): boolean {
  return [".ts", ".mts", ".cts"].includes(extname(file));
}

function stripsTypes(): boolean {
  return "typescript" in process.features && Boolean(process.features.typescript);
}

const TRANSPILER_MAY_HELP = [
  "ERR_UNKNOWN_FILE_EXTENSION",
  "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX",
  "ERR_UNSUPPORTED_DIR_IMPORT",
  "ERR_MODULE_NOT_FOUND",
];

function mayNeedTranspiler(error: unknown): boolean {
  return TRANSPILER_MAY_HELP.includes(codeOf(error) ?? "");
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** How many functions the app has registered so far. */
export function functionCount({ registry }: App): number {
  const { orchestratorNames, activityNames, entityNames } = registry;
  return orchestratorNames.length + activityNames.length + entityNames.length;
}

function reasonOf(cause: unknown): string {
  const message = cause instanceof Error ? `${cause.name}: ${cause.message}` : String(cause);
  const isMissing = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"].includes(codeOf(cause) ?? "");
  if (isDurableError(cause)) return cause.message;
  return isMissing && message.includes("perdure")
    ? `${message}. Install it beside the app: npm install perdure`
    : message;
}
