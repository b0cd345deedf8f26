import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** The same place from src and from dist: both are two folders below the package. */
const FOLDER = fileURLToPath(new URL("../../../migrations/sqlite/", import.meta.url));

/** The scripts in their order; the schema version of a database is how many of them it has had. */
export function readMigrations(): readonly string[] {
  const names = readdirSync(FOLDER).filter((name) => name.endsWith(".sql"));
  return names.toSorted().map((name) => readFileSync(`${FOLDER}${name}`, "utf8"));
}
