import { mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { ensureKeys, keyFileOf, newKey, readKeys, writeKeys } from "../../src/server/key-file.ts";
import { FileKeyRing } from "../../src/server/key-ring.ts";
import { isLoopback } from "../../src/server/loopback.ts";

let path: string;
let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "perdure-"));
  path = keyFileOf(folder);
});

afterEach(() => rm(folder, { recursive: true }));

const valueOf = async (name: string): Promise<string> =>
  (await readKeys(path)).find((key) => key.name === name)?.value ?? "";

describe("the key file", () => {
  test("is made once, with a key for everything and one for reading, for its owner's eyes only", async () => {
    const first = await ensureKeys(path);
    const second = await ensureKeys(path);

    expect(first.map(({ name, access }) => [name, access])).toEqual([
      ["system", "full"],
      ["read", "read"],
    ]);
    expect(second).toEqual(first);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test("has keys of 256 random bits that need no encoding in a URL", async () => {
    const [system, read] = await ensureKeys(path);

    expect(system?.value).toMatch(/^[\w-]{43}$/);
    expect(system?.value).not.toBe(read?.value);
  });

  test.each([
    "{",
    "[]",
    '{"keys":[{"name":"a"}]}',
    '{"keys":[{"name":"a","value":"short","access":"full","createdAt":"2030-01-01T00:00:00Z"}]}',
  ])("that is wrong is refused and left as it is: %s", async (text) => {
    await ensureKeys(path);
    await writeFile(path, text);

    await expect(readKeys(path)).rejects.toMatchObject({ code: "INVALID_CONFIGURATION" });
    await expect(ensureKeys(path)).rejects.toThrow(path);
    expect(await readFile(path, "utf8")).toBe(text);
  });
});

describe("a key ring", () => {
  test("knows the keys of the file and the one of the environment", async () => {
    await ensureKeys(path);
    const ring = new FileKeyRing({ path, extraKey: "from the environment" });

    expect(await ring.accessOf(await valueOf("system"))).toBe("full");
    expect(await ring.accessOf(await valueOf("read"))).toBe("read");
    expect(await ring.accessOf("from the environment")).toBe("full");
    for (const wrong of ["", "wrong", `${await valueOf("system")}x`]) {
      expect(await ring.accessOf(wrong)).toBeUndefined();
    }
  });

  test("learns of a new key and forgets a revoked one with the next request", async () => {
    const keys = await ensureKeys(path);
    const ring = new FileKeyRing({ path, extraKey: undefined });
    const system = await valueOf("system");
    expect(await ring.accessOf(system)).toBe("full");
    const added = newKey("added", "full");

    await writeKeys(path, [...keys.filter(({ name }) => name !== "system"), added]);

    expect(await ring.accessOf(added.value)).toBe("full");
    expect(await ring.accessOf(system)).toBeUndefined();
  });

  test("without a file opens nothing", async () => {
    expect(await new FileKeyRing({ path, extraKey: undefined }).accessOf("anything")).toBeUndefined();
  });
});

test.each([
  ["127.0.0.1", true],
  ["127.8.8.8", true],
  ["localhost", true],
  ["LocalHost", true],
  ["::1", true],
  ["0.0.0.0", false],
  ["::", false],
  ["", false],
  ["192.168.0.1", false],
  ["127.0.0.1.example.org", false],
])("only this machine can reach what listens on %j: %s", (host, expected) => {
  expect(isLoopback(host)).toBe(expected);
});
