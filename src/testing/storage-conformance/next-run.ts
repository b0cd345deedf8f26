import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, types, useScene } from "./scene.ts";

export function describeNextRun(open: OpenHarness): void {
  describe("continue-as-new and rewind", () => {
    const scene = useScene(open);

    test("a continued instance begins anew: history and timers of the run before are gone", async () => {
      const { hub } = scene();
      const owner = await scene().join();
      const run = await scene().create("a", { input: "1", version: "1", tags: { a: "b" } });
      await owner.apply(
        owner.episode("a", run, {
          patch: { status: "Running", customStatus: "7" },
          timersNew: [{ run, id: 1, dueAt: NOW, instanceId: "a" }],
        }),
      );
      const next = await owner.store.allocateRuns(1);

      await owner.apply(
        owner.episode("a", run, {
          chunk: chunk(0, "[2]"),
          nextRun: { run: next, executionId: "a-2", createdAt: NOW + 8, input: "2", version: "2" },
          timersNew: [{ run: next, id: 1, dueAt: NOW + 1, instanceId: "a" }],
          messages: [{ instanceId: "a", at: NOW, event: "{}" }],
        }),
      );

      expect(await hub.query.get("a")).toMatchObject({
        run: next,
        executionId: "a-2",
        createdAt: NOW + 8,
        input: "2",
        version: "2",
        status: "Running",
        customStatus: "7",
        tags: { a: "b" },
      });
      expect(await historyOf(hub, "a")).toEqual([chunk(0, "[2]")]);
      expect(await hub.query.messages("a")).toHaveLength(1);
      expect((await owner.pull({ timers: { until: NOW + 1 } })).timers).toEqual([
        { run: next, id: 1, dueAt: NOW + 1, instanceId: "a" },
      ]);
    });

    test("an input of null is no input, and what is not given stays", async () => {
      const owner = await scene().join();
      const run = await scene().create("a", { input: "1", version: "1" });
      const next = await owner.store.allocateRuns(1);

      await owner.apply(owner.episode("a", run, { nextRun: { run: next, executionId: "a-2", input: null } }));

      const record = await scene().hub.query.get("a");
      expect(record).toMatchObject({ run: next, version: "1", createdAt: NOW });
      expect(record?.input).toBeUndefined();
    });

    test("a parent that was rewound takes the place of the one there was", async () => {
      const owner = await scene().join();
      const parent = { instanceId: "p", executionId: "p-1", name: "parent", taskScheduledId: 3 };
      const run = await scene().create("a", { parent });
      const second = await owner.store.allocateRuns(1);
      const third = await owner.store.allocateRuns(1);
      const rewound = { ...parent, executionId: "p-2", taskScheduledId: 1 };

      await owner.apply(
        owner.episode("a", run, { nextRun: { run: second, executionId: "a-2", parent: rewound } }),
      );
      expect((await scene().hub.query.get("a"))?.parent).toEqual(rewound);
      await owner.apply(owner.episode("a", second, { nextRun: { run: third, executionId: "a-3" } }));

      expect((await scene().hub.query.get("a"))?.parent).toEqual(rewound);
    });

    test("a rewritten history stands before the chunk of the episode, in one commit", async () => {
      const owner = await scene().join();
      const run = await scene().create("a", { input: "1" });
      await owner.complete("a", run, { patch: { status: "Failed", output: '"no"', completedAt: NOW } });
      const next = await owner.store.allocateRuns(1);

      await owner.apply(
        owner.episode("a", run, {
          chunk: chunk(1, "[2]"),
          nextRun: { run: next, executionId: "a-2", rewritten: chunk(0, "[1]") },
          patch: { status: "Running", output: null, completedAt: null, recover: true },
        }),
      );

      const record = await scene().hub.query.get("a");
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0, "[1]"), chunk(1, "[2]")]);
      expect(record).toMatchObject({ status: "Running", input: "1", recover: true, createdAt: NOW });
      expect(record?.output).toBeUndefined();
      expect(record?.completedAt).toBeUndefined();
    });

    test("a late episode of the run before finds it gone", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const next = await owner.store.allocateRuns(1);
      await owner.apply(owner.episode("a", run, { nextRun: { run: next, executionId: "a-2" } }));

      const outcomes = await owner.commit(owner.episode("a", run, { chunk: chunk(5) }));

      expect(types(outcomes)).toEqual(["gone"]);
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
    });

    test("the same move again is already there", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const next = await owner.store.allocateRuns(1);
      const move = owner.episode("a", run, {
        nextRun: { run: next, executionId: "a-2" },
        messages: [{ instanceId: "a", at: NOW, event: "{}" }],
      });
      const first = await owner.apply(move);

      const [second] = await owner.commit(move);

      expect(second).toEqual({ ...first, type: "already" });
      expect(await scene().hub.query.messages("a")).toHaveLength(1);
    });
  });
}
