import { describe, expect, test } from "vitest";
import { TaskHubNotFoundError } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { historyOf, newInstance, types, useScene, workerOf } from "./scene.ts";

export function describeTaskHubs(open: OpenHarness): void {
  describe("task hubs", () => {
    const scene = useScene(open);

    test("a hub keeps the options and the spelling of its creation", async () => {
      const { taskHubs } = scene().harness.storage;

      const first = await taskHubs.ensure("Orders", { partitionCount: 4 });
      const again = await taskHubs.ensure("ORDERS", { partitionCount: 9 });

      expect(first).toMatchObject({ name: "Orders", partitionCount: 4 });
      expect(again).toEqual(first);
      expect((await scene().harness.storage.openTaskHub("orders")).hub).toEqual(first);
    });

    test("all hubs are listed", async () => {
      const { taskHubs } = scene().harness.storage;
      await taskHubs.ensure("Orders");

      const names = (await taskHubs.list()).map((hub) => hub.name);

      expect(names.toSorted()).toEqual(["Hub", "Orders"]);
    });

    test("a hub that does not exist cannot be opened", async () => {
      await expect(scene().harness.storage.openTaskHub("Nowhere")).rejects.toThrow(TaskHubNotFoundError);
    });

    test("hubs know nothing of each other", async () => {
      const { storage } = scene().harness;
      await scene().create("a");
      await scene().hub.client.send([{ instanceId: "a", at: 1, event: "{}", key: "k" }]);
      await storage.taskHubs.ensure("Other");

      const other = await storage.openTaskHub("Other");

      expect(await other.query.get("a")).toBeUndefined();
      expect(await other.query.messages("a")).toEqual([]);
      expect((await other.query.list({}, { size: 10 })).instances).toEqual([]);
      expect(await other.client.create(newInstance("a"), [])).toMatchObject({ type: "created" });
      await other.client.send([{ instanceId: "a", at: 1, event: "{}", key: "k" }]);
      expect(await other.query.messages("a")).toHaveLength(1);
      expect(await workerOf(other, "w2").join()).toHaveLength(1);
    });

    test("a deleted hub's name is free at once, and the new hub is empty", async () => {
      const { storage } = scene().harness;
      await scene().create("a");

      expect(await storage.taskHubs.markDeleted("hub")).toBe(true);
      await expect(storage.openTaskHub("Hub")).rejects.toThrow(TaskHubNotFoundError);
      await storage.taskHubs.ensure("Hub");

      expect(await (await storage.openTaskHub("Hub")).query.get("a")).toBeUndefined();
    });

    test("deleting a hub that does not exist says so", async () => {
      expect(await scene().harness.storage.taskHubs.markDeleted("Nowhere")).toBe(false);
    });

    test("a worker of a deleted hub can change nothing", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().harness.storage.taskHubs.markDeleted("Hub");

      expect(types(await owner.commit(owner.episode("a", run)))).toEqual(["fenced"]);
    });

    test("a client of a deleted hub is told so", async () => {
      const { client, query } = scene().hub;
      await scene().harness.storage.taskHubs.markDeleted("Hub");
      await scene().harness.storage.taskHubs.ensure("Hub");

      await expect(client.create(newInstance("a"), [])).rejects.toThrow(TaskHubNotFoundError);
      await expect(client.send([{ instanceId: "a", at: 1, event: "{}" }])).rejects.toThrow(
        TaskHubNotFoundError,
      );
      await expect(query.get("a")).rejects.toThrow(TaskHubNotFoundError);
    });

    test("sweeping removes deleted hubs a piece at a time and leaves the others alone", async () => {
      const { taskHubs } = scene().harness.storage;
      await taskHubs.ensure("Other");
      const other = await scene().harness.storage.openTaskHub("Other");
      await other.client.create(newInstance("kept"), []);
      await other.client.send([{ instanceId: "kept", at: 1, event: "{}" }]);
      const owner = await scene().join();
      for (let index = 0; index < 20; index++) {
        const run = await scene().create(`a${index}`);
        await owner.apply(owner.episode(`a${index}`, run));
        await scene().hub.client.send([{ instanceId: "nobody", at: 1, event: "{}" }]);
      }

      await taskHubs.markDeleted("Hub");
      let sweeps = 1;
      while (!(await taskHubs.sweep(10))) sweeps += 1;

      expect(sweeps).toBeLessThan(50);
      expect(await taskHubs.sweep(10)).toBe(true);
      expect(await other.query.get("kept")).toBeDefined();
      expect(await other.query.messages("kept")).toHaveLength(1);
      expect(await historyOf(other, "a1")).toEqual([]);
    });
  });
}
