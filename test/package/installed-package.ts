import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);

export const repository = fileURLToPath(new URL("../../", import.meta.url));

/** npm tells the scripts it runs which project they belong to; a command in another folder must not hear of it. */
function environmentOfAUser(): NodeJS.ProcessEnv {
  const belongsToThisProject =
    /^(npm_(package|lifecycle)_|npm_config_local_prefix$|INIT_CWD$|NODE_ENV$|VITEST)/;
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !belongsToThisProject.test(name)));
}

/** Runs a program and answers its standard output; a failure shows both of its outputs. */
export async function run(folder: string, program: string, ...args: readonly string[]): Promise<string> {
  const isNpm = program === "npm" || program === "npx";
  const options = {
    cwd: folder,
    env: environmentOfAUser(),
    shell: isNpm && process.platform === "win32",
    maxBuffer: 64 * 1024 * 1024,
  };
  try {
    const { stdout } = await execute(program, args, options);
    return stdout.trim();
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const { stdout = "", stderr = "" } = error as { readonly stdout?: string; readonly stderr?: string };
    throw new Error(`${[program, ...args].join(" ")} failed:\n${stdout}\n${stderr}`, { cause: error });
  }
}

/** An empty project of a user, into which the packed package was installed as from a registry. */
export interface InstalledPackage {
  readonly tarball: string;
  readonly folder: string;
  /** Runs a program of a few lines in the project, and answers what it prints. */
  readonly runSource: (file: string, source: string) => Promise<string>;
  readonly write: (file: string, text: string) => Promise<string>;
  /** Adds a package of ours to the project without a download. */
  readonly lend: (dependency: string) => Promise<void>;
  readonly remove: () => Promise<void>;
}

export async function installPackage(): Promise<InstalledPackage> {
  const base = await mkdtemp(join(tmpdir(), "perdure-package-"));
  const remove = () => rm(base, { recursive: true, force: true });
  try {
    const tarball = await pack(base);
    const folder = join(base, "project");
    await mkdir(folder);
    const manifest = { name: "a-project", private: true, type: "module" };
    await writeFile(join(folder, "package.json"), JSON.stringify(manifest));
    await run(folder, "npm", "install", "--prefer-offline", "--no-audit", "--no-fund", tarball);
    return { tarball, folder, remove, ...toolsOf(folder) };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function pack(target: string): Promise<string> {
  await run(repository, "npm", "pack", "--pack-destination", target);
  const packed = (await readdir(target)).find((file) => file.endsWith(".tgz"));
  if (packed === undefined) throw new Error("npm pack made no tarball");
  return join(target, packed);
}

function toolsOf(folder: string): Pick<InstalledPackage, "write" | "runSource" | "lend"> {
  const write = async (file: string, text: string): Promise<string> => {
    await writeFile(join(folder, file), text);
    return join(folder, file);
  };
  return {
    write,
    runSource: async (file, source) => run(folder, process.execPath, await write(file, source)),
    lend: async (dependency) => {
      const target = join(folder, "node_modules", dependency);
      if (existsSync(target)) return;
      await symlink(join(repository, "node_modules", dependency), target, "junction");
    },
  };
}
