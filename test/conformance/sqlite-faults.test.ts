import { spawnSync } from "node:child_process";
import { existsSync, renameSync } from "node:fs";
import { hostname } from "node:os";
import { afterEach, describe, expect, test } from "vitest";
import type { Database } from "../../src/providers/sqlite/database.ts";
import { openDatabase } from "../../src/providers/sqlite/open-database.ts";
import { SqliteStorage } from "../../src/providers/sqlite/sqlite-storage.ts";
import type { StorageProvider, TaskHubStore } from "../../src/storage/index.ts";
import {
  chunk,
  createMany,
  historyOf,
  newInstance,
  Owner,
  types,
  workerOf,
} from "../../src/testing/storage-conformance/scene.ts";
import { ManualClock } from "./manual-clock.ts";
import { useFolder } from "./sqlite-folder.ts";

const file = useFolder();
const open: Database[] = [];
afterEach(() => {
  for (const database of open.splice(0)) database.close();
});

/** A hub together with the connection under it, which a test may put into a bad state. */
async function openHub(): Promise<{
  readonly database: Database;
  readonly storage: StorageProvider;
  readonly hub: TaskHubStore;
}> {
  const path = file();
  const database = openDatabase({ path, synchronous: "full" });
  open.push(database);
  const storage = new SqliteStorage(database, { path, clock: new ManualClock() });
  await storage.taskHubs.ensure("Hub");
  return { database, storage, hub: await storage.openTaskHub("Hub") };
}

async function ownerOf(hub: TaskHubStore): Promise<Owner> {
  const store = workerOf(hub, "worker");
  const [owned] = await store.join();
  if (owned === undefined) throw new Error("The worker was given no partition");
  return new Owner(store, owned);
}

describe("a full disk", () => {
  const large = `"${"x".repeat(400_000)}"`;

  test("writes nothing by halves, and all goes on when there is room again", async () => {
    const { database, hub } = await openHub();
    const owner = await ownerOf(hub);
    const run = await owner.store.allocateRuns(2);
    const episodes = ["small", "large"].map((id, index) =>
      owner.episode(id, run + index, {
        create: { instance: { ...newInstance(id), run: run + index }, replaces: [] },
        chunk: chunk(0, id === "large" ? large : "[]"),
        messages: [{ instanceId: "b", at: 1, event: "{}" }],
      }),
    );
    limitPages(database, 10);

    await expect(owner.commit(...episodes)).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect((await hub.query.list({}, { size: 10 })).instances).toEqual([]);
    expect(await hub.query.messages("b")).toEqual([]);

    limitPages(database, 1_000_000);
    expect(types(await owner.commit(...episodes))).toEqual(["applied", "applied"]);
    expect((await historyOf(hub, "large"))[0]?.events).toBe(large);
    expectSound(database);
  });

  test("refuses a client's call without harm to what is there", async () => {
    const { database, hub } = await openHub();
    await hub.client.create(newInstance("a"), []);
    limitPages(database, 10);

    const create = hub.client.create(newInstance("b", { input: large }), []);

    await expect(create).rejects.toMatchObject({ code: "STORAGE_FULL" });
    expect(await hub.query.get("a")).toBeDefined();
    expect(await hub.query.get("b")).toBeUndefined();
  });
});

describe("a locked file", () => {
  test("is unavailable for as long as it is locked", async () => {
    const { database, hub } = await openHub();
    const owner = await ownerOf(hub);
    const run = await owner.store.allocateRuns(1);
    const create = { instance: { ...newInstance("a"), run }, replaces: [] };
    database.exec("pragma busy_timeout = 0");
    const rival = openDatabase({ path: file(), synchronous: "full" });
    open.push(rival);
    rival.exec("begin immediate");

    await expect(owner.commit(owner.episode("a", run, { create }))).rejects.toMatchObject({
      code: "STORAGE_UNAVAILABLE",
    });
    rival.exec("rollback");

    expect(types(await owner.commit(owner.episode("a", run, { create })))).toEqual(["applied"]);
  });
});

describe("a write that cannot be made", () => {
  test("fails alone among the client calls it shares a transaction with", async () => {
    const { hub } = await openHub();
    const nameless = { ...newInstance("b"), name: undefined as unknown as string };

    const calls = await Promise.allSettled([
      hub.client.create(newInstance("a"), []),
      hub.client.create(nameless, []),
      hub.client.send([{ instanceId: "a", at: 1, event: "{}" }]),
    ]);

    expect(calls.map(({ status }) => status)).toEqual(["fulfilled", "rejected", "fulfilled"]);
    expect(await hub.query.get("b")).toBeUndefined();
    expect(await hub.query.messages("a")).toHaveLength(1);
  });
});

describe("the process of an owner", () => {
  const here = { hostName: hostname(), leaseMs: 60_000 };

  test("is replaced at once when it is gone from this machine", async () => {
    const { hub } = await openHub();
    const { pid: processId } = spawnSync(process.execPath, ["-e", ""]);
    await hub.worker({ workerId: "dead", processId, ...here }).join();

    const owned = await hub.worker({ workerId: "next", processId: process.pid, ...here }).join();

    expect(owned).toMatchObject([{ takenOver: true }]);
  });

  test("keeps its partitions while it lives", async () => {
    const { hub } = await openHub();
    await hub.worker({ workerId: "parent", processId: process.ppid, ...here }).join();
    await hub.worker({ workerId: "self", processId: process.pid, ...here }).join();

    expect(await hub.worker({ workerId: "next", processId: process.pid, ...here }).join()).toEqual([]);
  });

  test("is waited for when it is on another machine", async () => {
    const { hub } = await openHub();
    const { pid: processId } = spawnSync(process.execPath, ["-e", ""]);
    await hub.worker({ workerId: "far", processId, hostName: "elsewhere", leaseMs: 60_000 }).join();

    expect(await hub.worker({ workerId: "next", processId: process.pid, ...here }).join()).toEqual([]);
  });

  test("is replaced at once when this process has taken its process id, as in a restarted container", async () => {
    const { database, hub } = await openHub();
    await hub.worker({ workerId: "before", processId: process.pid, ...here }).join();
    database.exec("update workers set worker_id = 'lost'; update partitions set owner = 'lost'");

    const owned = await hub.worker({ workerId: "next", processId: process.pid, ...here }).join();

    expect(owned).toMatchObject([{ takenOver: true }]);
  });
});

