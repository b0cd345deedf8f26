import { type ChildProcess, fork } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { getClient } from "perdure";
import { type RunningServer, startServer } from "perdure/server";
import { RawRemoteServer } from "../raw/raw-remote-server.ts";
import { percentile, timed } from "../statistics.ts";
import type { Metrics, Workload } from "../workload.ts";

const STEPS = 3;
/** How many orchestrations are under way at a time. */
const AT_ONCE = 200;
const WARM_UPS = 2_000;
const MEGABYTE = 1024 * 1024;
/** Room for young objects, in which what a call needs dies before it is ever moved: docs/grpc.md advises both. */
const YOUNG_SPACE_OF_HUB = [
  `--max-semi-space-size=${Number.parseInt(process.versions.node, 10) < 24 ? 32 : 16}`,
];
const YOUNG_SPACE_OF_WORKER = ["--min-semi-space-size=64", "--max-semi-space-size=64"];

/** The same place from the source and from what it is compiled to: both are two folders below the repository. */
const repository = fileURLToPath(new URL("../..", import.meta.url));
const program = join(repository, "bench/workloads/remote-program.mjs");
const nodeOfSdk = join(repository, "interop/javascript/node_modules/.bin/node");

export const remote: Workload = {
  title: "hello-sequences on a worker of the JavaScript SDK, over gRPC",
  defaultN: 10_000,
  better: "higher",
  rounds: 3,
  execArgv: YOUNG_SPACE_OF_HUB,
  perdure: ({ n, folder }) =>
    withServer(folder, async ({ grpcAddress = "" }) => {
      const worker = startProgram("worker", grpcAddress);
      const figures = await measureSequences(n, runOne);
      worker.kill();
      return figures;
    }),
  raw: async ({ n }) => {
    const server = new RawRemoteServer();
    const worker = startProgram("worker", await server.listen());
    await server.connected;
    const figures = await measureSequences(n, () => server.run("sequence", String(STEPS)));
    worker.kill();
    server.close();
    return figures;
  },
};

export const remoteWaits: Workload = {
  title: "waits for one instance held over gRPC",
  defaultN: 10_000,
  better: "lower",
  rounds: 3,
  execArgv: YOUNG_SPACE_OF_HUB,
  perdure: ({ n, folder }) =>
    withServer(folder, async ({ grpcAddress = "" }) => {
      const before = process.memoryUsage.rss();
      const client = startProgram("client", grpcAddress, String(n));
      await messageOf(client);
      const held = process.memoryUsage.rss();
      client.send("end");
      const answered = (await messageOf(client)) as number;
      client.kill();
      return {
        "memory for the waits MB": (held - before) / MEGABYTE,
        "memory MB": held / MEGABYTE,
        "all answered ms": answered,
      };
    }),
};

async function withServer(
  folder: string,
  measure: (server: RunningServer) => Promise<Metrics>,
): Promise<Metrics> {
  const server = await startServer({
    port: 0,
    grpcPort: 0,
    storage: `sqlite:${join(folder, "perdure.db")}`,
    drainMs: 0,
  });
  const figures = await measure(server);
  await server.close();
  return figures;
}

function startProgram(mode: string, ...args: readonly string[]): ChildProcess {
  if (!existsSync(nodeOfSdk)) {
    throw new Error(
      "The JavaScript SDK is not installed: run `npm run test:interop -- --only javascript` once.",
    );
  }
  return fork(program, [mode, ...args], { execPath: nodeOfSdk, execArgv: YOUNG_SPACE_OF_WORKER });
}

function messageOf(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    child.once("message", resolve);
    child.once("exit", (code) => reject(new Error(`The program of the SDK ended with ${code}.`)));
  });
}

async function measureSequences(n: number, run: () => Promise<void>): Promise<Metrics> {
  await runMany(WARM_UPS, run);
  const perSecond = await runMany(n, run);
  const times: number[] = [];
  for (let index = 0; index < 500; index++) times.push(await timed(run));
  return {
    "workflows/s": perSecond,
    "p50 ms alone": percentile(times, 50),
    "p99 ms alone": percentile(times, 99),
  };
}

async function runMany(n: number, run: () => Promise<void>): Promise<number> {
  let started = 0;
  const began = performance.now();
  const runSome = async (): Promise<void> => {
    while (started < n) {
      started += 1;
      await run();
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runSome));
  return (n * 1_000) / (performance.now() - began);
}

async function runOne(): Promise<void> {
  const client = getClient();
  const { runtimeStatus } = await client.waitForCompletion(
    await client.startNew("sequence", { input: STEPS }),
    { timeoutMs: 60_000 },
  );
  if (runtimeStatus !== "Completed") throw new Error(`An orchestration is ${runtimeStatus}.`);
}
