import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import BetterSqlite3 from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openSqliteStorage } from "../../src/providers/sqlite/index.ts";
import {
  createMany,
  NOW,
  newInstance,
  Owner,
  workerOf,
} from "../../src/testing/storage-conformance/scene.ts";
import { API, CommandProcess, type Exit, makeFolder, startHost } from "./host-process.ts";

const HUB = "DurableFunctionsHub";
const ENDED = 60_000;
const LIVE = 500;
const AT_ONCE = 5_000;
const APP = `
  import { app } from "perdure";
  app.orchestration("echo", (context, input) => input);
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let path: string;

beforeEach(async () => {
  folder = await makeFolder();
  path = join(folder.path, "hub.db");
  await writeFile(join(folder.path, "app.mjs"), APP);
  await fill();
});

afterEach(() => folder.remove());

/** Instances that have ended, with a history each, and some that have not. */
async function fill(): Promise<void> {
  const storage = openSqliteStorage({ path, synchronous: "normal" });
  await storage.taskHubs.ensure(HUB);
  const hub = await storage.openTaskHub(HUB);
  const store = workerOf(hub, "filler");
  const [owned] = await store.join();
  if (owned === undefined) throw new Error("Someone else runs the hub.");
  const owner = new Owner(store, owned);
  for (let done = 0; done < ENDED; done += AT_ONCE) {
    await createMany(owner, AT_ONCE, (index) => `done${done + index}`);
  }
  for (let index = 0; index < LIVE; index++) {
    await hub.client.create(newInstance(`live${index}`, { scheduledAt: NOW * 2 }), []);
  }
  await store.leave();
  await storage.close();
}

const durable = (...args: readonly string[]): CommandProcess =>
  new CommandProcess(["durable", ...args, "--storage", `sqlite:${path}`], { cwd: folder.path });

const at = (offsetMs: number): string => new Date(NOW + offsetMs).toISOString();

/** What the file holds, and whether it holds together. */
function contentOfFile() {
  const database = new BetterSqlite3(path);
  try {
    const count = (sql: string): number => Number(database.prepare(sql).pluck().get());
    return {
      integrity: database.pragma("integrity_check", { simple: true }),
      instances: count("select count(*) from instances"),
      historyOfNobody: count(
        "select count(*) from history where place >> 24 not in (select run from instances)",
      ),
      endedWithoutHistory: count(
        "select count(*) from instances where status = 1 and run not in (select place >> 24 from history)",
      ),
      instancesWithoutId: count(
        "select count(*) from instances where run not in (select run from instance_ids)",
      ),
      freeIds: count("select count(*) from instance_ids where run not in (select run from instances)"),
    };
  } finally {
    database.close();
  }
}

const WHOLE = { integrity: "ok", historyOfNobody: 0, endedWithoutHistory: 0, instancesWithoutId: 0 };

async function untilPurging(): Promise<void> {
  const database = new BetterSqlite3(path, { readonly: true });
  const count = database.prepare("select count(*) from instances").pluck();
  while (Number(count.get()) > ENDED - 5_000) await new Promise((resolve) => setImmediate(resolve));
  database.close();
}

test("a purge that is killed has purged whole instances, and goes on when it is asked for again", async () => {
  const first = durable("purge-history", "--yes");
  await untilPurging();
  await first.kill("SIGKILL");
  const between = contentOfFile();

  const second = await durable("purge-history", "--yes", "-o", "json").exited;

  expect(between).toMatchObject(WHOLE);
  expect(between.instances).toBeGreaterThan(LIVE);
  expect(between.instances).toBeLessThan(ENDED);
  const left = between.instances - LIVE;
  expect(JSON.parse(second.stdout)).toEqual({ instancesDeleted: left, rowsDeleted: 2 * left });
  expect(contentOfFile()).toMatchObject({ ...WHOLE, instances: LIVE });
});

test("a host goes on beside a purge, its own or another process's, and sweeps what purges leave", async () => {
  const storage = ["--storage", `sqlite:${path}`];
  const host = await startHost(["app.mjs", ...storage], { cwd: folder.path });
  const overHttp = (...args: readonly string[]): Promise<Exit> =>
    new CommandProcess(["durable", ...args, "--url", host.url], { cwd: folder.path }).exited;

  const [elsewhere, own] = [
    durable("purge-history", "--yes", "--created-after", at(2_500)).exited,
    overHttp("purge-history", "--yes", "--created-after", at(0), "--created-before", at(2_499)),
  ];
  const answers: number[] = [];
  for (let index = 0; index < 50; index++) {
    const url = `${host.url}${API}/orchestrators/echo?timeout=20`;
    const response = await fetch(url, { method: "POST", body: String(index) });
    answers.push(Number(await response.text()));
  }

  expect(answers).toEqual(Array.from({ length: 50 }, (_, index) => index));
  expect(await Promise.all([elsewhere, own])).toMatchObject([{ code: 0 }, { code: 0 }]);
  while (contentOfFile().freeIds > 0) await new Promise((resolve) => setTimeout(resolve, 500));
  await host.process.kill("SIGTERM");
  expect(contentOfFile()).toMatchObject({ ...WHOLE, instances: LIVE + 50, freeIds: 0 });
});