describe("a file after much work", () => {
  test("is sound, and purge and sweep have left no rows", async () => {
    const { database, storage, hub } = await openHub();
    const owner = await ownerOf(hub);
    for (let index = 0; index < 50; index++) {
      const run = await owner.store.allocateRuns(1);
      const instance = { ...newInstance(`i${index}`), run };
      await owner.apply(
        owner.episode(`i${index}`, run, {
          create: { instance, replaces: [] },
          patch: { status: index % 2 === 0 ? "Completed" : "Running", recover: true },
          timersNew: [{ run, id: 1, dueAt: 1, instanceId: `i${index}` }],
          messages: [{ instanceId: `i${index}`, at: 1, event: "{}" }],
        }),
      );
    }

    const [running, next] = [(await hub.query.get("i1"))?.run ?? 0, await owner.store.allocateRuns(1)];
    await owner.apply(owner.episode("i1", running, { nextRun: { run: next, executionId: "i1-2" } }));

    for await (const _progress of hub.query.purgeMatching({}, 10));
    expect(rowCounts(database)).toEqual({ instances: 25, ids: 25, history: 25, inbox: 25, timers: 24 });

    await storage.taskHubs.markDeleted("Hub");
    while (!(await storage.taskHubs.sweep(10)));
    expect(rowCounts(database)).toEqual({ instances: 0, ids: 0, history: 0, inbox: 0, timers: 0 });
    expectSound(database);
  });

  test("has the ids of a large purge swept later, to the very last, but not those that are in use again", async () => {
    const { database, storage, hub } = await openHub();
    const owner = await ownerOf(hub);
    await createMany(owner, MANY, (index) => (index === 0 ? "\u{10ffff}x" : `i${index}`));

    for await (const _progress of hub.query.purgeMatching({}, 500));
    const again = await hub.client.create(newInstance(`i${MANY / 4}`), []);
    const left = rowCounts(database);
    while (!(await storage.taskHubs.sweep(700)));

    expect(again.type).toBe("created");
    expect(left).toMatchObject({ instances: 1, history: 0 });
    expect(left).not.toMatchObject({ ids: 1 });
    expect(rowCounts(database)).toEqual({ instances: 1, ids: 1, history: 0, inbox: 0, timers: 0 });
    expect(await hub.query.get(`i${MANY / 4}`)).toMatchObject({ status: "Pending" });
    expectSound(database);
  });

  test("two large purges and commits go on beside each other", async () => {
    const { hub, database } = await openHub();
    const owner = await ownerOf(hub);
    await createMany(owner, 2 * MANY, (index) => `${index % 2 === 0 ? "a" : "b"}${index}`);

    const told = await Promise.all(
      ["a", "b"].map(async (name) => {
        let last = 0;
        for await (const { instancesDeleted } of hub.query.purgeMatching({ name }, 500)) {
          last = instancesDeleted;
          await hub.client.create(newInstance(`beside-${name}-${last}`), []);
        }
        return last;
      }),
    );

    expect(told).toEqual([MANY, MANY]);
    expect(await hub.query.count({})).toMatchObject({ Completed: 0 });
    expectSound(database);
  });

  test.each([1_500, 2_000, 4_500])("a large purge whose file is gone after %i says so", async (gone) => {
    const { hub } = await openHub();
    await createMany(await ownerOf(hub), 2 * MANY, (index) => `i${index}`);
    const purge = async (): Promise<void> => {
      for await (const { instancesDeleted } of hub.query.purgeMatching({}, 500)) {
        if (instancesDeleted === gone) renameSync(file(), `${file()}.gone`);
      }
    };

    await expect(purge()).rejects.toMatchObject({ code: "STORAGE_UNAVAILABLE" });
    expect(existsSync(file())).toBe(false);
  });

  test("a large purge ends when its hub is deleted", async () => {
    const { storage, hub } = await openHub();
    await createMany(await ownerOf(hub), MANY, (index) => `i${index}`);
    const purge = async (): Promise<void> => {
      for await (const { instancesDeleted } of hub.query.purgeMatching({}, 500)) {
        if (instancesDeleted >= 3_000) await storage.taskHubs.markDeleted("Hub");
      }
    };

    await expect(purge()).rejects.toMatchObject({ code: "TASK_HUB_NOT_FOUND" });
  });
});

/** So many that a purge of them gets a thread of its own. */
const MANY = 5_000;

function limitPages(database: Database, more: number): void {
  const { page_count: pages = 0 } =
    database.prepare<{ readonly page_count: number }>("pragma page_count").get() ?? {};
  database.exec(`pragma max_page_count = ${pages + more}`);
}

function expectSound(database: Database): void {
  expect(database.prepare("pragma integrity_check").all()).toEqual([{ integrity_check: "ok" }]);
}

function rowCounts(database: Database): unknown {
  return database
    .prepare(
      `select (select count(*) from instances) as instances, (select count(*) from instance_ids) as ids,
         (select count(*) from history) as history,
         (select count(*) from inbox) as inbox, (select count(*) from timers) as timers`,
    )
    .get();
}
