import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";

/** A folder of its own for each test; the answer gives the path of a file in it. */
export function useFolder(): (name?: string) => string {
  let folder = "";
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "perdure-"));
  });
  afterEach(() => rmSync(folder, { recursive: true }));
  return (name = "hub.db") => join(folder, name);
}
