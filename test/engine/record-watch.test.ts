import { expect, test } from "vitest";
import { RecordWatch, type RecordWatcher } from "../../src/engine/record-watch.ts";
import type { InstanceRecord, QueryStore } from "../../src/storage/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

/** A store whose answers the test gives, one by one. */
function storeByHand() {
  const asked: { readonly id: string; readonly answer: (record?: InstanceRecord | Error) => void }[] = [];
  const listeners = new Set<() => void>();
  const query = {
    get: (id: string) =>
      new Promise<InstanceRecord | undefined>((resolve, reject) => {
        const answer = (record?: InstanceRecord | Error): void =>
          record instanceof Error ? reject(record) : resolve(record);
        asked.push({ id, answer });
      }),
    onChange: (listener: () => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  } as unknown as QueryStore;
  const clock = new VirtualClock();
  const write = (): void => {
    for (const listener of listeners) listener();
  };
  return { watch: new RecordWatch(query, clock), asked, listeners, write, settle: () => clock.settle() };
}

function watcher() {
  const told: unknown[] = [];
  const each: RecordWatcher = {
    seen: (record) => told.push(record?.instanceId),
    failed: (error) => told.push(error.message),
  };
  return { each, told };
}

const record = (instanceId: string): InstanceRecord => ({ instanceId }) as InstanceRecord;

test("an instance is read once for all who wait for it, and once more for all that was written meanwhile", async () => {
  const { watch, asked, write, settle } = storeByHand();
  const watchers = Array.from({ length: 100 }, watcher);
  for (const { each } of watchers) watch.add("a", each);

  for (let count = 0; count < 10; count++) write();
  expect(asked).toHaveLength(1);
  asked[0]?.answer(record("a"));
  await settle();
  expect(asked).toHaveLength(2);
  asked[1]?.answer();
  await settle();

  expect(asked).toHaveLength(2);
  expect(watchers.every(({ told }) => told.length === 2)).toBe(true);
  expect(watchers[0]?.told).toEqual(["a", undefined]);
});

test("nothing is read while nothing is written, and nothing is listened to while nobody waits", async () => {
  const { watch, asked, listeners, write, settle } = storeByHand();

  const stops = [watch.add("a", watcher().each), watch.add("b", watcher().each)];
  await settle();
  expect([asked.length, listeners.size]).toEqual([0, 1]);
  for (const stop of stops) stop();
  write();

  expect([asked.length, listeners.size]).toEqual([0, 0]);
});

test("a read that fails is told to those who wait for that instance, and the others are read", async () => {
  const { watch, asked, write, settle } = storeByHand();
  const [a, b] = [watcher(), watcher()];
  watch.add("a", a.each);
  watch.add("b", b.each);

  write();
  asked[0]?.answer(new Error("away"));
  await settle();
  asked[1]?.answer(record("b"));
  await settle();

  expect([a.told, b.told]).toEqual([["away"], ["b"]]);
});

test("who stops waiting while others are told is told no more", async () => {
  const { watch, asked, write, settle } = storeByHand();
  const [a, b] = [watcher(), watcher()];
  const stop = watch.add("b", b.each);
  watch.add("a", { ...a.each, seen: () => stop() });

  write();
  asked[0]?.answer(record("b"));
  await settle();
  asked[1]?.answer(record("a"));
  await settle();
  write();
  await settle();

  expect(b.told).toEqual(["b"]);
  expect(asked.map(({ id }) => id)).toEqual(["b", "a", "a"]);
});
