import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { DurableEntity } from "../../src/sdk/durable-entity.ts";
import type { OrchestratorContext } from "../../src/sdk/orchestrator-context.ts";
import { HubInMemory } from "./hub-in-memory.ts";

class Account extends DurableEntity<number> {
  state = 100;
  add(amount: number): number {
    this.state += amount;
    return this.state;
  }
  get(): number {
    return this.state;
  }
}

const A = new EntityId("Account", "a");
const B = new EntityId("Account", "b");

function bank(): HubInMemory {
  const hub = new HubInMemory();
  class BankAccount extends Account {}
  const account = hub.app.entity("Account", BankAccount);
  hub.app.orchestration("hold", async (context, keys: readonly string[]) => {
    await using _ = await context.lock(...keys.map((key) => account.id(key)));
    await context.waitForExternalEvent("leave");
    return "left";
  });
  hub.app.orchestration("holdToTheEnd", function* (context, fails: boolean) {
    yield context.df.lock([A, B]);
    yield context.waitForExternalEvent("leave");
    if (fails) throw new Error("as asked");
    return context.df.isLocked().isLocked;
  });
  hub.app.orchestration(
    "transfer",
    async (context, [from, to, amount]: readonly [string, string, number]) => {
      await using _ = await context.lock(account.id(from), account.id(to));
      const balance = await context.entities.call(account, from).get();
      if (balance < amount) return false;
      await context.entities.call(account, from).add(-amount);
      await context.createTimer({ afterMs: 5 });
      await context.entities.call(account, to).add(amount);
      return true;
    },
  );
  return hub;
}

const lockOf = async (hub: HubInMemory, key: string): Promise<unknown> =>
  (await (await hub.client()).getStatus(`@account@${key}`))?.customStatus;

test("S-167: locks are had one after the other; whoever waits has them next, in the order of asking", async () => {
  const hub = bank();
  const { client } = await hub.host();
  const ids = ["first", "second", "third"];
  for (const instanceId of ids) await client.startNew("hold", { instanceId, input: ["b", "a", "b"] });
  await hub.clock.advance(50);
  const holders = [await lockOf(hub, "a"), await lockOf(hub, "b")];
  const order: unknown[] = [];
  for (const id of ids) {
    await client.raiseEvent(id, "leave");
    await hub.clock.advance(50);
    order.push((await client.getStatus(id))?.runtimeStatus, await lockOf(hub, "b"));
  }

  expect(holders).toMatchObject([{ lockedBy: "first" }, { lockedBy: "first" }]);
  expect(order).toEqual([
    "Completed",
    expect.objectContaining({ lockedBy: "second" }),
    "Completed",
    expect.objectContaining({ lockedBy: "third" }),
    "Completed",
    undefined,
  ]);
});

test("S-168: while an entity is locked, others wait; why is said, with the holder and the queue", async () => {
  const hub = bank();
  const { client } = await hub.host();
  await client.startNew("hold", { instanceId: "holder", input: ["a", "b"] });
  await hub.clock.advance(50);
  await client.entities.signal(A, "add", 1);
  const waiting = await client.startNew("hold", { input: ["b", "c"] });
  const last = await client.startNew("hold", { input: ["b"] });
  await hub.clock.advance(50);
  const state = await client.entities.read(A);

  expect(state).toBeUndefined();
  expect((await client.whyWaiting(waiting))?.sentence).toMatch(
    /^It waits for the lock of entity '@account@b', which instance 'holder' holds since 2030/,
  );
  expect((await client.whyWaiting(last))?.sentence).toContain("(1 other waits before it)");
  expect((await client.whyWaiting("@account@a"))?.sentence).toBe(
    "It is an entity that instance 'holder' has locked; 1 message waits for it.",
  );
  expect((await client.whyWaiting("@account@b"))?.reasons).toEqual([
    { type: "entity", lockedBy: "holder", waiting: 2, lockQueue: [waiting, last] },
  ]);
  await client.raiseEvent("holder", "leave");
  await hub.clock.advance(50);
  expect(await client.entities.read(A)).toMatchObject({ state: "101" });
});

