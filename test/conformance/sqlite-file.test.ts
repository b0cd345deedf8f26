import {
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  truncateSync,
  unlinkSync,
  writeFileSync,
} from "node:fs";
import { fileURLToPath } from "node:url";
import BetterSqlite3 from "better-sqlite3";
import { describe, expect, test } from "vitest";
import { decodeEntity } from "../../src/core/entity-state.ts";
import { openDatabase } from "../../src/providers/sqlite/open-database.ts";
import { openSqliteStorage } from "../../src/providers/sqlite/sqlite-storage.ts";
import type { StorageProvider } from "../../src/storage/index.ts";
import { partitionOf } from "../../src/storage/index.ts";
import { collect, newInstance } from "../../src/testing/storage-conformance/scene.ts";
import { useFolder } from "./sqlite-folder.ts";

const DATABASES = fileURLToPath(new URL("../golden/databases/", import.meta.url));
const GOLDEN = `${DATABASES}v1.db`;
const WITHOUT_ENTITIES: readonly string[] = ["v1.db", "v2.db"];
const WITHOUT_TRACES: readonly string[] = ["v1.db", "v2.db", "v3.db"];
const PAGE = 4096;

describe("the file of a sqlite store", () => {
  const file = useFolder();

  test("is made, with the folders above it, when it does not exist", async () => {
    const path = file("a/b/hub.db");

    const storage = openSqliteStorage({ path });
    await storage.taskHubs.ensure("Hub");
    await storage.close();

    expect(existsSync(path)).toBe(true);
    expect(existsSync(`${path}-wal`)).toBe(false);
  });

  test("may be there already when it is empty", async () => {
    writeFileSync(file(), "");

    const storage = openSqliteStorage({ path: file() });

    expect(await storage.taskHubs.list()).toEqual([]);
    await storage.close();
  });

  test("keeps what was written when it is opened again", async () => {
    const first = openSqliteStorage({ path: file() });
    await first.taskHubs.ensure("Hub", { partitionCount: 3 });
    await (await first.openTaskHub("Hub")).client.create(newInstance("a"), []);
    await first.close();

    const second = openSqliteStorage({ path: file() });
    const hub = await second.openTaskHub("Hub");

    expect(hub.hub.partitionCount).toBe(3);
    expect(await hub.query.get("a")).toMatchObject({ status: "Pending" });
    await second.close();
  });

  test.each([
    ["deleted", (path: string) => unlinkSync(path)],
    ["replaced by a copy", (path: string) => renameSync(copyOf(path), path)],
  ])("takes no write any more when it was %s: what is written then would be lost", async (_what, vanish) => {
    const storage = openSqliteStorage({ path: file() });
    await storage.taskHubs.ensure("Hub");
    const { client } = await storage.openTaskHub("Hub");
    await client.create(newInstance("before"), []);

    vanish(file());

    const creating = client.create(newInstance("after"), []);
    await expect(creating).rejects.toMatchObject({
      code: "STORAGE_UNAVAILABLE",
      cause: expect.objectContaining({ message: expect.stringContaining("was deleted or replaced") }),
    });
    await storage.close();
  });

  test.each([
    ["a text", (path: string) => writeFileSync(path, "Dear diary, ".repeat(1000))],
    ["a few bytes", (path: string) => writeFileSync(path, "SQLite")],
    ["a database of nobody in particular", (path: string) => makeDatabase(path, "create table t (x)")],
    ["a database of another application", (path: string) => makeDatabase(path, "pragma application_id = 77")],
    [
      "another application's database in WAL mode",
      (path: string) => makeDatabase(path, "pragma journal_mode = wal; create table t (x)"),
    ],
  ])("is refused and left as it is when it is %s", (_what, make) => {
    make(file());
    const before = readFileSync(file());

    const open = () => openSqliteStorage({ path: file() });

    expect(open).toThrow(expect.objectContaining({ code: "DATABASE_NOT_OURS" }));
    expect(open).toThrow(file());
    expect(readFileSync(file()).equals(before)).toBe(true);
    expect([existsSync(`${file()}-wal`), existsSync(`${file()}-journal`)]).toEqual([false, false]);
  });

  test("is refused and left as it is when a newer release wrote it", () => {
    copyFileSync(GOLDEN, file());
    makeDatabase(file(), "pragma user_version = 99");
    const before = readFileSync(file());

    const open = () => openSqliteStorage({ path: file() });

    expect(open).toThrow(expect.objectContaining({ code: "DATABASE_TOO_NEW" }));
    expect(open).toThrow(/version 99.*newer release/);
    expect(readFileSync(file()).equals(before)).toBe(true);
  });

  test("is reported as damaged when it was cut short", async () => {
    copyFileSync(GOLDEN, file());
    truncateSync(file(), 5 * PAGE);

    await expect(readEverything(file())).rejects.toMatchObject({ code: "DATABASE_CORRUPT" });
    await expect(readEverything(file())).rejects.toThrow(file());
  });

  test("is reported as damaged when pages of it are noise", async () => {
    copyFileSync(GOLDEN, file());
    const bytes = readFileSync(file());
    bytes.fill(0xa5, 2 * PAGE);
    writeFileSync(file(), bytes);

    await expect(readEverything(file())).rejects.toMatchObject({ code: "DATABASE_CORRUPT" });
  });

  test("cannot be a folder", () => {
    expect(() => openSqliteStorage({ path: file(".") })).toThrow(
      expect.objectContaining({ code: "STORAGE_UNAVAILABLE" }),
    );
  });

  test("is flushed to the disk with each commit, unless one chooses otherwise", () => {
    for (const [synchronous, level] of [
      ["full", 2],
      ["normal", 1],
    ] as const) {
      const database = openDatabase({ path: file(), synchronous });

      expect(database.prepare("pragma synchronous").get()).toEqual({ synchronous: level });
      expect(database.prepare("pragma journal_mode").get()).toEqual({ journal_mode: "wal" });
      database.close();
    }
  });

  test("refuses every call when it has been closed", async () => {
    const storage = openSqliteStorage({ path: file() });
    await storage.taskHubs.ensure("Hub");
    const hub = await storage.openTaskHub("Hub");
    await storage.close();

    await expect(hub.query.get("a")).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    await expect(hub.client.create(newInstance("a"), [])).rejects.toMatchObject({
      code: "STORAGE_UNAVAILABLE",
    });
  });
});

