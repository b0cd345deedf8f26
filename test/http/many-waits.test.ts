import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { TaskHub } from "../../src/sdk/index.ts";
import type { QueryStore } from "../../src/storage/index.ts";
import { meteredStorage, type StoreMeter } from "../support/metered-storage.ts";
import { BASE, type HostUnderTest, startHost } from "./host-under-test.ts";

const WAITING = 3_000;
const TIMEOUT_SECONDS = 3_600;

vi.setConfig({ testTimeout: 30_000 });

const ids = Array.from({ length: WAITING }, (_none, index) => `waiting-${index}`);

let owner: HostUnderTest;
let meter: StoreMeter;
/** Not counted. */
let query: QueryStore;

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "setInterval", "clearInterval"] });
  const inner = createMemoryStorage();
  const metered = meteredStorage(inner);
  meter = metered.meter;
  owner = await startHost({}, { storage: metered.storage });
  ({ query } = await inner.openTaskHub("TestHub"));
});

afterEach(async () => {
  vi.useRealTimers();
  await owner.close();
});

/** Starts that another process wrote are taken up piece by piece. */
async function untilAllRun(): Promise<void> {
  while ((await query.count({})).Running < WAITING) await vi.advanceTimersByTimeAsync(100);
}

/** Until nobody looks at the store because of what was written. */
async function settle(): Promise<void> {
  let seen: number;
  do {
    seen = meter.reads;
    for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  } while (meter.reads !== seen);
}

/** Reads of the store in a minute in which nothing is written. */
async function readsOfAQuietMinute(): Promise<number> {
  await settle();
  const before = meter.reads;
  for (let second = 0; second < 60; second += 1) {
    vi.advanceTimersByTime(1_000);
    await nextTurn();
  }
  await settle();
  return meter.reads - before;
}

async function outcomes(answers: readonly Promise<Response>[]): Promise<Set<string>> {
  return new Set(
    await Promise.all(answers.map(async (each) => `${(await each).status} ${await (await each).text()}`)),
  );
}

test("3,000 starts that wait are all answered when their instances end, and ask nothing of the store until then", async () => {
  const answers = ids.map((id) =>
    owner.call("POST", `${BASE}/orchestrators/wait/${id}?timeout=${TIMEOUT_SECONDS}`),
  );
  await untilAllRun();

  expect(await readsOfAQuietMinute()).toBe(0);
  await Promise.all(ids.map((id) => owner.hub.client.raiseEvent(id, "go")));

  expect(await outcomes(answers)).toEqual(new Set(['200 "gone"']));
  expect(meter.listeners).toBe(0);
});

test("they wait as quietly before a host that does not run the instances", async () => {
  const beside = await TaskHub.open(owner.storage, { taskHubName: "TestHub" });
  const store = await owner.storage.openTaskHub("TestHub");
  const other = await startHost({ hub: { client: beside.rawClient, query: store.query } });
  const answers = ids.map((id) =>
    other.call("POST", `${BASE}/orchestrators/wait/${id}?timeout=${TIMEOUT_SECONDS}`),
  );
  await untilAllRun();

  expect(await readsOfAQuietMinute()).toBe(0);
  await Promise.all(ids.map((id) => owner.hub.client.raiseEvent(id, "go")));

  expect(await outcomes(answers)).toEqual(new Set(['200 "gone"']));
  expect(meter.listeners).toBe(0);
  await other.close();
});
