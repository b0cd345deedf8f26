import { openHub } from "../hub.ts";
import { RawHub } from "../raw/raw-hub.ts";
import { rawSequence } from "../raw/raw-programs.ts";
import { percentile, timed } from "../statistics.ts";
import type { Metrics, Workload } from "../workload.ts";

const STEPS = 3;

export const w2: Workload = {
  title: "latency of one hello-sequence after another",
  defaultN: 1_000,
  better: "lower",
  perdure: async ({ n, folder }) => {
    const { client, close } = await openHub(folder);
    const figures = await measure(n, async () => {
      await client.waitForCompletion(await client.startNew("sequence", { input: STEPS }));
    });
    await close();
    return figures;
  },
  raw: async ({ n, folder }) => {
    const hub = new RawHub(folder);
    const figures = await measure(n, () => hub.start(rawSequence(STEPS)).done);
    hub.close();
    return figures;
  },
};

async function measure(n: number, run: () => Promise<unknown>): Promise<Metrics> {
  for (let index = 0; index < n; index++) await run();
  const times: number[] = [];
  for (let index = 0; index < n; index++) times.push(await timed(run));
  return {
    "p50 ms": percentile(times, 50),
    "p95 ms": percentile(times, 95),
    "p99 ms": percentile(times, 99),
  };
}
