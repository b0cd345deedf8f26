import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { DurableEntity } from "../../src/sdk/durable-entity.ts";
import type { EntityContext } from "../../src/sdk/entity-context.ts";
import { DummyEntityContext, TestHub } from "../../src/testing/index.ts";

function bank() {
  const app = new App();
  class Account extends DurableEntity<number> {
    state = 100;
    add(amount: number): number {
      this.state += amount;
      return this.state;
    }
    async slowly(amount: number): Promise<number> {
      await Promise.resolve();
      return this.add(amount);
    }
  }
  const account = app.entity("account", Account);
  const check = app.activity("check", async (_amount: number) => true);
  const transfer = app.orchestration("transfer", async (ctx, amount: number) => {
    await using _ = await ctx.lock(account.id("a"), account.id("b"));
    if (!(await ctx.callActivity(check, amount))) return "refused";
    await ctx.entities.call(Account, "a").add(-amount);
    await ctx.createTimer({ afterMs: 7 * 24 * 3_600_000 });
    return ctx.entities.call(Account, "b").slowly(amount);
  });
  return { app, account, check, transfer };
}

describe("entities in a test hub", () => {
  test("work with its clock, its fakes and its crashes", async () => {
    const { app, account, check, transfer } = bank();
    await using hub = await TestHub.start({ app });
    hub.fake(check, true);
    hub.crashNext({ commit: 3, when: "after" });

    const id = await hub.client.startNew(transfer, { input: 30 });
    const { output } = await hub.run(id);

    expect(output).toBe(130);
    expect(hub.crashes).toBe(1);
    expect(await hub.client.readEntityState(account.id("a"))).toEqual({
      entityExists: true,
      entityState: 70,
    });
  });

  test("take signals with a time", async () => {
    const { app, account } = bank();
    await using hub = await TestHub.start({ app });
    const scheduledTime = new Date(hub.now.getTime() + 24 * 3_600_000);
    await hub.client.signalEntity(account.id("a"), "add", 1, { scheduledTime });

    await hub.advance("23h");
    const before = await hub.client.readEntityState(account.id("a"));
    await hub.advance("2h");

    expect([before, await hub.client.readEntityState(account.id("a"))]).toEqual([
      { entityExists: false },
      { entityExists: true, entityState: 101 },
    ]);
  });

  test("a lock that nobody lets go of ends the wait with who holds it", async () => {
    const { app, account } = bank();
    const hold = app.orchestration("hold", async (ctx) => {
      await ctx.lock(account.id("a"));
      await ctx.waitForExternalEvent("never");
    });
    await using hub = await TestHub.start({ app });
    await hub.client.startNew(hold, { instanceId: "holder" });
    const id = await hub.client.startNew(hold);

    await expect(hub.run(id)).rejects.toThrow(/lock of entity '@account@a', which instance 'holder' holds/);
  });
});

function counter(context: EntityContext<number>): void {
  const value = context.df.getState(() => 0);
  switch (context.df.operationName) {
    case "add":
      context.df.setState(value + (context.df.getInput<number>() ?? 0));
      context.df.signalEntity({ name: "log", key: context.df.entityKey }, "added", value);
      break;
    case "get":
      context.df.return(value);
      break;
    default:
      context.df.destructOnExit();
  }
}

describe("DummyEntityContext", () => {
  test("runs an entity function by hand", () => {
    const context = new DummyEntityContext<number>("counter");
    Object.assign(context.df, { operationName: "add", input: 5, state: 2, entityKey: "k" });
    counter(context);
    const added = context.df.state;
    context.df.operationName = "get";
    counter(context);
    const { result } = context.df;
    context.df.operationName = "reset";
    counter(context);

    expect([added, result, context.df.state]).toEqual([7, 7, undefined]);
    expect(context.df.signals).toEqual([{ entity: "@log@k", operation: "added", input: 2 }]);
  });

  test("takes stubs in place of df, as in tests for durable-functions v3", () => {
    const context = new DummyEntityContext<number>();
    let state = 1;
    context.df = {
      operationName: "add",
      entityKey: "k",
      getState: () => state,
      getInput: () => 4,
      setState: (next: number) => {
        state = next;
      },
      signalEntity: () => undefined,
    };
    counter(context);

    expect(state).toBe(5);
  });
});
