import { execFile } from "node:child_process";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { expect, test } from "vitest";

const run = promisify(execFile);
const generated = fileURLToPath(new URL("../../src/wire/generated", import.meta.url));
const generator = fileURLToPath(new URL("../../scripts/generate-wire.mjs", import.meta.url));

async function filesOf(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = await readdir(folder);
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, await readFile(join(folder, name), "utf8")])),
  );
}

test("the generated code is what `npm run generate` makes of proto/", async () => {
  const folder = await mkdtemp(join(tmpdir(), "perdure-generated-"));
  try {
    await run(process.execPath, [generator, folder]);

    expect(await filesOf(folder)).toEqual(await filesOf(generated));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}, 60_000);
