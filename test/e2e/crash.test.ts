import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { TaskHub } from "../../src/sdk/index.ts";
import { API, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const FAMILIES = 250;
const KILLS = 8;
const EVENTS = 3;
/** As the store writes it. */
const COMPLETED = 1;

/** Each activity writes a line when it begins, so that what ran can be compared with what is recorded. */
const APP = `
  import { appendFileSync } from "node:fs";
  import { setTimeout as sleep } from "node:timers/promises";
  import { app } from "perdure";

  app.activity("step", async (name) => {
    appendFileSync("ran.log", name + "\\n");
    await sleep(Math.random() * 30);
    return name;
  });

  app.orchestration("child", async (ctx, name) => {
    const first = await ctx.callActivity("step", name + "/child-1");
    await ctx.createTimer({ afterMs: 50 });
    return [first, await ctx.callActivity("step", name + "/child-2")];
  });

  app.orchestration("family", function* (context) {
    const name = context.instanceId;
    const results = [];
    results.push(yield context.df.callActivity("step", name + "/1"));
    const child = context.df.callSubOrchestrator("child", name);
    results.push(yield context.df.Task.all([1, 2, 3].map((n) => context.df.callActivity("step", name + "/all-" + n))));
    yield context.df.createTimer(new Date(context.df.currentUtcDateTime.getTime() + 100));
    for (let n = 0; n < ${EVENTS}; n++) {
      results.push(yield context.df.waitForExternalEvent("item"));
      results.push(yield context.df.callActivity("step", name + "/event-" + n));
    }
    results.push(yield child);
    return results;
  });
`;

let folder: Awaited<ReturnType<typeof makeFolder>>;
let host: HostProcess | undefined;

beforeEach(async () => {
  folder = await makeFolder();
  await writeFile(join(folder.path, "app.mjs"), APP);
});

afterEach(async () => {
  await host?.process.kill("SIGKILL");
  await folder.remove();
});

/** Calls until a host answers: the one that was asked may be dead, or not yet born. */
async function insist(path: string, init?: RequestInit): Promise<Response> {
  for (;;) {
    try {
      const response = await fetch(`${host?.url}${API}/${path}`, init);
      if (response.status < 500) return response;
    } catch {
      // A host that is killed answers nothing; the next one will.
    }
    await sleep(20);
  }
}

function outputOf(name: string): unknown {
  const events = Array.from({ length: EVENTS }, (_, n) => [n, `${name}/event-${n}`]).flat();
  const all = [1, 2, 3].map((n) => `${name}/all-${n}`);
  return [`${name}/1`, all, ...events, [`${name}/child-1`, `${name}/child-2`]];
}

function stepsOf(name: string): readonly string[] {
  const all = [1, 2, 3].map((n) => `${name}/all-${n}`);
  const events = Array.from({ length: EVENTS }, (_, n) => `${name}/event-${n}`);
  return [`${name}/1`, ...all, ...events, `${name}/child-1`, `${name}/child-2`];
}

/** From another process, straight into the store, each twice. */
async function raiseEvents(names: readonly string[]): Promise<void> {
  await using hub = await TaskHub.open(`sqlite:${join(folder.path, ".perdure", "hub.db")}`);
  for (let item = 0; item < EVENTS; item++) {
    for (const name of names) {
      const idempotencyKey = `${name}#${item}`;
      await hub.client.raiseEvent(name, "item", item, { idempotencyKey });
      await hub.client.raiseEvent(name, "item", item, { idempotencyKey });
    }
  }
}

async function endOf(name: string): Promise<object> {
  for (;;) {
    const status = (await (await insist(`instances/${name}`)).json()) as {
      readonly runtimeStatus: string;
      readonly output: unknown;
    };
    const { runtimeStatus, output } = status;
    if (!["Pending", "Running"].includes(runtimeStatus)) return { name, status: runtimeStatus, output };
    await sleep(100);
  }
}

interface Facts {
  readonly integrity: unknown;
  readonly instances: readonly { readonly status: number; readonly count: number }[];
  readonly left: readonly { readonly messages: number; readonly timers: number }[];
  /** The names of the steps whose results are in a history. */
  readonly recordedSteps: readonly string[];
}

function inspect(path: string): Facts {
  const database = new Database(path);
  try {
    const chunks = database.prepare("select events from history").pluck().all() as readonly string[];
    const events = chunks.flatMap((text) => JSON.parse(text) as { type: string; result?: string }[]);
    return {
      integrity: database.pragma("integrity_check", { simple: true }),
      instances: database
        .prepare("select status, count(*) as count from instances group by status")
        .all() as Facts["instances"],
      left: database
        .prepare("select (select count(*) from inbox) as messages, (select count(*) from timers) as timers")
        .all() as Facts["left"],
      recordedSteps: events.flatMap(({ type, result }) =>
        type === "TaskCompleted" ? [JSON.parse(result ?? "") as string] : [],
      ),
    };
  } finally {
    database.close();
  }
}

test(`a host that is killed ${KILLS} times finishes ${FAMILIES} orchestrations and their children, each once`, async () => {
  host = await startHost([], { cwd: folder.path });
  const names = Array.from({ length: FAMILIES }, (_, index) => `family-${index}`);

  const started = Promise.all(
    names.map((name) => insist(`orchestrators/family/${name}`, { method: "POST" })),
  );
  const kills = (async () => {
    for (let kill = 0; kill < KILLS; kill++) {
      await sleep(150 + Math.random() * 400);
      await host?.process.kill("SIGKILL");
      host = await startHost([], { cwd: folder.path });
    }
  })();
  const statuses = (await started).map(({ status }) => status);
  await raiseEvents(names);
  await kills;
  const ends = await Promise.all(names.map((name) => endOf(name)));

  // A start whose answer was lost is refused when it is made again: the instance is there.
  expect(statuses.filter((status) => status !== 202 && status !== 409)).toEqual([]);
  expect(ends).toEqual(names.map((name) => ({ name, status: "Completed", output: outputOf(name) })));
  await host?.process.kill("SIGTERM");
  const facts = inspect(join(folder.path, ".perdure", "hub.db"));
  expect(facts.integrity).toBe("ok");
  expect(facts.instances).toEqual([{ status: COMPLETED, count: 2 * FAMILIES }]);
  expect(facts.left).toEqual([{ messages: 0, timers: 0 }]);
  const steps = names.flatMap((name) => stepsOf(name)).toSorted();
  expect(facts.recordedSteps.toSorted()).toEqual(steps);
  const ran = (await readFile(join(folder.path, "ran.log"), "utf8")).trim().split("\n");
  expect([...new Set(ran)].toSorted()).toEqual(steps);
});