test.each([
  ["completes", async ({ client }: Scene) => client.raiseEvent("holder", "leave"), false],
  ["fails", async ({ client }: Scene) => client.raiseEvent("holder", "leave"), true],
  ["is terminated", async ({ client }: Scene) => client.terminate("holder"), false],
])("S-170: the locks of an orchestration that %s are released", async (_how, end, fails) => {
  const hub = bank();
  const { client } = await hub.host();
  await client.startNew("holdToTheEnd", { instanceId: "holder", input: fails });
  const next = await client.startNew("hold", { input: ["a"] });
  await hub.clock.advance(50);
  await end({ client });
  await hub.clock.advance(50);

  expect(await lockOf(hub, "a")).toMatchObject({ lockedBy: next });
  expect(await lockOf(hub, "b")).not.toMatchObject({ lockedBy: expect.anything() });
});

interface Scene {
  readonly client: Awaited<ReturnType<HubInMemory["host"]>>["client"];
}

test("S-170: one that ends while it waits for locks takes its request back, wherever it has got to", async () => {
  const hub = bank();
  const { client } = await hub.host();
  await client.startNew("hold", { instanceId: "holder", input: ["b"] });
  await hub.clock.advance(50);
  const waiting = await client.startNew("hold", { input: ["a", "b", "c"] });
  const behind = await client.startNew("hold", { input: ["a", "c"] });
  await hub.clock.advance(50);
  const before = await lockOf(hub, "a");
  await client.terminate(waiting);
  await hub.clock.advance(50);
  const after = await lockOf(hub, "a");
  await client.raiseEvent("holder", "leave");
  await hub.clock.advance(50);

  expect(before).toMatchObject({ lockedBy: waiting });
  expect(after).toMatchObject({ lockedBy: behind });
  expect(await lockOf(hub, "b")).not.toMatchObject({ lockedBy: expect.anything() });
  expect(await (await hub.store()).query.messages("@account@b")).toEqual([]);
});

test("S-170: continue-as-new leaves the critical section", async () => {
  const hub = bank();
  hub.app.orchestration("round", function* (context, round: number) {
    if (round === 1) return context.df.isLocked();
    yield context.df.lock([A]);
    context.continueAsNew(round + 1);
    return undefined;
  });
  const { client } = await hub.host();
  const id = await client.startNew("round", { input: 0 });
  await hub.clock.advance(50);

  expect(await client.getStatus(id)).toMatchObject({ output: { isLocked: false, ownedLocks: [] } });
  expect(await lockOf(hub, "a")).not.toMatchObject({ lockedBy: expect.anything() });
});

test("no deadlock, and money is neither made nor lost, whoever is killed", async () => {
  const hub = bank();
  let host = await hub.host();
  const ids: string[] = [];
  for (let n = 0; n < 30; n++) {
    const [from, to] = [`${n % 5}`, `${(n + 1 + (n % 3)) % 5}`];
    ids.push(await host.client.startNew("transfer", { input: [from, to, 10] }));
  }
  for (let kill = 0; kill < 5; kill++) {
    await hub.clock.advance(12);
    host.worker.kill();
    host = await hub.host();
    await hub.clock.advance(16_000);
  }
  await hub.clock.advance(60_000);

  const outputs = await Promise.all(ids.map(async (id) => (await host.client.getStatus(id))?.output));
  const balances = [];
  for await (const { state } of host.client.entities.query({ name: "account" })) balances.push(Number(state));
  expect(outputs).toEqual(ids.map(() => true));
  expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(500);
});

