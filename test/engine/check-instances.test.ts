import { expect, test } from "vitest";
import { type CheckedInstance, checkInstances } from "../../src/engine/check-instances.ts";
import { LocalExecutor } from "../../src/engine/local-executor.ts";
import { App } from "../../src/sdk/app.ts";
import type { QueryStore } from "../../src/storage/index.ts";
import { HubInMemory } from "./hub-in-memory.ts";

function appOf(first: string): App {
  const app = new App();
  for (const name of ["charge", "bill"]) app.activity(name, () => name);
  app.orchestration("order", function* (ctx) {
    if (ctx.input === "again") {
      yield ctx.waitForExternalEvent("go");
      ctx.continueAsNew("again");
      return;
    }
    yield ctx.callActivity(ctx.input === "same" ? "charge" : first);
    yield ctx.waitForExternalEvent("go");
  });
  app.orchestration("asynchronous", async (ctx) => {
    await ctx.callActivity(first);
    await ctx.waitForExternalEvent("go");
  });
  return app;
}

async function check(hub: HubInMemory, app: App, query?: QueryStore): Promise<readonly CheckedInstance[]> {
  const { clock, settings } = hub;
  const executor = new LocalExecutor({ registry: app.registry, clock, ...settings });
  const found: CheckedInstance[] = [];
  for await (const each of checkInstances(query ?? (await hub.store()).query, executor)) found.push(each);
  return found;
}

const misfits = (checked: readonly CheckedInstance[]) =>
  Object.fromEntries(
    checked.flatMap(({ instanceId, misfit }) => (misfit ? [[instanceId, misfit.type] as const] : [])),
  );

async function hubWithInstances(): Promise<HubInMemory> {
  const hub = new HubInMemory();
  const { client } = await hub.host({ app: appOf("charge") });
  await client.startNew("order", { instanceId: "breaks" });
  await client.startNew("asynchronous", { instanceId: "breaks-too" });
  await client.startNew("order", { instanceId: "fits", input: "same" });
  await client.startNew("order", { instanceId: "versioned", version: "1.0" });
  await client.startNew("order", { instanceId: "suspended" });
  await client.startNew("order", { instanceId: "later", startAt: new Date(hub.clock.now() + 1_000_000) });
  await client.startNew("order", { instanceId: "ended", input: "same" });
  await client.raiseEvent("ended", "go");
  await client.suspend("suspended");
  await hub.clock.advance(1_000);
  return hub;
}

test("the code that an instance has run under fits it", async () => {
  const hub = await hubWithInstances();

  const checked = await check(hub, appOf("charge"));

  expect(checked).toHaveLength(6);
  expect(misfits(checked)).toEqual({});
});

test("every open instance that the code does not follow is found; nothing is written", async () => {
  const hub = await hubWithInstances();
  const { query } = await hub.store();
  const before = JSON.stringify(await query.list({}, { size: 100 }));

  const checked = await check(hub, appOf("bill"));

  expect(misfits(checked)).toEqual({
    breaks: "blocked",
    "breaks-too": "blocked",
    versioned: "blocked",
    suspended: "blocked",
  });
  expect(JSON.stringify(await query.list({}, { size: 100 }))).toBe(before);
});

test("instances whose orchestrator or version the code lacks are found, also those that have not begun", async () => {
  const hub = await hubWithInstances();
  const app = new App();
  app.orchestration("order", { version: "2.0", handler: () => undefined });

  expect(misfits(await check(hub, app))).toEqual({
    breaks: "version-missing",
    "breaks-too": "orchestrator-missing",
    fits: "version-missing",
    versioned: "version-missing",
    suspended: "version-missing",
  });
  expect(misfits(await check(hub, new App()))).toMatchObject({ later: "orchestrator-missing" });
});

test("code that now fails an instance is found", async () => {
  const hub = await hubWithInstances();
  const app = new App();
  app.orchestration("order", function* (ctx) {
    yield ctx.callActivity("charge");
    throw new Error("not any more");
  });

  expect((await check(hub, app)).find(({ instanceId }) => instanceId === "fits")?.misfit).toEqual({
    type: "fails",
    text: "not any more",
  });
});

test("an instance that begins anew while it is read is not taken for one that breaks", async () => {
  const hub = new HubInMemory();
  const { client } = await hub.host({ app: appOf("charge") });
  await client.startNew("order", { instanceId: "eternal", input: "again" });
  const { query } = await hub.store();
  const busy: QueryStore = {
    ...bound(query),
    history: async function* (id) {
      yield* query.history(id);
      await client.raiseEvent("eternal", "go");
      await hub.clock.settle();
    },
  };

  expect(misfits(await check(hub, appOf("bill"), busy))).toEqual({});
});

test("of many instances one page after the other is read, each instance once", async () => {
  const hub = new HubInMemory();
  const { client } = await hub.host({ app: appOf("charge") });
  for (let each = 0; each < 450; each++) await client.startNew("order", { instanceId: `${each}` });
  await hub.clock.advance(1_000);

  const checked = await check(hub, appOf("charge"));

  expect(new Set(checked.map(({ instanceId }) => instanceId)).size).toBe(450);
  expect(checked).toHaveLength(450);
});

function bound(query: QueryStore): QueryStore {
  return {
    get: (id) => query.get(id),
    list: (filter, page) => query.list(filter, page),
    listByCompletion: (filter, page) => query.listByCompletion(filter, page),
    count: (filter) => query.count(filter),
    history: (id, from) => query.history(id, from),
    messages: (id) => query.messages(id),
    purge: (ids) => query.purge(ids),
    purgeMatching: (filter, size) => query.purgeMatching(filter, size),
    onChange: (listener) => query.onChange(listener),
  };
}
