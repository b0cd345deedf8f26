import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { chmod, mkdir, readFile, rename, stat, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { z } from "zod";
import { invalidConfiguration } from "./invalid-configuration.ts";
import { parseJsonObject } from "./json-file.ts";

const Key = z.object({
  name: z.string().regex(/^[\w-]{1,64}$/),
  value: z.string().min(16),
  access: z.enum(["full", "read"]),
  createdAt: z.iso.datetime(),
});

const KeyFile = z.object({ keys: z.array(Key) });

export type StoredKey = z.infer<typeof Key>;

/** The key that callers present by default, and the one that opens nothing but what reads. */
export const SYSTEM_KEY = "system";
export const READ_KEY = "read";

/** Where the keys of an app's hosts are. */
export const keyFileOf = (appFolder: string): string => join(appFolder, ".perdure", "keys.json");

/** None when there is no such file. @throws {DurableError} INVALID_CONFIGURATION */
export async function readKeys(path: string): Promise<readonly StoredKey[]> {
  const text = await textOf(path);
  return text === undefined ? [] : keysOf(text, path);
}

/** The same at once, of a file that exists, for a caller that cannot wait. @throws {DurableError} INVALID_CONFIGURATION */
export function readKeysNow(path: string): readonly StoredKey[] {
  return keysOf(textNow(path), path);
}

function keysOf(text: string, path: string): readonly StoredKey[] {
  const parsed = KeyFile.safeParse(parseJsonObject(text, path));
  if (parsed.success) return parsed.data.keys;
  throw invalidConfiguration(`${path} does not hold keys as \`perdure keys\` writes them.`, parsed.error);
}

/** Writes all or nothing, readable by its owner only. */
export async function writeKeys(path: string, keys: readonly StoredKey[]): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  const draft = `${path}.${process.pid}`;
  await writeFile(draft, `${JSON.stringify({ keys }, undefined, 2)}\n`, { mode: 0o600 });
  await chmod(draft, 0o600); // A draft that a crash has left keeps the mode it had.
  await rename(draft, path);
}

/** The keys of the file; a system key and a key for reading are made first when there are none. */
export async function ensureKeys(path: string): Promise<readonly StoredKey[]> {
  const known = await readKeys(path);
  if (known.length > 0) return known;
  const keys = [newKey(SYSTEM_KEY, "full"), newKey(READ_KEY, "read")];
  await writeKeys(path, keys);
  return keys;
}

/** 256 random bits, in characters that need no encoding in a URL. */
export function newKey(name: string, access: StoredKey["access"]): StoredKey {
  return { name, value: randomBytes(32).toString("base64url"), access, createdAt: new Date().toISOString() };
}

/** When the file was changed; `undefined` when there is none. */
export async function changedAt(path: string): Promise<number | undefined> {
  try {
    return (await stat(path)).mtimeMs;
  } catch {
    return undefined; // No file, no keys.
  }
}

async function textOf(path: string): Promise<string | undefined> {
  try {
    return await readFile(path, "utf8");
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && cause.code === "ENOENT") return undefined;
    throw invalidConfiguration(`${path} cannot be read.`, cause);
  }
}

function textNow(path: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    throw invalidConfiguration(`${path} cannot be read.`, cause);
  }
}
