import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, LEASE_MS, NOW, types, useScene, workerOf } from "./scene.ts";

export function describeLeases(open: OpenHarness): void {
  describe("leases and fences", () => {
    const scene = useScene(open);

    test("the first worker takes every partition, the next one none", async () => {
      const { storage } = scene().harness;
      await storage.taskHubs.ensure("Wide", { partitionCount: 3 });
      const hub = await storage.openTaskHub("Wide");

      const first = await workerOf(hub, "first").join();

      expect(first.map(({ partition }) => partition)).toEqual([0, 1, 2]);
      expect(first.every(({ takenOver }) => !takenOver)).toBe(true);
      expect(await workerOf(hub, "second").join()).toEqual([]);
    });

    test("a worker that beats keeps its partitions", async () => {
      const first = await scene().join("first");
      const second = workerOf(await scene().elsewhere(), "second");
      await second.join();

      for (let beats = 0; beats < 4; beats++) {
        await scene().harness.advance(LEASE_MS - 1);
        expect(await first.store.beat()).toEqual([first.owned]);
        expect(await second.beat()).toEqual([]);
      }
    });

    test("the partitions of a silent worker are taken over when its lease has run out, not before", async () => {
      const first = await scene().join("first");
      const second = workerOf(await scene().elsewhere(), "second");

      await scene().harness.advance(LEASE_MS - 1);
      expect(await second.join()).toEqual([]);
      await scene().harness.advance(1);

      const [taken] = await second.beat();
      expect(taken).toMatchObject({ partition: 0, takenOver: true });
      expect(taken?.epoch).toBeGreaterThan(first.owned.epoch);
    });

    test("a worker that leaves hands its partitions back at once", async () => {
      const first = await scene().join("first");
      await first.store.leave();

      const second = await scene().join("second");

      expect(second.owned.takenOver).toBe(false);
      expect(second.owned.epoch).toBeGreaterThan(first.owned.epoch);
    });

    test("a worker that lost its partition does not get it back by beating", async () => {
      const first = await scene().join("first");
      await scene().harness.advance(LEASE_MS);
      await scene().join("second");

      expect(await first.store.beat()).toEqual([]);
    });

    test("a worker that regains a partition sees a new epoch", async () => {
      const first = await scene().join("first");
      await scene().harness.advance(LEASE_MS);
      const second = await scene().join("second");
      await second.store.leave();

      const [regained] = await first.store.beat();

      expect(regained?.epoch).toBeGreaterThan(second.owned.epoch);
      expect(types(await first.commit(first.episode("a", await scene().create("a"))))).toEqual(["fenced"]);
    });

    test("a worker that lost its partition cannot commit", async () => {
      const first = await scene().join("first");
      const run = await scene().create("a");
      await scene().harness.advance(LEASE_MS);
      const second = await scene().join("second");

      const late = await first.commit(first.episode("a", run, { patch: { status: "Completed" } }));
      const current = await second.commit(second.episode("a", run, { chunk: chunk(0, "[2]") }));

      expect(types(late)).toEqual(["fenced"]);
      expect(types(current)).toEqual(["applied"]);
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0, "[2]")]);
      expect(await scene().hub.query.get("a")).toMatchObject({ status: "Pending" });
    });

    test("a worker that left cannot commit", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.store.leave();

      expect(types(await owner.commit(owner.episode("a", run)))).toEqual(["fenced"]);
    });

    test("an episode of a lost partition does not hold up one of a partition that is still owned", async () => {
      const owner = await scene().join();
      const [lost, kept] = [await scene().create("lost"), await scene().create("kept")];

      const outcomes = await owner.commit(
        owner.episode("lost", lost, { epoch: owner.owned.epoch - 1 }),
        owner.episode("kept", kept),
        owner.episode("other", lost + kept, { partition: 7 }),
        owner.episode("another", lost + kept + 1, { epoch: owner.owned.epoch - 1 }),
      );

      expect(types(outcomes)).toEqual(["fenced", "applied", "fenced", "fenced"]);
    });

    test("a worker that lost its partition cannot discard", async () => {
      const first = await scene().join("first");
      await scene().hub.client.send([{ instanceId: "a", at: NOW, event: "{}" }]);
      const [message] = await scene().hub.query.messages("a");
      await scene().harness.advance(LEASE_MS);
      const second = await scene().join("second");

      await first.store.discard(first.owned, [message?.id ?? 0], []);
      expect(await scene().hub.query.messages("a")).toHaveLength(1);

      await second.store.discard(second.owned, [message?.id ?? 0], []);
      expect(await scene().hub.query.messages("a")).toEqual([]);
    });
  });
}
