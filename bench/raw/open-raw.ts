import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import Database from "better-sqlite3";

/** A database with Perdure's schema and its settings, and nothing in it. */
export function openRaw(folder: string): Database.Database {
  const database = new Database(join(folder, "raw.db"));
  database.pragma("journal_mode = wal");
  database.pragma("synchronous = full");
  database.pragma("wal_autocheckpoint = 4000");
  database.exec(schema());
  return database;
}

function schema(): string {
  const folder = new URL("../../migrations/sqlite/", import.meta.url);
  const scripts = readdirSync(folder).toSorted();
  return scripts.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
}
