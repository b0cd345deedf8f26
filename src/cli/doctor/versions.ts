import { release } from "node:os";
import { packageVersion } from "../../server/index.ts";
import { type Part, problem } from "./part.ts";

/** What runs here. The SQLite driver is compiled code, which does not load when it was made for another Node.js. */
export async function lookAtVersions(): Promise<Part> {
  const platform = `${process.platform} ${process.arch} ${release()}`;
  const sqlite = await sqliteVersion();
  const facts = { perdure: packageVersion(), node: process.versions.node, platform };
  const rows = [
    ["Perdure", facts.perdure],
    ["Node.js", facts.node],
    ["SQLite", "version" in sqlite ? sqlite.version : "does not load"],
    ["Platform", platform],
  ] as const;
  return {
    title: "Versions",
    rows,
    facts: { ...facts, ...("version" in sqlite ? { sqlite: sqlite.version } : {}) },
    findings: "version" in sqlite ? [] : [problem(sqlite.reason)],
  };
}

async function sqliteVersion(): Promise<{ readonly version: string } | { readonly reason: string }> {
  try {
    const { default: Database } = await import("better-sqlite3");
    const database = new Database(":memory:");
    const version = String(database.prepare("select sqlite_version()").pluck().get());
    database.close();
    return { version };
  } catch (error) {
    const [reason] = String(error).split("\n");
    return { reason: `The SQLite driver does not load (${reason}). Run: npm rebuild better-sqlite3` };
  }
}
