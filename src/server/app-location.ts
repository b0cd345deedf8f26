import { readdir, stat } from "node:fs/promises";
import { basename, dirname, extname, join, posix, relative, resolve, sep } from "node:path";
import { DurableError } from "../core/errors.ts";
import { globToRegExp } from "./glob.ts";
import { readJsonFile } from "./json-file.ts";

/** Where an app is and which files make it. */
export interface AppLocation {
  /** Where host.json, local.settings.json and by default the store are. */
  readonly folder: string;
  /** In the order in which they are loaded. */
  readonly files: readonly string[];
  readonly warnings: readonly string[];
}

/** In the order of preference, where one function exists in two forms: a source is never older than what it became. */
const EXTENSIONS = [".ts", ".mts", ".cts", ".js", ".mjs", ".cjs"];
const ENTRIES = ["index", "app", "src/index", "src/app"];
const FUNCTIONS_FOLDER = "src/functions";

/** The app of a folder; without files when there is none. @throws {DurableError} APP_LOAD_FAILED */
export async function locateAppIfAny(folder: string): Promise<AppLocation> {
  const absolute = resolve(folder);
  const isThere = (await mainOf(absolute)) !== undefined || (await conventionalFiles(absolute)).length > 0;
  return isThere ? locateInFolder(absolute) : { folder: absolute, files: [], warnings: [] };
}

/** @throws {DurableError} APP_LOAD_FAILED */
export async function locateApp(path: string): Promise<AppLocation> {
  const absolute = resolve(path);
  const kind = await kindOf(absolute);
  if (kind === "missing") {
    throw notLoaded(`There is no file or folder "${absolute}". Name the folder or the file of an app.`);
  }
  if (kind === "folder") return locateInFolder(absolute);
  if (!EXTENSIONS.includes(extname(absolute))) {
    throw notLoaded(`"${absolute}" is not a program: an app is one of ${EXTENSIONS.join(" ")}, or a folder.`);
  }
  return { folder: dirname(absolute), files: [absolute], warnings: [] };
}

export function notLoaded(message: string, cause?: unknown): DurableError {
  return new DurableError("APP_LOAD_FAILED", message, cause === undefined ? {} : { cause });
}

async function locateInFolder(folder: string): Promise<AppLocation> {
  const main = await mainOf(folder);
  const named = main === undefined ? [] : await filesNamed(folder, main);
  if (named.length > 0) return { folder, files: named, warnings: [] };
  const files = await conventionalFiles(folder);
  if (files.length === 0) throw noApp(folder, main);
  const warnings =
    main === undefined
      ? []
      : [
          `package.json: main is "${main}", which matches no file; ${listed(folder, files)} is loaded instead.`,
        ];
  return { folder, files, warnings };
}

function noApp(folder: string, main: string | undefined): DurableError {
  const looked = [...ENTRIES, `${FUNCTIONS_FOLDER}/*`].join(", ");
  const matched = main === undefined ? "" : `main in its package.json, "${main}", matches no file, and `;
  return notLoaded(
    `There is no app in "${folder}": ${matched}there is none of ${looked} (${EXTENSIONS.join(" ")}). ` +
      'Name the file, or set "main" in package.json.',
  );
}

async function mainOf(folder: string): Promise<string | undefined> {
  const main = (await readJsonFile(join(folder, "package.json")))?.["main"];
  return typeof main === "string" && main !== "" ? main : undefined;
}

/** One file, a folder's index, or all that match a glob, as Azure Functions reads `main`. */
async function filesNamed(folder: string, main: string): Promise<readonly string[]> {
  const path = join(folder, main);
  const kind = await kindOf(path);
  if (kind === "file") return [path];
  if (kind === "folder") return firstOf([join(path, "index")]);
  const pattern = globToRegExp(main);
  const files = (await filesBelow(folder)).filter(isFunctionFile);
  return files.filter((file) => pattern.test(relative(folder, file).split(sep).join(posix.sep)));
}

async function conventionalFiles(folder: string): Promise<readonly string[]> {
  const entry = await firstOf(ENTRIES.map((name) => join(folder, name)));
  const functions = (await filesBelow(join(folder, FUNCTIONS_FOLDER))).filter(isFunctionFile);
  return [...entry, ...onePerName(functions)];
}

async function firstOf(stems: readonly string[]): Promise<readonly string[]> {
  for (const stem of stems) {
    for (const extension of EXTENSIONS) {
      if ((await kindOf(stem + extension)) === "file") return [stem + extension];
    }
  }
  return [];
}

function isFunctionFile(file: string): boolean {
  return EXTENSIONS.includes(extname(file)) && !/\.(d|test|spec)\.[cm]?[jt]s$/.test(basename(file));
}

function onePerName(files: readonly string[]): readonly string[] {
  const chosen = new Map<string, string>();
  const byPreference = files.toSorted((a, b) => rank(a) - rank(b));
  for (const file of byPreference) {
    const stem = file.slice(0, -extname(file).length);
    if (!chosen.has(stem)) chosen.set(stem, file);
  }
  return [...chosen.values()].toSorted();
}

const rank = (file: string): number => EXTENSIONS.indexOf(extname(file));

async function filesBelow(folder: string): Promise<readonly string[]> {
  if ((await kindOf(folder)) !== "folder") return [];
  const entries = await readdir(folder, { withFileTypes: true });
  const nested = await Promise.all(
    entries.map(async (entry) => {
      const path = join(folder, entry.name);
      if (!entry.isDirectory()) return [path];
      return entry.name === "node_modules" ? [] : filesBelow(path);
    }),
  );
  return nested.flat().toSorted();
}

async function kindOf(path: string): Promise<"file" | "folder" | "missing"> {
  try {
    return (await stat(path)).isDirectory() ? "folder" : "file";
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return "missing";
    throw notLoaded(`"${path}" cannot be read.`, error);
  }
}

function listed(folder: string, files: readonly string[]): string {
  return files.map((file) => relative(folder, file)).join(", ");
}
