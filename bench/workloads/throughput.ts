import { openHub } from "../hub.ts";
import { RawHub } from "../raw/raw-hub.ts";
import { rawSequence } from "../raw/raw-programs.ts";
import { timed } from "../statistics.ts";
import type { Workload } from "../workload.ts";

/** Rounds before the measured one, so that all code is compiled. */
const WARM_UP_ROUNDS = 3;

function throughput(title: string, steps: number, defaultN: number, items: number, metric: string): Workload {
  const figures = (n: number, ms: number) => ({ [metric]: (n * items * 1_000) / ms, "wall s": ms / 1_000 });
  return {
    title,
    defaultN,
    better: "higher",
    perdure: async ({ n, folder }) => {
      const { client, close } = await openHub(folder);
      const round = async (): Promise<void> => {
        const ids = await Promise.all(
          Array.from({ length: n }, () => client.startNew("sequence", { input: steps })),
        );
        await Promise.all(ids.map((id) => client.waitForCompletion(id)));
      };
      for (let index = 0; index < WARM_UP_ROUNDS; index++) await round();
      const ms = await timed(round);
      await close();
      return figures(n, ms);
    },
    raw: async ({ n, folder }) => {
      const hub = new RawHub(folder);
      const round = async (): Promise<void> => {
        const handles = Array.from({ length: n }, () => hub.start(rawSequence(steps)));
        await Promise.all(handles.map((handle) => handle.done));
      };
      for (let index = 0; index < WARM_UP_ROUNDS; index++) await round();
      const ms = await timed(round);
      hub.close();
      return figures(n, ms);
    },
  };
}

export const w1 = throughput(
  "hello-sequence throughput: 3 activities, all started at once",
  3,
  10_000,
  1,
  "workflows/s",
);

/** Six episodes and five activities each. */
export const w7 = throughput("five-activity sequence, all started at once", 5, 5_000, 11, "work items/s");
