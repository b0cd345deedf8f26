import { describe, expect, test } from "vitest";
import type { Episode } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, newInstance, type Owner, type Scene, types, useScene } from "./scene.ts";

export function describeEpisodes(open: OpenHarness): void {
  describe("episodes", () => {
    const scene = useScene(open);

    test("an episode writes all that belongs to it", async () => {
      const { hub } = scene();
      const owner = await scene().join();
      const run = await scene().create("a");

      const outcome = await owner.apply(fullEpisode(owner, run, await owner.store.allocateRuns(1)));

      expect(await hub.query.get("a")).toMatchObject({
        status: "Suspended",
        output: '"why"',
        customStatus: '"half way"',
        failure: "{}",
        recover: true,
        completedAt: NOW + 9,
        lastUpdatedAt: NOW + 5,
      });
      expect(await historyOf(hub, "a")).toEqual([{ ...chunk(0), at: NOW + 5 }]);
      expect(await hub.query.messages("b")).toEqual([
        { instanceId: "b", at: NOW, event: "{}", id: outcome.messageIds[0] },
      ]);
      expect(await hub.query.get("child")).toMatchObject({ status: "Pending", name: "hello" });
      expect((await owner.pull({ timers: { until: NOW + 1 } })).timers).toHaveLength(1);
    });

    test("an episode that is not written writes nothing at all", async () => {
      const { hub } = scene();
      const owner = await scene().join();
      const run = await scene().create("a");
      await hub.client.send([{ instanceId: "a", at: NOW, event: "{}" }]);
      const consumed = (await hub.query.messages("a")).map(({ id }) => id);
      await owner.apply(owner.episode("a", run));

      const second = { ...fullEpisode(owner, run, await owner.store.allocateRuns(1)), consumed };
      const [outcome] = await owner.commit(second);

      expect(outcome).toEqual({ type: "conflict" });
      expect(await hub.query.get("a")).toMatchObject({ status: "Pending", recover: false });
      expect(await historyOf(hub, "a")).toEqual([chunk(0)]);
      expect(await hub.query.messages("a")).toHaveLength(1);
      expect(await hub.query.messages("b")).toEqual([]);
      expect(await hub.query.get("child")).toBeUndefined();
      expect((await owner.pull({ timers: { until: NOW + 1 } })).timers).toEqual([]);
    });

    test("an absent property of a patch stays as it is, and null clears it", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const patch = {
        status: "Running",
        customStatus: "1",
        output: "2",
        failure: "3",
        recover: true,
      } as const;
      await owner.apply(owner.episode("a", run, { patch }));

      await owner.apply(
        owner.episode("a", run, { chunk: chunk(1), patch: { customStatus: null, recover: false } }),
      );

      const record = await scene().hub.query.get("a");
      expect(record).toMatchObject({ status: "Running", output: "2", failure: "3", recover: false });
      expect(record?.customStatus).toBeUndefined();
    });

    test("the same episode again is answered as it was the first time, and written once", async () => {
      const { hub } = scene();
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().create("child");
      const childRun = await owner.store.allocateRuns(1);
      const episode = fullEpisode(owner, run, childRun);

      const first = await owner.apply(episode);
      const [second] = await owner.commit(episode);

      expect(first.refusedStarts).toEqual([{ run: childRun, status: "Pending" }]);
      expect(second).toEqual({ ...first, type: "already" });
      expect(await hub.query.messages("b")).toHaveLength(1);
      expect(await historyOf(hub, "a")).toHaveLength(1);
    });

    test("another episode at the same place is a conflict", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.apply(owner.episode("a", run));

      const outcomes = await owner.commit(owner.episode("a", run, { chunk: chunk(0, "[]") }));

      expect(types(outcomes)).toEqual(["conflict"]);
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
    });

    test("an episode of an instance that was purged finds it gone", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.complete("a", run);
      await scene().hub.query.purge(["a"]);

      const outcomes = await owner.commit(owner.episode("a", run, { chunk: chunk(1) }));

      expect(types(outcomes)).toEqual(["gone"]);
      expect(await scene().hub.query.get("a")).toBeUndefined();
    });

    test("episodes of one instance in one commit are written in their order", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");

      const outcomes = await owner.commit(
        owner.episode("a", run, { patch: { status: "Running", customStatus: "1" } }),
        owner.episode("a", run, { chunk: chunk(1), patch: { customStatus: "2" } }),
      );

      expect(types(outcomes)).toEqual(["applied", "applied"]);
      expect(await scene().hub.query.get("a")).toMatchObject({ status: "Running", customStatus: "2" });
    });

    test("what follows an episode that was not written is not written either", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const other = await scene().create("b");
      await owner.apply(owner.episode("a", run));

      const outcomes = await owner.commit(
        owner.episode("a", run, { chunk: chunk(0, "[]") }),
        owner.episode("b", other),
        owner.episode("a", run, { chunk: chunk(1) }),
      );

      expect(types(outcomes)).toEqual(["conflict", "applied", "conflict"]);
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
    });

    const unwritable = undefined as unknown as string;
    const aMessage = { instanceId: "b", at: NOW, event: "{}" };

    test.each([
      ["its history", { chunk: { ...chunk(0), events: unwritable }, messages: [aMessage] }],
      ["its last message", { messages: [aMessage, { ...aMessage, event: unwritable }] }],
    ])(
      "one episode of a hundred that cannot be written for %s leaves ninety-nine applied",
      async (_what, poison) => {
        const owner = await scene().join();
        const episodes = await aHundredEpisodes(scene(), owner);
        const poisoned = owner.episode("i50", episodes[50]?.run ?? 0, {
          patch: { status: "Failed" },
          ...poison,
        });

        const outcomes = await owner.commit(...episodes.with(50, poisoned));

        expect(types(outcomes)).toEqual(types(outcomes).with(50, "rejected"));
        expect(outcomes.filter((outcome) => outcome.type === "applied")).toHaveLength(99);
        expect(outcomes[50]).toMatchObject({ error: expect.any(Error) });
        expect(await scene().hub.query.get("i50")).toMatchObject({ status: "Pending" });
        expect(await historyOf(scene().hub, "i50")).toEqual([]);
        expect(await scene().hub.query.messages("b")).toEqual([]);
        expect(await scene().hub.query.count({})).toMatchObject({ Running: 99, Pending: 1 });
      },
    );

    test("a start whose id is taken by a live instance is refused, the rest is written", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().create("live", { input: "1" });
      const first = await owner.store.allocateRuns(2);

      const outcome = await owner.apply(
        owner.episode("a", run, {
          starts: [
            { ...newInstance("live", { input: "2" }), run: first },
            { ...newInstance("fresh"), run: first + 1 },
          ],
        }),
      );

      expect(outcome.refusedStarts).toEqual([{ run: first, status: "Pending" }]);
      expect(await scene().hub.query.get("live")).toMatchObject({ input: "1" });
      expect(await scene().hub.query.get("fresh")).toMatchObject({ run: first + 1 });
    });

    test("of two starts with one id the first is made", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const first = await owner.store.allocateRuns(2);
      const twins = [first, first + 1].map((each) => ({ ...newInstance("twin"), run: each }));

      const outcome = await owner.apply(owner.episode("a", run, { starts: twins }));

      expect(outcome.refusedStarts).toEqual([{ run: first + 1, status: "Pending" }]);
      expect(await scene().hub.query.get("twin")).toMatchObject({ run: first });
    });

    test("a start replaces a terminal instance with its id", async () => {
      const owner = await scene().join();
      await owner.complete("old", await scene().create("old"));
      const run = await scene().create("a");
      const next = await owner.store.allocateRuns(1);

      const outcome = await owner.apply(
        owner.episode("a", run, {
          starts: [{ ...newInstance("old"), run: next }],
          messages: [{ instanceId: "old", at: NOW, event: "{}" }],
        }),
      );

      expect(outcome.refusedStarts ?? []).toEqual([]);
      expect(await scene().hub.query.get("old")).toMatchObject({ run: next, status: "Pending" });
      expect(await historyOf(scene().hub, "old")).toEqual([]);
      expect(await scene().hub.query.messages("old")).toHaveLength(1);
    });
  });
}

function fullEpisode(owner: Owner, run: number, childRun: number): Episode {
  return owner.episode("a", run, {
    chunk: { ...chunk(0), at: NOW + 5 },
    patch: {
      status: "Suspended",
      output: '"why"',
      customStatus: '"half way"',
      failure: "{}",
      recover: true,
      completedAt: NOW + 9,
    },
    timersNew: [{ run, id: 1, dueAt: NOW + 1, instanceId: "a" }],
    messages: [{ instanceId: "b", at: NOW, event: "{}" }],
    starts: [{ ...newInstance("child"), run: childRun }],
  });
}

async function aHundredEpisodes(scene: Scene, owner: Owner): Promise<Episode[]> {
  const ids = Array.from({ length: 100 }, (_, index) => `i${index}`);
  const runs = await Promise.all(ids.map((id) => scene.create(id)));
  return ids.map((id, index) => owner.episode(id, runs[index] ?? 0, { patch: { status: "Running" } }));
}
