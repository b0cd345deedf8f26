import { setImmediate as nextTurn } from "node:timers/promises";
import { expect, onTestFinished, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { meteredStorage } from "../support/metered-storage.ts";
import { WorkersElsewhere } from "../support/workers-elsewhere.ts";

async function openHub() {
  const app = new App();
  app.orchestration("here", () => "done");
  const { storage, meter } = meteredStorage(createMemoryStorage());
  const elsewhere = new WorkersElsewhere(new VirtualClock());
  const hub = await TaskHub.open(storage, { app, remoteWorkers: elsewhere });
  await hub.start();
  onTestFinished(() => hub.close({ drainMs: 0 }));
  return { hub, meter, elsewhere };
}

async function settle(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
}

test("waits for starts ask nothing of the store while others start and end", async () => {
  const { hub, meter } = await openHub();
  const ids = Array.from({ length: 100 }, (_none, index) => `waiting-${index}`);
  for (const instanceId of ids) await hub.client.startNew("elsewhere", { instanceId });
  const waits = ids.map((id) => hub.client.waitForStart(id));
  await settle();
  const before = meter.reads;

  for (let other = 0; other < 5; other += 1) await hub.client.startNew("here");
  await settle();

  expect(meter.reads - before).toBeLessThan(ids.length);
  expect(meter.listeners).toBe(0);
  await Promise.all(ids.map((id) => hub.client.terminate(id, "over")));
  expect(await Promise.all(waits)).toHaveLength(ids.length);
});

test("a wait for a start ends with the first turn", async () => {
  const { hub, elsewhere } = await openHub();
  const id = await hub.client.startNew("elsewhere");
  const waiting = hub.client.waitForStart(id);
  const app = new App();
  app.orchestration("elsewhere", function* (context) {
    return yield context.df.waitForExternalEvent("go");
  });

  elsewhere.connect(app);

  expect((await waiting).runtimeStatus).toBe("Running");
});
