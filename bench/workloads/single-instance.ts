import { openHub } from "../hub.ts";
import { RawHub, type RawProgram } from "../raw/raw-hub.ts";
import { rawFanOut, rawLongSequence } from "../raw/raw-programs.ts";
import { timed } from "../statistics.ts";
import type { Metrics, Workload, WorkloadRequest } from "../workload.ts";

type RunOne = (size: number) => Promise<unknown>;

/** Workloads of one large instance at a time, in several sizes. */
function single(
  title: string,
  defaultN: number,
  orchestrator: string,
  program: (size: number) => RawProgram,
  measure: (n: number, run: RunOne) => Promise<Metrics>,
): Workload {
  return {
    title,
    defaultN,
    better: "lower",
    perdure: async ({ n, folder }: WorkloadRequest) => {
      const { client, close } = await openHub(folder);
      const figures = await measure(n, async (size) =>
        client.waitForCompletion(await client.startNew(orchestrator, { input: size })),
      );
      await close();
      return figures;
    },
    raw: async ({ n, folder }: WorkloadRequest) => {
      const hub = new RawHub(folder);
      const figures = await measure(n, (size) => hub.start(program(size)).done);
      hub.close();
      return figures;
    },
  };
}

export const w3 = single(
  "fan-out/fan-in in one orchestration",
  10_000,
  "fanOut",
  rawFanOut,
  async (n, run) => {
    const tenth = Math.max(Math.round(n / 10), 1);
    await run(tenth);
    await run(tenth);
    const small = await timed(() => run(tenth));
    const large = await timed(() => run(n));
    return { [`${n} wide s`]: large / 1_000, [`${tenth} wide s`]: small / 1_000 };
  },
);

export const w4 = single(
  "one long sequence of activities",
  16_000,
  "longSequence",
  rawLongSequence,
  async (n, run) => {
    const [short, middle] = [Math.round(n / 16), Math.round(n / 4)];
    for (let index = 0; index < 4; index++) await run(short);
    const perStep = async (steps: number): Promise<number> =>
      ((await timed(() => run(steps))) * 1_000) / steps;
    const atShort = await perStep(short);
    const atMiddle = await perStep(middle);
    const atLong = await perStep(n);
    return {
      [`µs/step at ${n}`]: atLong,
      [`µs/step at ${middle}`]: atMiddle,
      [`µs/step at ${short}`]: atShort,
      "long/short ratio": atLong / atShort,
    };
  },
);