test.each([
  ["another lock", "LOCKING_RULES", (context) => context.lock(B)],
  ["a sub-orchestration", "LOCKING_RULES", (context) => context.callSubOrchestrator("hold", ["c"])],
  ["a call to one that is not locked", "LOCKING_RULES", (context) => context.callEntity(B, "get")],
  [
    "two calls at once",
    "LOCKING_RULES",
    (context) => [context.callEntity(A, "get"), context.callEntity(A, "get")],
  ],
  ["a signal to one that is locked", "LOCKING_RULES", (context) => context.signalEntity(A, "add", 1)],
  ["an activity", undefined, (context) => context.callActivity("nothing")],
  ["a timer", undefined, (context) => context.createTimer({ afterMs: 1 })],
  ["a signal to one that is not locked", undefined, (context) => context.signalEntity(B, "add", 1)],
  [
    "two calls, one after the other",
    undefined,
    async (context) => {
      await context.callEntity(A, "get");
      await context.callEntity(A, "get");
    },
  ],
] satisfies readonly [string, string | undefined, (context: OrchestratorContext) => unknown][])(
  "S-169: inside a critical section, %s: %s",
  async (_what, code, act) => {
    const hub = bank();
    hub.app.activity("nothing", () => undefined);
    hub.app.orchestration("try", async (context) => {
      await using _ = await context.lock(A);
      try {
        const done: unknown = act(context);
        if (!Array.isArray(done)) await done;
      } catch (error) {
        return (error as { readonly code?: string }).code;
      }
      return "fine";
    });
    const { client } = await hub.host();
    const id = await client.startNew("try");
    await hub.clock.advance(100);

    expect(await client.getStatus(id)).toMatchObject({ output: code ?? "fine" });
  },
);

test("S-170: without entities, or with what is none, lock is an error; so is a function nobody has", async () => {
  const hub = bank();
  hub.app.orchestration("try", function* (context) {
    const errors: unknown[] = [];
    for (const entities of [[], [null], [{ name: "", key: "" }]]) {
      try {
        yield context.lock(...(entities as unknown as EntityId[]));
      } catch (error) {
        errors.push((error as { readonly code?: string }).code);
      }
    }
    try {
      yield context.lock(A, new EntityId("zzz", "nobody"));
    } catch (error) {
      errors.push((error as { readonly code?: string }).code, context.isLocked().isLocked);
    }
    return errors;
  });
  const { client } = await hub.host();
  const id = await client.startNew("try");
  await hub.clock.advance(50);

  expect(await client.getStatus(id)).toMatchObject({
    output: ["INVALID_ARGUMENT", "INVALID_ENTITY_ID", "INVALID_ENTITY_ID", "ENTITY_NOT_FOUND", false],
  });
  expect(await lockOf(hub, "a")).not.toMatchObject({ lockedBy: expect.anything() });
});

test("a lock held across a change of owner is still held, and a replay does not ask for it again", async () => {
  const hub = bank();
  const first = await hub.host();
  await first.client.startNew("hold", { instanceId: "holder", input: ["a"] });
  const next = await first.client.startNew("hold", { input: ["a"] });
  await hub.clock.advance(50);
  first.worker.kill();
  const { client } = await hub.host();
  await hub.clock.advance(20_000);
  const held = await lockOf(hub, "a");
  await client.raiseEvent("holder", "leave");
  await hub.clock.advance(50);

  expect(held).toMatchObject({ lockedBy: "holder" });
  expect(await client.getStatus("holder")).toMatchObject({ output: "left" });
  expect(await lockOf(hub, "a")).toMatchObject({ lockedBy: next });
});

test("S-161: a lock whose orchestration is gone is released on demand", async () => {
  const hub = bank();
  const { client } = await hub.host();
  const store = await hub.store();
  const lock = {
    type: "EntityLock",
    timestamp: 0,
    criticalSectionId: "s",
    lockSet: ["@account@a"],
    position: 0,
    holder: { instanceId: "ghost", executionId: "x" },
  };
  await store.client.send([{ instanceId: "@account@a", at: 0, event: JSON.stringify(lock) }]);
  await hub.clock.advance(50);
  const held = await lockOf(hub, "a");

  expect(await client.entities.clean()).toMatchObject({ numberOfOrphanedLocksRemoved: 1 });
  await hub.clock.advance(50);
  expect(held).toMatchObject({ lockedBy: "ghost" });
  expect(await lockOf(hub, "a")).not.toMatchObject({ lockedBy: expect.anything() });
});

