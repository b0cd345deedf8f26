import { existsSync } from "node:fs";
import { relative } from "node:path";
import { describe, expect, test } from "vitest";
import { openStorage } from "../../src/providers/open/open-storage.ts";
import { useFolder } from "./sqlite-folder.ts";

describe("a storage URL", () => {
  const file = useFolder();

  test("memory: opens a store that is gone with the process", async () => {
    const storage = await openStorage("memory:");

    expect(await storage.taskHubs.list()).toEqual([]);
    await storage.close();
  });

  test.each([
    ["sqlite: and a relative path", (path: string) => `sqlite:./${relative(process.cwd(), path)}`],
    ["sqlite: and an absolute path", (path: string) => `sqlite:${path}`],
    ["sqlite:// and an absolute path", (path: string) => `sqlite://${path}`],
    ["a parameter", (path: string) => `sqlite:${path}?synchronous=normal`],
    ["a scheme in capitals", (path: string) => `SQLITE:${path}`],
  ])("%s opens that file", async (_what, urlOf) => {
    const storage = await openStorage(urlOf(file()));

    expect(existsSync(file())).toBe(true);
    await storage.close();
  });

  test.each([
    "mongodb://user:secret@db/x",
    "hub.db",
    "",
    "sqlite:",
    "sqlite://hub.db",
    "sqlite:./hub.db?synchronous=off",
    "sqlite:./hub.db?mode=ro",
  ])("%j is not known, and the error says what is", async (url) => {
    const opened = openStorage(url);

    await expect(opened).rejects.toMatchObject({ code: "UNKNOWN_STORAGE" });
    await expect(opened).rejects.toThrow(/memory:.*sqlite:/);
    await expect(opened).rejects.not.toThrow(/secret/);
  });
});
