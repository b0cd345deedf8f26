import { describe, expect, test } from "vitest";
import type { Timer } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, NOW, useScene } from "./scene.ts";

export function describeTimers(open: OpenHarness): void {
  describe("timers", () => {
    const scene = useScene(open);

    const timer = (run: number, id: number, dueAt: number): Timer => ({ run, id, dueAt, instanceId: "a" });

    test("timers come in the order in which they are due, and not before their time", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const all = [timer(run, 1, NOW + 20), timer(run, 2, NOW + 10), timer(run, 3, NOW + 30)];
      await owner.apply(owner.episode("a", run, { timersNew: all }));

      const { timers } = await owner.pull({ timers: { until: NOW + 20 } });

      expect(timers).toEqual([timer(run, 2, NOW + 10), timer(run, 1, NOW + 20)]);
      expect((await owner.pull()).timers).toEqual([]);
    });

    test("many timers of one moment are read a piece at a time, each of them once", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const all = Array.from({ length: 25 }, (_, id) => timer(run, id, NOW));
      await owner.apply(owner.episode("a", run, { timersNew: all }));

      const read: Timer[] = [];
      for (;;) {
        const after = read.at(-1);
        const request = after === undefined ? { until: NOW } : { until: NOW, after };
        const { timers } = await owner.pull({ limit: 10, timers: request });
        if (timers.length === 0) break;
        read.push(...timers);
      }

      expect(read).toEqual(all);
    });

    test("a timer that is done does not come again", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const [first, second] = [timer(run, 1, NOW), timer(run, 2, NOW)];
      await owner.apply(owner.episode("a", run, { timersNew: [first, second] }));

      await owner.apply(owner.episode("a", run, { chunk: chunk(1), timersDone: [first] }));

      expect((await owner.pull({ timers: { until: NOW } })).timers).toEqual([second]);
    });

    test("a discarded timer does not come again", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.apply(owner.episode("a", run, { timersNew: [timer(run, 1, NOW)] }));

      await owner.store.discard(owner.owned, [], [timer(run, 1, NOW)]);

      expect((await owner.pull({ timers: { until: NOW } })).timers).toEqual([]);
    });

    test("a timer of the far future is kept as it is", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const dueAt = Date.UTC(9999, 11, 31);
      await owner.apply(owner.episode("a", run, { timersNew: [timer(run, 1, dueAt)] }));

      expect((await owner.pull({ timers: { until: dueAt } })).timers).toEqual([timer(run, 1, dueAt)]);
    });
  });
}
