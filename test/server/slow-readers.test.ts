import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createHttpApi } from "../../src/http/index.ts";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { App, TaskHub } from "../../src/sdk/index.ts";
import { type Listener, listen } from "../../src/server/listener.ts";
import { meteredStorage, type StoreMeter } from "../support/metered-storage.ts";
import { RawConnection } from "./raw-connection.ts";

const MEGABYTE = 1024 * 1024;
const CHANGES = 100;
/** What the operating system may hold of a stream that is not read, and then some. */
const ON_ITS_WAY = 30;

let hub: TaskHub;
let listener: Listener;
let meter: StoreMeter;

beforeEach(async () => {
  const app = new App();
  app.orchestration("count", function* (context, _padding: string) {
    for (let n = 0; ; n += 1) {
      context.setCustomStatus(n);
      yield context.waitForExternalEvent("next");
    }
  });
  const metered = meteredStorage(createMemoryStorage());
  meter = metered.meter;
  hub = await TaskHub.open(metered.storage, { app });
  await hub.start();
  const { query } = await metered.storage.openTaskHub(hub.name);
  const api = createHttpApi({
    hub: { client: hub.rawClient, query },
    openHub: () => Promise.reject(new Error("There is one hub.")),
    taskHubs: metered.storage.taskHubs,
    hello: () => ({}),
  });
  listener = await listen((request) => api.fetch(request), { port: 0, host: "127.0.0.1" });
});

afterEach(async () => {
  listener.cut();
  await listener.stop();
  await hub.close();
});

/** Every event of the watch is as large as the input. */
async function watch(instanceId: string): Promise<RawConnection> {
  await hub.client.startNew("count", { instanceId, input: "x".repeat(MEGABYTE) });
  await hub.client.waitForStart(instanceId);
  const path = `/runtime/webhooks/durabletask/instances/${instanceId}/watch`;
  return new RawConnection(listener.port).send(`GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`);
}

async function change(instanceId: string): Promise<void> {
  await hub.client.raiseEvent(instanceId, "next");
  await sleep(1);
}

test("a watch that nobody reads is not produced: it grows with the first megabytes and no further", async () => {
  const client = await watch("unread");
  await vi.waitFor(() => expect(client.received).toContain("event: status"));
  client.pause();
  const before = meter.reads;

  for (let n = 0; n < CHANGES; n += 1) await change("unread");

  expect(meter.reads - before).toBeLessThan(ON_ITS_WAY);
});

test("a watch that is read is produced with each change", async () => {
  const client = await watch("read");
  await vi.waitFor(() => expect(client.received).toContain("event: status"));

  for (let n = 0; n < CHANGES; n += 1) {
    const before = meter.reads;
    await change("read");
    await vi.waitFor(() => expect(meter.reads).toBeGreaterThan(before), { interval: 1 });
  }

  await vi.waitFor(() => expect(client.received).toContain(`"customStatus":${CHANGES}`));
});

test("a watch that nobody reads is given up when the client goes", async () => {
  const client = await watch("left");
  client.pause();
  await vi.waitFor(() => expect(meter.listeners).toBe(1));
  for (let n = 0; n < ON_ITS_WAY; n += 1) await change("left");

  client.cut();

  await vi.waitFor(() => expect(meter.listeners).toBe(0));
});
