import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { NOW, newInstance, useScene } from "./scene.ts";

export function describeChanges(open: OpenHarness): void {
  describe("wake-ups", () => {
    const scene = useScene(open);

    test("a worker is woken by what another process writes", async () => {
      const owner = await scene().join();
      const elsewhere = await scene().elsewhere();
      const woken = new Promise<void>((resolve) => owner.store.onWake(resolve));

      await elsewhere.client.create(newInstance("a"), []);

      await woken;
      expect((await owner.pull()).starts).toHaveLength(1);
    });

    test("an observer hears of what is written, by whomever", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const elsewhere = await scene().elsewhere();
      const here = new Promise<void>((resolve) => scene().hub.query.onChange(resolve));
      const there = new Promise<void>((resolve) => elsewhere.query.onChange(resolve));

      await owner.apply(owner.episode("a", run));

      await Promise.all([here, there]);
      expect(await elsewhere.query.get("a")).toMatchObject({ lastUpdatedAt: NOW });
    });

    test("who has stopped listening is not called", async () => {
      let calls = 0;
      const stop = scene().hub.query.onChange(() => {
        calls += 1;
      });
      stop();
      const heard = new Promise<void>((resolve) => scene().hub.query.onChange(resolve));

      await scene().create("a");

      await heard;
      expect(calls).toBe(0);
    });
  });
}
