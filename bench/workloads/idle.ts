import { setTimeout as sleep } from "node:timers/promises";
import { runInChild } from "../child.ts";
import { openHub } from "../hub.ts";
import type { Metrics, Workload } from "../workload.ts";

const AT_ONCE = 10_000;
const SETTLE_MS = 2_000;
const WATCH_MS = 30_000;
const MEGABYTE = 1024 * 1024;

export const idle: Workload = {
  title: "a host that is started on parked instances and left alone for 30 s",
  defaultN: 100_000,
  better: "lower",
  perdure: async ({ n, folder }) => {
    const { client, close } = await openHub(folder);
    for (let started = 0; started < n; started += AT_ONCE) {
      const size = Math.min(AT_ONCE, n - started);
      await Promise.all(Array.from({ length: size }, () => client.startNew("waitForEvent")));
    }
    await close();
    const { metrics } = await runInChild({ workload: "idle-host", side: "perdure", n, folder });
    return metrics;
  },
};

/** The second half, in a process of its own. */
export const idleHost: Workload = {
  title: "a started host on an existing hub",
  defaultN: 0,
  better: "lower",
  perdure: async ({ folder }): Promise<Metrics> => {
    const began = performance.now();
    const { close } = await openHub(folder);
    const startMs = performance.now() - began;
    await sleep(SETTLE_MS);
    const before = process.cpuUsage();
    await sleep(WATCH_MS);
    const { user, system } = process.cpuUsage(before);
    const memory = process.memoryUsage.rss() / MEGABYTE;
    await close();
    return { "CPU %": (user + system) / (WATCH_MS * 10), "memory MB": memory, "start ms": startMs };
  },
};
