import { readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { app } from "perdure";

interface License {
  readonly name: string;
  readonly license: string;
}

/** The packages installed beside this app, found the way Node.js finds them: in the nearest node_modules above. */
const listPackages = app.activity("listPackages", async (): Promise<string[]> => {
  const root = await nearestNodeModules(import.meta.dirname);
  const names: string[] = [];
  for (const name of await readdir(root)) {
    if (name.startsWith(".")) continue;
    if (name.startsWith("@"))
      names.push(...(await readdir(join(root, name))).map((each) => `${name}/${each}`));
    else names.push(name);
  }
  return names.sort().map((name) => join(root, name));
});

const readLicense = app.activity("readLicense", async (folder: string): Promise<License> => {
  const manifest = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
  return { name: manifest.name, license: manifest.license ?? "unknown" };
});

// One activity for each package, as many at a time as the host allows, and one report of them all.
app.orchestration("licenseReport", async (ctx) => {
  const folders = await ctx.callActivity(listPackages);
  const found = await ctx.all(folders.map((folder) => ctx.callActivity(readLicense, folder)));

  const licenses: Record<string, number> = {};
  for (const { license } of found) licenses[license] = (licenses[license] ?? 0) + 1;
  return { packages: found.length, licenses };
});

async function nearestNodeModules(folder: string): Promise<string> {
  const candidate = join(folder, "node_modules");
  const entries = await readdir(candidate).catch(() => []);
  if (entries.length > 0) return candidate;
  const parent = dirname(folder);
  if (parent === folder) throw new Error("No packages are installed here. Run npm install first.");
  return nearestNodeModules(parent);
}
