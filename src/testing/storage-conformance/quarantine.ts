import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, useScene } from "./scene.ts";

export function describeQuarantine(open: OpenHarness): void {
  describe("attempts and quarantine", () => {
    const scene = useScene(open);

    test("attempts are counted for each instance until it makes progress", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().create("b");

      expect(await owner.store.countAttempts(["a", "b", "nobody"])).toEqual([1, 1, 0]);
      expect(await owner.store.countAttempts(["a"])).toEqual([2]);
      expect(await scene().hub.query.get("a")).toMatchObject({ attempts: 2 });

      await owner.apply(owner.episode("a", run));

      expect(await scene().hub.query.get("a")).toMatchObject({ attempts: 0 });
      expect(await owner.store.countAttempts(["a", "b"])).toEqual([1, 2]);
    });

    test("an attempt that did no harm is taken back; what is none stays none", async () => {
      const owner = await scene().join();
      await scene().create("a");
      await scene().create("b");
      await owner.store.countAttempts(["a", "b"]);
      await owner.store.countAttempts(["a"]);

      await owner.store.takeBackAttempts(["a", "nobody"]);

      expect(await owner.store.countAttempts(["a", "b"])).toEqual([2, 2]);
      for (let time = 0; time < 3; time++) await owner.store.takeBackAttempts(["b"]);
      expect(await owner.store.countAttempts(["b"])).toEqual([1]);
    });

    test("attempts before the last progress are not taken back a second time", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.store.countAttempts(["a"]);
      await owner.apply(owner.episode("a", run));

      await owner.store.takeBackAttempts(["a"]);

      expect(await scene().hub.query.get("a")).toMatchObject({ attempts: 0 });
    });

    test("attempts outlive the worker that counted them", async () => {
      const first = await scene().join("first");
      await scene().create("a");
      await first.store.countAttempts(["a"]);
      await first.store.leave();

      const second = await scene().join("second");

      expect(await second.store.countAttempts(["a"])).toEqual([2]);
    });

    test("a quarantined instance keeps all it has and says why it rests", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.apply(owner.episode("a", run, { patch: { status: "Running" } }));

      await owner.store.quarantine("a", "It crashed the process.");

      expect(await scene().hub.query.get("a")).toMatchObject({
        status: "Running",
        quarantined: "It crashed the process.",
      });
      expect(await historyOf(scene().hub, "a")).toEqual([chunk(0)]);
    });

    test("start, timers and recovery of a quarantined instance do not come any more; messages do", async () => {
      const owner = await scene().join();
      await scene().create("pending");
      await scene().create("later", { scheduledAt: NOW + 1 });
      const run = await scene().create("running");
      const timer = { run, id: 1, dueAt: NOW, instanceId: "running" };
      await owner.apply(
        owner.episode("running", run, { patch: { status: "Running", recover: true }, timersNew: [timer] }),
      );
      await scene().hub.client.send([{ instanceId: "running", at: NOW, event: "{}" }]);

      for (const id of ["pending", "later", "running"]) await owner.store.quarantine(id, "Enough.");

      const pulled = await owner.pull({ timers: { until: NOW }, recover: { afterInstanceId: "" } });
      expect(pulled).toMatchObject({
        starts: [],
        timers: [],
        recover: [],
        messages: [{ instanceId: "running" }],
      });
      expect(pulled.nextStartAt).toBeUndefined();
    });

    test("a quarantined instance can be ended", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.store.quarantine("a", "Enough.");

      await owner.apply(owner.episode("a", run, { patch: { status: "Terminated" } }));

      expect(await scene().hub.query.purge(["a"])).toEqual(["a"]);
    });

    test("a new run lifts the quarantine", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.store.countAttempts(["a"]);
      await owner.store.quarantine("a", "Enough.");
      const next = await owner.store.allocateRuns(1);

      await owner.apply(
        owner.episode("a", run, { nextRun: { run: next, executionId: "a-2" }, patch: { recover: true } }),
      );

      const record = await scene().hub.query.get("a");
      expect(record?.quarantined).toBeUndefined();
      expect(record?.attempts).toBe(0);
      expect((await owner.pull({ recover: { afterInstanceId: "" } })).recover).toEqual(["a"]);
    });
  });
}
