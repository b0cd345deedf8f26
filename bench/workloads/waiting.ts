import { openHub } from "../hub.ts";
import { RawHub } from "../raw/raw-hub.ts";
import { rawSleep, rawWaitForEvent } from "../raw/raw-programs.ts";
import { percentile, timed } from "../statistics.ts";
import type { Metrics, Workload } from "../workload.ts";

const SLEEP_MS = 5_000;

export const w5: Workload = {
  title: "a crowd waits for one event each, then all are raised",
  defaultN: 10_000,
  better: "lower",
  perdure: async ({ n, folder }) => {
    const { client, close } = await openHub(folder);
    const crowd = async (size: number): Promise<Metrics> => {
      let ids: string[] = [];
      const start = await timed(async () => {
        ids = await Promise.all(Array.from({ length: size }, () => client.startNew("waitForEvent")));
      });
      const raise = await timed(async () => {
        const ends = ids.map((id) => client.waitForCompletion(id));
        await Promise.all(ids.map((id) => client.raiseEvent(id, "go", "now")));
        await Promise.all(ends);
      });
      return figures(start, raise);
    };
    await crowd(Math.ceil(n / 10));
    const result = await crowd(n);
    await close();
    return result;
  },
  raw: async ({ n, folder }) => {
    const hub = new RawHub(folder);
    const crowd = async (size: number): Promise<Metrics> => {
      const handles = Array.from({ length: size }, () => hub.start(rawWaitForEvent));
      const start = await timed(() => Promise.all(handles.map((handle) => handle.started)));
      const raise = await timed(async () => {
        for (const handle of handles) handle.raise("now");
        await Promise.all(handles.map((handle) => handle.done));
      });
      return figures(start, raise);
    };
    await crowd(Math.ceil(n / 10));
    const result = await crowd(n);
    hub.close();
    return result;
  },
};

export const w6: Workload = {
  title: "durable timers of 5 s: how late the orchestration has gone on and ended",
  defaultN: 5_000,
  better: "lower",
  perdure: async ({ n, folder }) => {
    const { client, close } = await openHub(folder);
    const ids = await Promise.all(
      Array.from({ length: n }, () => client.startNew("sleep", { input: SLEEP_MS })),
    );
    const late = await Promise.all(
      ids.map(async (id) => {
        const { output } = await client.waitForCompletion(id);
        return Date.now() - Number(output);
      }),
    );
    await close();
    return lateness(late);
  },
  raw: async ({ n, folder }) => {
    const hub = new RawHub(folder);
    const handles = Array.from({ length: n }, () => hub.start(rawSleep(SLEEP_MS)));
    const late = await Promise.all(
      handles.map(async (handle) => {
        const due = Number(await handle.done);
        return Date.now() - due;
      }),
    );
    hub.close();
    return lateness(late);
  },
};

function figures(startMs: number, raiseMs: number): Metrics {
  return {
    "total s": (startMs + raiseMs) / 1_000,
    "start s": startMs / 1_000,
    "raise to all done s": raiseMs / 1_000,
  };
}

function lateness(late: readonly number[]): Metrics {
  return {
    "p99 ms late": percentile(late, 99),
    "p50 ms late": percentile(late, 50),
    "max ms late": Math.max(...late),
  };
}
