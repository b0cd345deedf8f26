import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/app.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";
import { type Host, HubInMemory } from "./hub-in-memory.ts";

const GENERATIONS = 5;

interface Scene extends Host {
  readonly hub: HubInMemory;
}

/** A host whose orchestrators run there. */
async function scene(where: string, app: App): Promise<Scene> {
  const hub = new HubInMemory();
  const elsewhere = new WorkersElsewhere(hub.clock);
  const host = await hub.host(where === "here" ? { app } : { remoteWorkers: elsewhere });
  if (where === "elsewhere") elsewhere.connect(app);
  return { ...host, hub };
}

describe.each(["here", "elsewhere"])(
  "an orchestration that continues as new in its first turn (%s)",
  (where) => {
    test("has another time in each generation", async () => {
      const app = new App();
      app.orchestration("clock", (context, seen: readonly number[]) => {
        const times = [...seen, context.currentUtcDateTime.getTime()];
        if (times.length === GENERATIONS) return times;
        context.continueAsNew(times);
        return undefined;
      });
      const { client, hub } = await scene(where, app);
      const began = hub.clock.now();

      const id = await client.startNew("clock", { input: [] });
      await hub.clock.settle();

      const expected = Array.from({ length: GENERATIONS }, (_, index) => began + index);
      expect((await client.getStatus(id))?.output).toEqual(expected);
      expect((await client.getStatus(id))?.createdTime.getTime()).toBe(expected.at(-1));
    });

    test("comes to an end that it waits for by the clock", async () => {
      const app = new App();
      app.orchestration("until", (context, end: number) => {
        if (context.currentUtcDateTime.getTime() >= end) return "over";
        context.continueAsNew(end);
        return undefined;
      });
      const { client, hub } = await scene(where, app);

      const id = await client.startNew("until", { input: hub.clock.now() + 20 });
      await hub.clock.advance(50);

      expect((await client.getStatus(id))?.output).toBe("over");
    });
  },
);

test("a generation begins when the turn that asked for it has ended, however long that took", async () => {
  const hub = new HubInMemory();
  const app = new App();
  app.orchestration("slow", (context, seen: readonly number[]) => {
    const times = [...seen, context.currentUtcDateTime.getTime()];
    if (times.length === 2) return times;
    context.continueAsNew(times);
    return undefined;
  });
  const elsewhere = new WorkersElsewhere(hub.clock);
  const { client } = await hub.host({ remoteWorkers: elsewhere });
  const worker = elsewhere.connect(app, { isPaused: true });
  const began = hub.clock.now();
  const id = await client.startNew("slow", { input: [] });

  await hub.clock.advance(3_000);
  await worker.goOn();
  await hub.clock.settle();

  expect((await client.getStatus(id))?.output).toEqual([began, began + 3_000]);
});