describe.each(readdirSync(DATABASES))("the golden file %s", (name) => {
  const file = useFolder();
  const hasEntities = !WITHOUT_ENTITIES.includes(name);
  const hasTraces = !WITHOUT_TRACES.includes(name);

  test("opens and has all that was put into it", async () => {
    copyFileSync(`${DATABASES}${name}`, file());
    const storage = openSqliteStorage({ path: file() });
    const golden = await storage.openTaskHub("golden");
    const { hub, query } = golden;

    const { instances } = await query.list({}, { size: 10 });
    const chunks = await collect(query.history("running"));
    const store = golden.worker({ workerId: "w", processId: process.pid, hostName: "here", leaseMs: 1000 });
    const owned = await store.join();

    expect(hub).toEqual({ name: "Golden", partitionCount: 2, createdAt: Date.UTC(2026, 0, 1) });
    expect(instances.map(({ instanceId, status }) => `${instanceId} ${status}`)).toEqual([
      "quarantined Pending",
      "failed Failed",
      "completed Completed",
      "running Running",
      "pending Pending",
      ...(hasEntities ? ["@counter@a Running"] : []),
    ]);
    expect((await query.list({ instanceIdPrefix: "r" }, { size: 10 })).instances).toHaveLength(1);
    expect(await query.get("failed")).toMatchObject({ status: "Failed" });
    expect(await query.listByCompletion({}, { size: 10 })).toEqual({ instanceIds: ["completed"] });
    if (hasTraces) {
      const traceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
      expect(await query.get("pending")).toMatchObject({ traceContext: { traceParent } });
    }
    expect(instances[0]).toMatchObject({ quarantined: "It crashed the process.", input: '"Grüße"' });
    expect(chunks).toMatchObject([{ seq: 0 }, { seq: 1, events: '[{"type":"ExecutionStarted"}]' }]);
    expect(await query.messages("running")).toMatchObject([{ key: "k", event: '{"type":"EventRaised"}' }]);
    expect(owned).toMatchObject([
      { partition: 0, epoch: 2 },
      { partition: 1, epoch: 2 },
    ]);
    await storage.close();
  });
});

describe.each(readdirSync(DATABASES).filter((name) => !WITHOUT_ENTITIES.includes(name)))(
  "the golden file %s",
  (name) => {
    const file = useFolder();

    test("has the state of an entity, and a message that waits for its time", async () => {
      copyFileSync(`${DATABASES}${name}`, file());
      const storage = openSqliteStorage({ path: file() });
      const golden = await storage.openTaskHub("golden");
      const store = golden.worker({ workerId: "w", processId: process.pid, hostName: "here", leaseMs: 1000 });
      await store.join();
      const due = Date.UTC(2026, 0, 1, 0, 1);
      const ask = (now: number) =>
        store.pull({ partition: partitionOf("@counter@a", 2), limit: 10, now, afterMessage: 0 });

      const before = await ask(due - 1);
      const after = await ask(due);

      expect(decodeEntity((await store.load("@counter@a"))?.record.input)).toEqual({
        state: "7",
        lock: { instanceId: "running", criticalSectionId: "s" },
      });
      expect(before.nextMessageAt).toBe(due);
      expect(before.messages.filter(({ instanceId }) => instanceId === "@counter@a")).toEqual([]);
      expect(after.messages.at(-1)).toMatchObject({
        instanceId: "@counter@a",
        event: expect.stringContaining("add"),
      });
      await storage.close();
    });
  },
);

function makeDatabase(path: string, sql: string): void {
  const database = new BetterSqlite3(path);
  database.exec(sql);
  database.close();
}

async function readEverything(path: string): Promise<void> {
  const storage = openSqliteStorage({ path });
  try {
    await readHub(storage);
  } finally {
    await storage.close();
  }
}

async function readHub(storage: StorageProvider): Promise<void> {
  const { query } = await storage.openTaskHub("Golden");
  for (const { instanceId } of (await query.list({}, { size: 10 })).instances) {
    await collect(query.history(instanceId));
    await query.messages(instanceId);
  }
}

function copyOf(path: string): string {
  copyFileSync(path, `${path}.copy`);
  return `${path}.copy`;
}
