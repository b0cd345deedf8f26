import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import Database from "better-sqlite3";
import { afterEach, beforeEach, expect, test } from "vitest";
import { API, type HostProcess, makeFolder, startHost } from "./host-process.ts";

const ACCOUNTS = 12;
const OPENING_BALANCE = 100;
const TRANSFERS = 160;
const SIGNALS = 60;
const KILLS = 7;

/** A transfer reads both balances and then writes both: without the locks, or with a step done twice, money comes or goes. */
const APP = `
  import { setTimeout as sleep } from "node:timers/promises";
  import { app, DurableEntity } from "perdure";

  class Account extends DurableEntity {
    state = ${OPENING_BALANCE};
    get() { return this.state; }
    set(balance) { this.state = balance; }
  }
  app.entity("account", Account);

  class Tally extends DurableEntity {
    state = { count: 0, byTransfer: {} };
    note(transfer) {
      this.state.count += 1;
      this.state.byTransfer[transfer] = (this.state.byTransfer[transfer] ?? 0) + 1;
    }
  }
  const tally = app.entity("tally", Tally);

  app.activity("check", async () => { await sleep(Math.random() * 10); });

  app.orchestration("transfer", async (ctx, [from, to, amount]) => {
    const [paying, paid] = [ctx.entities.id(Account, from), ctx.entities.id(Account, to)];
    const lock = await ctx.lock(paying, paid);
    const balance = await ctx.entities.call(Account, from).get();
    await ctx.callActivity("check");
    if (balance < amount) return "refused";
    await ctx.createTimer({ afterMs: 5 });
    await ctx.entities.call(Account, from).set(balance - amount);
    await ctx.entities.call(Account, to).set((await ctx.entities.call(Account, to).get()) + amount);
    lock.release();
    ctx.entities.signal(Tally, "done").note(ctx.instanceId);
    return "moved";
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

const post = (body: unknown): RequestInit => ({
  method: "POST",
  headers: { "content-type": "application/json" },
  body: JSON.stringify(body),
});

/** Once it has ended, an instance could be started again: before that is tried, one looks. */
async function start(id: string, index: number): Promise<void> {
  const from = index % ACCOUNTS;
  const to = (from + 1 + (index % (ACCOUNTS - 1))) % ACCOUNTS;
  const body = [`${from}`, `${to}`, 1 + (index % 90)];
  do {
    await fetch(`${host?.url}${API}/orchestrators/transfer/${id}`, post(body)).catch(() => sleep(20));
  } while ((await insist(`instances/${id}`)).status === 404);
}

async function outputOf(id: string): Promise<unknown> {
  for (;;) {
    const { runtimeStatus, output } = (await (await insist(`instances/${id}`)).json()) as {
      readonly runtimeStatus: string;
      readonly output: unknown;
    };
    if (!["Pending", "Running"].includes(runtimeStatus))
      return runtimeStatus === "Completed" ? output : runtimeStatus;
    await sleep(50);
  }
}

interface Entity {
  readonly entityId: { readonly name: string; readonly key: string };
  readonly state: unknown;
}

async function entitiesOf(name: string): Promise<readonly Entity[]> {
  return (await (await insist(`entities/${name}?fetchState=true`)).json()) as readonly Entity[];
}

interface Kept {
  readonly locked: number;
  readonly messages: number;
  readonly timers: number;
}

function whatIsLeft(path: string): Kept {
  const database = new Database(path);
  try {
    return database
      .prepare(
        `select (select count(*) from instances where instance_id like '@%' and input like '%lockedBy%') as locked,
           (select count(*) from inbox) as messages, (select count(*) from timers) as timers`,
      )
      .get() as Kept;
  } finally {
    database.close();
  }
}

test(`money is neither made nor lost by ${TRANSFERS} transfers under locks, though the host is killed ${KILLS} times`, async () => {
  host = await startHost([], { cwd: folder.path });
  const ids = Array.from({ length: TRANSFERS }, (_, index) => `transfer-${index}`);

  const started = Promise.all(ids.map((id, index) => start(id, index)));
  const signaled = (async () => {
    // Of a signal whose answer was lost nobody knows whether it came; each that was acknowledged has.
    let acknowledged = 0;
    for (let signal = 0; signal < SIGNALS; signal++) {
      const { status } = await insist("entities/tally/signals?op=note", post("signal"));
      if (status === 202) acknowledged += 1;
    }
    return acknowledged;
  })();
  for (let kill = 0; kill < KILLS; kill++) {
    await sleep(100 + Math.random() * 400);
    await host.process.kill("SIGKILL");
    host = await startHost([], { cwd: folder.path });
  }
  await started;
  const outputs = await Promise.all(ids.map((id) => outputOf(id)));
  const acknowledged = await signaled;

  expect(outputs.filter((output) => output !== "moved" && output !== "refused")).toEqual([]);
  const moved = ids.filter((_, index) => outputs[index] === "moved");
  const accounts = await entitiesOf("account");
  expect(accounts.reduce((sum, { state }) => sum + Number(state), 0)).toBe(accounts.length * OPENING_BALANCE);
  expect(accounts).toHaveLength(ACCOUNTS);
  const tallies = new Map((await entitiesOf("tally")).map(({ entityId, state }) => [entityId.key, state]));
  expect(tallies.get("done")).toEqual({
    count: moved.length,
    byTransfer: Object.fromEntries(moved.map((id) => [id, 1])),
  });
  expect((tallies.get("signals") as { readonly count: number }).count).toBeGreaterThanOrEqual(acknowledged);
  await host.process.kill("SIGTERM");
  expect(whatIsLeft(join(folder.path, ".perdure", "hub.db"))).toEqual({ locked: 0, messages: 0, timers: 0 });
});