test("rewound into a critical section, an instance goes on once its entities are locked again", async () => {
  const hub = bank();
  let broken = true;
  hub.app.activity("mayFail", () => {
    if (broken) throw new Error("not today");
    return "done";
  });
  hub.app.orchestration("careful", function* (context) {
    yield context.df.lock(A, B);
    yield context.callActivity("mayFail");
    const locked = context.isLocked().ownedLocks.length;
    return [locked, yield context.callEntity(A, "add", 1)];
  });
  const { client } = await hub.host();
  const id = await client.startNew("careful");
  await hub.clock.advance(50);
  const failed = await client.getStatus(id);
  await client.startNew("hold", { instanceId: "other", input: ["b"] });
  await hub.clock.advance(50);
  broken = false;
  await client.rewind(id);
  await hub.clock.advance(50);
  const waiting = await client.whyWaiting(id);
  const before = await lockOf(hub, "a");
  await client.raiseEvent("other", "leave");
  await hub.clock.advance(50);

  expect(failed).toMatchObject({ runtimeStatus: "Failed" });
  expect(waiting?.sentence).toContain(
    "It waits for the lock of entity '@account@b', which instance 'other' holds",
  );
  expect(before).toMatchObject({ lockedBy: id });
  expect(await client.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: [2, 101] });
  expect(await lockOf(hub, "a")).not.toMatchObject({ lockedBy: expect.anything() });
  expect(await lockOf(hub, "b")).not.toMatchObject({ lockedBy: expect.anything() });
});

test("S-169: what is to be locked cannot be called before the lock is there: the two would wait for each other", async () => {
  const hub = bank();
  hub.app.orchestration("hasty", function* (context) {
    const early = context.callEntity(A, "get");
    const lock = context.df.lock(A, B);
    try {
      yield context.callEntity(B, "get");
    } catch (error) {
      yield context.callEntity(new EntityId("account", "c"), "get");
      yield lock;
      return [(error as Error).message, yield early, yield context.callEntity(B, "get")];
    }
  });
  const { client } = await hub.host();
  const id = await client.startNew("hasty");
  await hub.clock.advance(100);

  expect(await client.getStatus(id)).toMatchObject({
    runtimeStatus: "Completed",
    output: [
      "Entity '@account@b' cannot be called while the lock of '@account@a', '@account@b' is waited for. Wait for the lock first, or call before asking for it.",
      100,
      100,
    ],
  });
});

test("an answer that came after the failure is there when the rewind and it are read together", async () => {
  const hub = new HubInMemory();
  let broken = true;
  let open: () => void = () => undefined;
  hub.app.entity(
    "door",
    () =>
      new Promise((resolve) => {
        open = () => resolve("open");
      }),
  );
  hub.app.activity("mayFail", () => {
    if (broken) throw new Error("not today");
  });
  hub.app.orchestration("visit", function* (context) {
    const call = context.callEntity(new EntityId("door", "front"), "knock");
    yield context.callActivity("mayFail");
    return yield call;
  });
  const { worker, client } = await hub.host();
  const id = await client.startNew("visit");
  await hub.clock.advance(100);
  open();
  await hub.clock.advance(100);
  const kept = await (await hub.store()).query.messages(id);
  worker.kill();
  broken = false;
  const outside = await hub.client();
  await outside.rewind(id, "mended");
  await hub.host();
  await hub.clock.advance(16_000);

  expect(kept).toHaveLength(1);
  expect(await outside.getStatus(id)).toMatchObject({ runtimeStatus: "Completed", output: "open" });
});
