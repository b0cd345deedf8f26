import { chmod, cp, mkdir, readdir, symlink, writeFile } from "node:fs/promises";
import { basename, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../", import.meta.url));

/** What git would not bring along. */
const NOT_CLONED = [".git", "node_modules", "dist", "dist-bench", "coverage", ".perdure"];

/** The repository as a clone has it, with nothing compiled; the dependencies are lent, so that nothing is downloaded. */
export async function makeClone(folder: string): Promise<void> {
  await cp(root, folder, {
    recursive: true,
    filter: (path) => !isLeftOut(relative(root, path)),
  });
  await mkdir(join(folder, "node_modules"));
  for (const name of await readdir(join(root, "node_modules"))) await lend(name, folder);
}

const isLeftOut = (path: string): boolean =>
  NOT_CLONED.includes(basename(path)) || path.startsWith(".setup.lock");

/** What `npm init` and `npm install` leave in a folder of a reader, with the clone as the package. */
export async function makeProject(folder: string, clone: string): Promise<void> {
  await mkdir(join(folder, "node_modules", ".bin"), { recursive: true });
  await writeFile(join(folder, "package.json"), JSON.stringify({ name: "mine", type: "module" }));
  await symlink(clone, join(folder, "node_modules", "perdure"), "dir");
  await lend("typescript", folder);
  await lend("@types", folder);
  await command(folder, "perdure", join(clone, "dist", "cli", "main.js"));
  await command(folder, "tsc", join(root, "node_modules", "typescript", "bin", "tsc"));
}

/** Each package by a link of its own: whoever empties the folder of the links leaves the packages as they are. */
async function lend(name: string, folder: string): Promise<void> {
  await symlink(join(root, "node_modules", name), join(folder, "node_modules", name));
}

async function command(folder: string, name: string, program: string): Promise<void> {
  await chmod(program, 0o755);
  await symlink(program, join(folder, "node_modules", ".bin", name));
}
