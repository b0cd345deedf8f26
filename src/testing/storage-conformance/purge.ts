import { describe, expect, test } from "vitest";
import type { InstanceFilter, PurgeProgress, TaskHubStore } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { collect, createMany, historyOf, NOW, type Owner, type Scene, useScene } from "./scene.ts";

export function describePurge(open: OpenHarness): void {
  describe("purge", () => {
    const scene = useScene(open);

    test("a purged instance leaves nothing behind", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.complete("a", run, {
        timersNew: [{ run, id: 1, dueAt: NOW, instanceId: "a" }],
        messages: [{ instanceId: "a", at: NOW, event: "{}" }],
      });

      expect(await scene().hub.query.purge(["a"])).toEqual(["a"]);

      expect(await scene().hub.query.get("a")).toBeUndefined();
      expect(await historyOf(scene().hub, "a")).toEqual([]);
      const pulled = await owner.pull({ timers: { until: NOW }, recover: { afterInstanceId: "" } });
      expect(pulled).toEqual({ starts: [], messages: [], timers: [], recover: [] });
    });

    test("only terminal instances are purged, and ids that do not exist are no matter", async () => {
      const owner = await scene().join();
      await scene().create("pending");
      await owner.apply(
        owner.episode("running", await scene().create("running"), { patch: { status: "Running" } }),
      );
      await complete(scene(), owner, 3);

      const purged = await scene().hub.query.purge(["pending", "done0", "nobody", "running", "done2"]);

      expect(purged).toEqual(["done0", "done2"]);
      expect(await scene().hub.query.count({})).toMatchObject({ Pending: 1, Running: 1, Completed: 1 });
    });

    test("a purge by filter goes in batches and tells how far it is", async () => {
      const owner = await scene().join();
      await scene().create("pending");
      await complete(scene(), owner, 7);

      const progress = await purgeAll(scene().hub, {}, 3);

      expect(progress.map(({ instancesDeleted }) => instancesDeleted)).toEqual(
        progress.map(({ instancesDeleted }) => instancesDeleted).toSorted((a, b) => a - b),
      );
      expect(progress.length).toBeGreaterThan(2);
      expect(progress.at(-1)).toEqual({ instancesDeleted: 7, rowsDeleted: 14, done: true });
      expect(await scene().hub.query.count({})).toMatchObject({ Pending: 1, Completed: 0 });
    });

    test.each([
      ["a status that is not terminal", { statuses: ["Running", "Pending"] }, 0],
      ["a terminal status among others", { statuses: ["Pending", "Completed"] }, 5],
      ["times", { createdFrom: NOW + 1, createdTo: NOW + 3 }, 3],
      ["a prefix", { instanceIdPrefix: "done4" }, 1],
      ["a name", { name: "HELLO" }, 5],
      ["a name nobody has", { name: "other" }, 0],
    ] satisfies [string, InstanceFilter, number][])("a purge by %s", async (_what, filter, expected) => {
      const owner = await scene().join();
      await scene().create("pending");
      await complete(scene(), owner, 5);

      expect((await purgeAll(scene().hub, filter, 2)).at(-1)).toEqual({
        instancesDeleted: expected,
        rowsDeleted: 2 * expected,
        done: true,
      });
    });

    test("a large purge removes all that matches and nothing else, and its ids are free at once", async () => {
      const owner = await scene().join();
      await createMany(owner, 5_000, (index) => `${index % 10 === 0 ? "kept" : "gone"}${index}`);

      const progress = await purgeAll(scene().hub, { createdFrom: NOW, name: "gone" }, 500);

      const { query } = scene().hub;
      expect(progress.at(-1)).toEqual({ instancesDeleted: 4_500, rowsDeleted: 9_000, done: true });
      expect(await query.count({})).toMatchObject({ Completed: 500 });
      expect((await query.list({ instanceIdPrefix: "gone" }, { size: 10 })).instances).toEqual([]);
      expect((await query.list({ instanceIdPrefix: "k" }, { size: 1_000 })).instances).toHaveLength(500);
      expect(await query.get("gone3")).toBeUndefined();
      expect(await historyOf(scene().hub, "gone3")).toEqual([]);
      const run = await scene().create("gone3");
      expect(await query.get("gone3")).toMatchObject({ run, status: "Pending" });
      expect(await query.list({ instanceIdPrefix: "gone" }, { size: 10 })).toMatchObject({
        instances: [{ instanceId: "gone3" }],
      });
    });

    test("a large purge that is no longer wanted stops", async () => {
      const owner = await scene().join();
      await createMany(owner, 5_000, (index) => `a${index}`);

      let told = 0;
      for await (const { instancesDeleted } of scene().hub.query.purgeMatching({}, 100)) {
        told = instancesDeleted;
        if (instancesDeleted >= 2_200) break;
      }

      expect(told).toBeLessThan(5_000);
      expect(await scene().hub.query.count({})).toMatchObject({ Completed: 5_000 - told });
    });

    test("a purge that is no longer wanted stops where it is", async () => {
      const owner = await scene().join();
      await complete(scene(), owner, 6);

      for await (const { instancesDeleted } of scene().hub.query.purgeMatching({}, 2)) {
        expect(instancesDeleted).toBe(2);
        break;
      }

      expect(await scene().hub.query.count({})).toMatchObject({ Completed: 4 });
    });
  });
}

async function complete(scene: Scene, owner: Owner, count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    const id = `done${index}`;
    await owner.complete(id, await scene.create(id, { createdAt: NOW + index }));
  }
}

function purgeAll(hub: TaskHubStore, filter: InstanceFilter, batchSize: number): Promise<PurgeProgress[]> {
  return collect(hub.query.purgeMatching(filter, batchSize));
}
