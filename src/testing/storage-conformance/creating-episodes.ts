import { describe, expect, test } from "vitest";
import type { Episode, NewInstance } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, newInstance, type Owner, types, useScene } from "./scene.ts";

export function describeCreatingEpisodes(open: OpenHarness): void {
  describe("episodes that create their instance", () => {
    const scene = useScene(open);

    const birth = async (owner: Owner, more: Partial<Episode> = {}, instance: Partial<NewInstance> = {}) => {
      const run = await owner.store.allocateRuns(1);
      const create = { instance: { ...newInstance("a", instance), run }, replaces: ["Completed"] as const };
      return owner.episode("a", run, { create, patch: { status: "Running", recover: true }, ...more });
    };

    test("the instance comes into being as it is after the episode", async () => {
      const owner = await scene().join();
      const episode = await birth(owner, {}, { input: "1", tags: { a: "b" } });

      await owner.apply(episode);

      expect(await scene().hub.query.get("a")).toMatchObject({
        run: episode.run,
        status: "Running",
        recover: true,
        input: "1",
        tags: { a: "b" },
      });
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
      expect((await owner.pull()).starts).toEqual([]);
    });

    test("messages that came before the instance stay in its inbox", async () => {
      const owner = await scene().join();
      await scene().hub.client.send([{ instanceId: "a", at: NOW, event: "{}" }]);

      await owner.apply(await birth(owner));

      expect(await scene().hub.query.messages("a")).toHaveLength(1);
    });

    test("an id that is taken by an instance it may not replace is refused with that one's status", async () => {
      const owner = await scene().join();
      await scene().create("a", { input: "1" });

      const outcomes = await owner.commit(await birth(owner));

      expect(outcomes).toEqual([{ type: "exists", status: "Pending" }]);
      expect(await historyOf(scene().hub, "a")).toEqual([]);
    });

    test("an instance it may replace is replaced, with all that belonged to it", async () => {
      const owner = await scene().join();
      const old = await scene().create("a");
      await owner.complete("a", old, {
        chunk: chunk(3),
        timersNew: [{ run: old, id: 1, dueAt: NOW, instanceId: "a" }],
      });
      const episode = await birth(owner);

      await owner.apply(episode);

      expect(await scene().hub.query.get("a")).toMatchObject({ run: episode.run, status: "Running" });
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
      expect((await owner.pull({ timers: { until: NOW } })).timers).toEqual([]);
      expect(types(await owner.commit(owner.episode("a", old, { chunk: chunk(4) })))).toEqual(["gone"]);
    });

    test("the same creation again is already there", async () => {
      const owner = await scene().join();
      const episode = await birth(owner);
      await owner.apply(episode);

      expect(types(await owner.commit(episode))).toEqual(["already"]);
    });

    test("two creations with one id in one commit make one instance", async () => {
      const owner = await scene().join();

      const outcomes = await owner.commit(await birth(owner), await birth(owner, { chunk: chunk(0, "[]") }));

      expect(outcomes).toMatchObject([{ type: "applied" }, { type: "exists", status: "Running" }]);
    });

    test("an instance may continue as new in the episode that creates it", async () => {
      const owner = await scene().join();
      const next = await owner.store.allocateRuns(1);
      const nextRun = { run: next, executionId: "a-2", createdAt: NOW + 7, input: "2" };

      const episode = await birth(owner, { nextRun }, { input: "1", version: "1" });
      await owner.apply(episode);

      expect(await scene().hub.query.get("a")).toMatchObject({
        run: next,
        executionId: "a-2",
        createdAt: NOW + 7,
        input: "2",
        version: "1",
        status: "Running",
      });
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
      expect(types(await owner.commit(episode))).toEqual(["already"]);
    });
  });
}
