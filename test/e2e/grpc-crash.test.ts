import { type ChildProcess, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TaskHub } from "../../src/sdk/index.ts";
import { type HostProcess, makeFolder, startHost } from "./host-process.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const FAMILIES = 80;
const ACCOUNTS = 5;
const OPENING_BALANCE = 1_000;
const KILLS_OF_WORKERS = 10;
const KILLS_OF_THE_SERVER = 5;
const CUTS = 8;
/** As the store writes it. */
const COMPLETED = 1;

const workerProgram = fileURLToPath(new URL("./grpc-worker.mjs", import.meta.url));

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;
let port = 0;
let workers: ChildProcess[] = [];

beforeEach(async () => {
  folder = await makeFolder();
  port = await freePort();
  workers = [];
  await writeFile(join(folder.path, "ran.log"), "");
});

afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await host?.process.kill("SIGKILL");
  await folder.remove();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === "object" && address ? address.port : 0;
}

async function startServer(): Promise<void> {
  host = await startHost(["--grpc-port", String(port)], { cwd: folder.path });
}

function startWorker(index: number, at = port): void {
  workers[index] = spawn(process.execPath, [workerProgram, `127.0.0.1:${at}`, join(folder.path, "ran.log")], {
    stdio: ["ignore", "inherit", "inherit"],
  });
}

const openHub = () => TaskHub.open(`sqlite:${join(folder.path, ".perdure", "hub.db")}`);

function stepsOf(name: string): readonly string[] {
  return [`${name}/all-1`, `${name}/all-2`, `${name}/first`, `${name}/last`];
}

interface Facts {
  readonly integrity: unknown;
  readonly orchestrations: readonly { readonly status: number; readonly count: number }[];
  readonly left: { readonly messages: number; readonly timers: number };
  /** Results of activities in histories, by name. */
  readonly recorded: readonly string[];
  readonly total: number;
}

function inspect(path: string): Facts {
  const database = new Database(path);
  try {
    const chunks = database.prepare("select events from history").pluck().all() as readonly string[];
    const events = chunks.flatMap((text) => JSON.parse(text) as { type: string; result?: string }[]);
    const states = database
      .prepare("select input from instances where instance_id like '@account@%'")
      .pluck()
      .all() as readonly string[];
    return {
      integrity: database.pragma("integrity_check", { simple: true }),
      orchestrations: database
        .prepare(
          "select status, count(*) as count from instances where instance_id not like '@%' group by status",
        )
        .all() as Facts["orchestrations"],
      left: database
        .prepare("select (select count(*) from inbox) as messages, (select count(*) from timers) as timers")
        .get() as Facts["left"],
      recorded: events.flatMap(({ type, result }) =>
        type === "TaskCompleted" ? [JSON.parse(result ?? "") as string] : [],
      ),
      total: states.reduce(
        (sum, text) => sum + Number((JSON.parse(text) as { readonly state: string }).state),
        0,
      ),
    };
  } finally {
    database.close();
  }
}

/** Starts all families, does harm while they run, and looks at what has come of them. */
async function survives(harm: () => Promise<unknown>): Promise<void> {
  const names = Array.from({ length: FAMILIES }, (_, index) => `family-${index}`);
  await using hub = await openHub();
  for (const name of names) await hub.client.startNew("family", { instanceId: name, input: name });
  const harming = harm();
  for (const name of names) await hub.client.raiseEvent(name, "go", 1, { idempotencyKey: name });
  await harming;
  const ends = await Promise.all(
    names.map(async (name) => {
      const { runtimeStatus, output } = await hub.client.waitForCompletion(name, { timeoutMs: 50_000 });
      return { name, runtimeStatus, output };
    }),
  );
  const stopped = await host?.process.kill("SIGTERM");

  expect(ends).toEqual(names.map((name) => ({ name, runtimeStatus: "Completed", output: stepsOf(name) })));
  expect(stopped?.code).toBe(0);
  const facts = inspect(join(folder.path, ".perdure", "hub.db"));
  const steps = names.flatMap((name) => [...stepsOf(name), `${name}/child-1`, `${name}/child-2`]).toSorted();
  const ran = (await readFile(join(folder.path, "ran.log"), "utf8")).trim().split("\n");
  expect(facts.integrity).toBe("ok");
  expect(facts.orchestrations).toEqual([{ status: COMPLETED, count: 2 * FAMILIES }]);
  expect(facts.left).toEqual({ messages: 0, timers: 0 });
  expect(facts.recorded.toSorted()).toEqual(steps);
  expect([...new Set(ran)].toSorted()).toEqual(steps);
  expect(facts.total).toBe(ACCOUNTS * OPENING_BALANCE);
}

test(`${FAMILIES} orchestrations of workers elsewhere end right, though workers and the server are killed again and again`, async () => {
  await startServer();
  startWorker(0);
  startWorker(1);
  const killWorkers = async (): Promise<void> => {
    for (let kill = 0; kill < KILLS_OF_WORKERS; kill++) {
      await sleep(100 + Math.random() * 300);
      workers[kill % 2]?.kill("SIGKILL");
      startWorker(kill % 2);
    }
  };
  const killServer = async (): Promise<void> => {
    for (let kill = 0; kill < KILLS_OF_THE_SERVER; kill++) {
      await sleep(300 + Math.random() * 500);
      await host?.process.kill("SIGKILL");
      await startServer();
    }
  };

  await survives(() => Promise.all([killWorkers(), killServer()]));
});

test("and though the connections of workers are cut, and one falls silent for a while", async () => {
  await startServer();
  const proxy = await TcpProxy.open(port);
  startWorker(0, proxy.port);
  startWorker(1, proxy.port);

  await survives(async () => {
    for (let cut = 0; cut < CUTS; cut++) {
      await sleep(100 + Math.random() * 200);
      if (cut === 1) {
        proxy.fallSilent();
        await sleep(1_000);
      }
      proxy.cut();
    }
  });
  await proxy.close();
});
