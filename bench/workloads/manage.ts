import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { type DurableClient, getClient } from "perdure";
import { openSqliteStorage } from "perdure/providers/sqlite";
import { startServer } from "perdure/server";
import { runInChild } from "../child.ts";
import { benchApp } from "../hub.ts";
import { DAYS, fillHub, HUB } from "../manage/million.ts";
import { listingsByCompletion, listingsOverHttp, measurePages } from "../manage/pages.ts";
import { Sequences } from "../manage/sequences.ts";
import { percentile, timed } from "../statistics.ts";
import type { Metrics, Workload } from "../workload.ts";

const DAY_MS = 24 * 60 * 60 * 1_000;
const MEGABYTE = 1024 * 1024;
const COUNTS = 50;
const SETTLE_MS = 3_000;
const ALONE_MS = 10_000;
const MEMORY_EVERY_MS = 100;
const PERDURE = fileURLToPath(new URL("../../dist/cli/main.js", import.meta.url));

export const manage: Workload = {
  title:
    "a hub of a million instances: pages, counts, a purge of half of it beside orchestrations, its deletion",
  defaultN: 1_000_000,
  better: "lower",
  rounds: 1,
  perdure: async ({ n, folder }) => {
    const path = join(folder, "perdure.db");
    const fillMs = await timed(() => fillHub(path, n));
    const { metrics } = await runInChild({ workload: "manage-server", side: "perdure", n, folder });
    return { ...metrics, ...(await deleteHub(path)), "fill s": fillMs / 1_000 };
  },
};

/** The server on the filled hub, in a process of its own, so that its memory is its own. */
export const manageServer: Workload = {
  title: "a server on a filled hub",
  defaultN: 1_000_000,
  better: "lower",
  perdure: async ({ n, folder }): Promise<Metrics> => {
    const path = join(folder, "perdure.db");
    const server = await startServer({
      app: benchApp(),
      appPath: folder,
      storage: `sqlite:${path}`,
      port: 0,
    });
    const api = `${server.url}/runtime/webhooks/durabletask`;
    const memory = new Memory();
    const pages: Metrics[] = [];
    const storage = openSqliteStorage({ path });
    const listings = {
      ...listingsOverHttp(`${api}/instances`, Date.now()),
      ...listingsByCompletion((await storage.openTaskHub(HUB)).query),
    };
    for (const [name, listing] of Object.entries(listings)) {
      pages.push(await measurePages(name, listing, n / 2));
    }
    await storage.close();
    const counts = await measureCounts(api);
    memory.mark("memory after pages MB");
    const purge = await measurePurge(getClient(), n, memory);
    memory.mark("memory after purge MB");
    await server.close();
    return { ...Object.assign({}, ...pages), ...counts, ...purge, ...memory.stop() };
  },
};

async function measureCounts(api: string): Promise<Metrics> {
  const times: number[] = [];
  for (let count = 0; count < COUNTS; count++) {
    times.push(await timed(async () => (await fetch(`${api}/counts`)).arrayBuffer()));
  }
  return {
    "counts by status, p99 ms": percentile(times, 99),
    "counts by status, p50 ms": percentile(times, 50),
  };
}

/** Four of five instances have ended, so five eighths of the time hold half of all instances that have. */
async function measurePurge(client: DurableClient, n: number, memory: Memory): Promise<Metrics> {
  const createdTimeTo = new Date(Date.now() - DAYS * DAY_MS * (3 / 8));
  const sequences = new Sequences(client);
  await sleep(SETTLE_MS);
  const before = await sequences.rateDuring(() => sleep(ALONE_MS));
  memory.mark("memory with sequences alone MB");
  let purged = 0;
  let purgeMs = 0;
  const beside = await sequences.rateDuring(async () => {
    purgeMs = await timed(async () => {
      for await (const progress of client.purgeMatching({ createdTimeTo }))
        purged = progress.instancesDeleted;
    });
  });
  const after = await sequences.rateDuring(() => sleep(ALONE_MS));
  await sequences.stop();
  if (Math.abs(purged - n / 2) > n / 100) throw new Error(`${purged} of ${n} instances were purged.`);
  const alone = (before + after) / 2;
  return {
    "instances purged/s": (purged * 1_000) / purgeMs,
    "sequences alone/s": alone,
    "sequences beside the purge/s": beside,
    "beside to alone ratio": beside / alone,
  };
}

/** What a person sees who deletes the hub: the time to the sentence that says so, and to the prompt. */
async function deleteHub(path: string): Promise<Metrics> {
  const began = performance.now();
  const words = ["durable", "delete-task-hub", "--yes", "--storage", `sqlite:${path}`];
  const cli = spawn(process.execPath, [PERDURE, ...words], { stdio: ["ignore", "pipe", "inherit"] });
  const ended = once(cli, "exit");
  let saidMs = Number.NaN;
  for await (const line of createInterface(cli.stdout)) {
    if (line.includes("successfully deleted")) saidMs = performance.now() - began;
  }
  const [code] = await ended;
  if (code !== 0 || Number.isNaN(saidMs)) throw new Error(`delete-task-hub ended with code ${String(code)}.`);
  return {
    "delete hub s": saidMs / 1_000,
    "delete hub, rows swept too, s": (performance.now() - began) / 1_000,
  };
}

/** The memory of this process at some points, and the most it ever was. */
class Memory {
  readonly #marks: Record<string, number> = {};
  #peak = 0;
  readonly #timer = setInterval(() => this.#look(), MEMORY_EVERY_MS);

  constructor() {
    this.mark("memory at start MB");
  }

  mark(name: string): void {
    this.#marks[name] = this.#look();
  }

  stop(): Metrics {
    clearInterval(this.#timer);
    return { ...this.#marks, "memory peak MB": this.#peak };
  }

  #look(): number {
    const used = process.memoryUsage.rss() / MEGABYTE;
    this.#peak = Math.max(this.#peak, used);
    return used;
  }
}
