import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, newInstance, useScene } from "./scene.ts";

export function describeCreation(open: OpenHarness): void {
  describe("creating instances", () => {
    const scene = useScene(open);

    test("a created instance is Pending and has all it was given", async () => {
      const given = newInstance("a", {
        version: "2",
        scheduledAt: NOW + 60_000,
        input: '{"city":"Zürich"}',
        parent: { instanceId: "p", executionId: "p-1", name: "outer", taskScheduledId: 3 },
        tags: { team: "blue" },
        traceContext: { traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
      });

      const result = await scene().hub.client.create(given, []);

      expect(result).toEqual({ type: "created", run: expect.any(Number) });
      expect(await scene().hub.query.get("a")).toEqual({
        ...given,
        run: result.type === "created" ? result.run : 0,
        status: "Pending",
        lastUpdatedAt: NOW,
        recover: false,
        attempts: 0,
      });
    });

    test("a restored instance is as it was, history and all, and nobody is told to run it", async () => {
      const given = newInstance("a", { version: "2", input: "1", tags: { team: "blue" } });
      const patch = {
        status: "Failed",
        output: '"no"',
        failure: '{"errorType":"Error"}',
        customStatus: '"half"',
        completedAt: NOW + 5,
      } as const;

      const result = await scene().hub.client.restore(given, patch, [chunk(0), chunk(1)]);

      const run = result.type === "created" ? result.run : 0;
      expect(await scene().hub.query.get("a")).toEqual({
        ...given,
        ...patch,
        run,
        lastUpdatedAt: NOW + 1,
        recover: false,
        attempts: 0,
      });
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0), chunk(1)]);
      expect(await scene().hub.query.count({})).toMatchObject({ Failed: 1, Pending: 0 });
      const owner = await scene().join();
      const pulled = await owner.pull({ timers: { until: NOW }, recover: { afterInstanceId: "" } });
      expect(pulled).toEqual({ starts: [], messages: [], timers: [], recover: [] });
    });

    test("an instance is not restored over another, which stays as it is", async () => {
      await scene().create("a", { input: "1" });

      const result = await scene().hub.client.restore(newInstance("a"), { status: "Completed" }, [chunk(0)]);

      expect(result).toEqual({ type: "exists", status: "Pending" });
      expect(await scene().hub.query.get("a")).toMatchObject({ status: "Pending", input: "1" });
      expect(await historyOf(scene().hub, "a")).toEqual([]);
    });

    test("an instance that does not exist is undefined", async () => {
      expect(await scene().hub.query.get("nobody")).toBeUndefined();
      expect(await historyOf(scene().hub, "nobody")).toEqual([]);
    });

    test("an id that is taken is refused with the status of its instance, and nothing changes", async () => {
      await scene().create("a", { input: "1" });

      const result = await scene().hub.client.create(newInstance("a", { input: "2" }), ["Completed"]);

      expect(result).toEqual({ type: "exists", status: "Pending" });
      expect(await scene().hub.query.get("a")).toMatchObject({ input: "1" });
    });

    test("ids are told apart by case", async () => {
      await scene().create("a");

      expect(await scene().hub.client.create(newInstance("A"), [])).toMatchObject({ type: "created" });
    });

    test("a replaced instance loses its history, messages and timers", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const timer = { run, id: 1, dueAt: NOW, instanceId: "a" };
      await owner.complete("a", run, {
        timersNew: [timer],
        messages: [{ instanceId: "a", at: 1, event: "{}" }],
      });

      const result = await scene().hub.client.create(newInstance("a", { executionId: "a-2" }), ["Completed"]);

      expect(result.type === "created" && result.run > run).toBe(true);
      expect(await scene().hub.query.get("a")).toMatchObject({ status: "Pending", executionId: "a-2" });
      expect((await scene().hub.query.get("a"))?.output).toBeUndefined();
      expect(await historyOf(scene().hub, "a")).toEqual([]);
      expect(await scene().hub.query.messages("a")).toEqual([]);
      expect((await owner.pull({ timers: { until: NOW } })).timers).toEqual([]);
    });

    test("a late episode of a replaced instance finds it gone", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().hub.client.create(newInstance("a", { executionId: "a-2" }), ["Pending"]);

      const [outcome] = await owner.commit(owner.episode("a", run, { chunk: chunk(1) }));

      expect(outcome).toEqual({ type: "gone" });
      expect(await historyOf(scene().hub, "a")).toEqual([]);
    });

    test("of concurrent creations with one id exactly one wins", async () => {
      const elsewhere = await scene().elsewhere();
      const { client } = scene().hub;

      const results = await Promise.all(
        Array.from({ length: 20 }, (_, index) =>
          (index % 2 === 0 ? client : elsewhere.client).create(
            newInstance("a", { executionId: `a-${index}` }),
            [],
          ),
        ),
      );

      expect(results.filter((result) => result.type === "created")).toHaveLength(1);
      expect(results.filter((result) => result.type === "exists")).toHaveLength(19);
    });

    test("a run number is given out once, to whomever", async () => {
      const owner = await scene().join();
      const elsewhere = await scene().elsewhere();
      const runs = new Set<number>();
      for (let index = 0; index < 5; index++) {
        runs.add(await scene().create(`a${index}`));
        const result = await elsewhere.client.create(newInstance(`b${index}`), []);
        if (result.type === "created") runs.add(result.run);
        const first = await owner.store.allocateRuns(10);
        for (let offset = 0; offset < 10; offset++) runs.add(first + offset);
      }

      expect(runs.size).toBe(60);
    });
  });
}
