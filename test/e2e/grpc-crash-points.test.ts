import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TaskHub } from "../../src/sdk/index.ts";
import { type HostProcess, makeFolder, startHost } from "./host-process.ts";
import { TcpProxy } from "./tcp-proxy.ts";

const workerProgram = fileURLToPath(new URL("./grpc-held-worker.mjs", import.meta.url));

/** All that is ever committed of the orchestration. */
const HISTORY = [
  "ExecutionStarted",
  "TaskScheduled",
  "TaskCompleted",
  "EntityOperationCalled",
  "EntityOperationCompleted",
  "ExecutionCompleted",
];

/** What a worker has in hand, and how much of the history is committed by then. */
const ITEMS = [
  { name: "a turn", kind: "orchestratorRequest", committed: 0 },
  { name: "an activity", kind: "activityRequest", committed: 2 },
  { name: "an entity batch", kind: "entityRequestV2", committed: 4 },
];

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess;
let port: number;
let proxy: TcpProxy;
let workers: ChildProcess[];

beforeEach(async () => {
  folder = await makeFolder();
  workers = [];
  host = await startServer(0);
  port = Number(String(host.facts["grpc"]).split(":").at(-1));
  proxy = await TcpProxy.open(port);
});

afterEach(async () => {
  for (const worker of workers) worker.kill("SIGKILL");
  await proxy.close();
  await host.process.kill("SIGKILL");
  await folder.remove();
});

function startServer(at: number): Promise<HostProcess> {
  return startHost(["--grpc-port", String(at)], { cwd: folder.path });
}

function startWorker(at: number, kindToHold: readonly string[] = []): ChildProcess {
  const worker = fork(workerProgram, [`127.0.0.1:${at}`, ...kindToHold], { execArgv: [] });
  workers.push(worker);
  return worker;
}

/** The next thing that the worker tells. */
async function news(worker: ChildProcess): Promise<unknown> {
  const exited = once(worker, "exit").then(([code, signal]) => `exit: ${code ?? signal}`);
  return Promise.race([once(worker, "message").then(([message]) => message as unknown), exited]);
}

function inspect<T>(look: (database: Database.Database) => T): T {
  const database = new Database(join(folder.path, ".perdure", "hub.db"), { readonly: true });
  try {
    return look(database);
  } finally {
    database.close();
  }
}

function committedHistory(): readonly string[] {
  const chunks = inspect((database) =>
    database
      .prepare(
        "select events from history join instances on run = place >> 24 where instance_id = 'errand' order by place",
      )
      .pluck()
      .all(),
  ) as readonly string[];
  return chunks.flatMap((text) => (JSON.parse(text) as { type: string }[]).map(({ type }) => type));
}

function facts(): unknown {
  return inspect((database) => ({
    counter: database.prepare("select input from instances where instance_id = '@counter@one'").pluck().get(),
    left: database
      .prepare("select (select count(*) from inbox) + (select count(*) from timers)")
      .pluck()
      .get(),
  }));
}

/** Does harm while a worker has the item in hand, and looks at what has come of the orchestration. */
async function survives(
  { kind, committed }: (typeof ITEMS)[number],
  workerPort: number,
  harm: (worker: ChildProcess) => Promise<void>,
): Promise<void> {
  await using hub = await TaskHub.open(`sqlite:${join(folder.path, ".perdure", "hub.db")}`);
  const worker = startWorker(workerPort, [kind]);
  const held = news(worker);
  await hub.client.startNew("errand", { instanceId: "errand" });
  expect(await held).toBe("held");
  expect(committedHistory()).toEqual(HISTORY.slice(0, committed));

  await harm(worker);

  const { runtimeStatus, output } = await hub.client.waitForCompletion("errand", { timeoutMs: 30_000 });
  const stopped = await host.process.kill("SIGTERM");
  expect({ runtimeStatus, output }).toEqual({ runtimeStatus: "Completed", output: ["once", 1] });
  expect(stopped.code).toBe(0);
  expect(committedHistory()).toEqual(HISTORY);
  expect(facts()).toEqual({ counter: '{"exists":true,"state":"1"}', left: 0 });
}

for (const item of ITEMS) {
  test(`${item.name} is done once though its worker is killed in the middle of it`, async () => {
    await survives(item, port, async (worker) => {
      worker.kill("SIGKILL");
      expect(await news(worker)).toBe("exit: SIGKILL");
      startWorker(port);
    });
  });

  test(`${item.name} is done once though the server is killed in the middle of it`, async () => {
    await survives(item, port, async (worker) => {
      const late = news(worker);
      await host.process.kill("SIGKILL");
      host = await startServer(port);
      expect(await late).toBe("late answer: OK");
    });
  });

  test(`${item.name} is done once though its connection is cut in the middle of it`, async () => {
    await survives(item, proxy.port, async (worker) => {
      const late = news(worker);
      proxy.cut();
      expect(await late).toBe("late answer: OK");
    });
  });
}
