import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, LEASE_MS, NOW, useScene } from "./scene.ts";

export function describeStarts(open: OpenHarness): void {
  describe("starts and recovery", () => {
    const scene = useScene(open);

    test("pending instances come oldest due first, again and again until they have started", async () => {
      const owner = await scene().join();
      await scene().create("third", { createdAt: NOW - 1 });
      const run = await scene().create("first", { createdAt: NOW - 3 });
      await scene().create("second", { createdAt: NOW - 9, scheduledAt: NOW - 2 });

      const before = (await owner.pull()).starts.map(({ instanceId }) => instanceId);
      await owner.apply(owner.episode("first", run, { patch: { status: "Running" } }));
      const after = (await owner.pull()).starts.map(({ instanceId }) => instanceId);

      expect(before).toEqual(["first", "second", "third"]);
      expect(after).toEqual(["second", "third"]);
      expect((await owner.pull({ limit: 1 })).starts).toHaveLength(1);
    });

    test("pending instances come page by page, each once, with a schedule and without", async () => {
      const owner = await scene().join();
      for (const [index, id] of ["a", "b", "c", "d", "e"].entries()) {
        const at = NOW - 9 + (index >> 1);
        await scene().create(id, index % 2 ? { createdAt: NOW - 20, scheduledAt: at } : { createdAt: at });
      }

      const seen: string[] = [];
      for (let page = await owner.pull({ limit: 2 }); page.starts.length > 0; ) {
        seen.push(...page.starts.map(({ instanceId }) => instanceId));
        const afterStart = page.starts.at(-1);
        page = await owner.pull({ limit: 2, ...(afterStart === undefined ? {} : { afterStart }) });
      }

      expect(seen).toEqual(["a", "b", "c", "d", "e"]);
    });

    test("an instance that was written without a version gets the one it begins with", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");

      await owner.apply(owner.episode("a", run, { patch: { status: "Running", version: "2.0" } }));
      await owner.apply(owner.episode("a", run, { chunk: chunk(1), patch: { recover: true } }));

      expect(await scene().hub.query.get("a")).toMatchObject({ version: "2.0", status: "Running" });
    });

    test("a scheduled instance waits for its time, and the store says until when", async () => {
      const owner = await scene().join();
      const run = await scene().create("a", { scheduledAt: NOW + 50 });
      await scene().create("b", { scheduledAt: NOW + 90 });

      const early = await owner.pull({ now: NOW + 49 });
      const due = await owner.pull({ now: NOW + 50 });

      expect(early).toMatchObject({ starts: [], nextStartAt: NOW + 50 });
      expect(due).toMatchObject({ starts: [{ instanceId: "a", run }], nextStartAt: NOW + 90 });
    });

    test("an instance without a schedule starts at once, whatever its creator's clock said", async () => {
      const owner = await scene().join();
      await scene().create("a", { createdAt: NOW + 60_000 });

      const pulled = await owner.pull({ now: NOW });

      expect(pulled.starts).toHaveLength(1);
      expect(pulled.nextStartAt).toBeUndefined();
    });

    test("instances with local work are found by a new owner, in pieces", async () => {
      const owner = await scene().join("first");
      for (const id of ["a", "b", "c", "d"]) {
        const run = await scene().create(id);
        await owner.apply(owner.episode(id, run, { patch: { status: "Running", recover: id !== "c" } }));
      }
      await scene().harness.advance(LEASE_MS);
      const next = await scene().join("second");

      const first = await next.pull({ limit: 2, recover: { afterInstanceId: "" } });
      const second = await next.pull({ limit: 2, recover: { afterInstanceId: first.recover.at(-1) ?? "" } });

      expect([...first.recover, ...second.recover]).toEqual(["a", "b", "d"]);
      expect((await next.pull()).recover).toEqual([]);
    });

    test("an instance is loaded with its whole history", async () => {
      const owner = await scene().join();
      const run = await scene().create("a", { input: "1" });
      await owner.apply(owner.episode("a", run));
      await owner.apply(owner.episode("a", run, { chunk: chunk(1) }));

      expect(await owner.store.load("a")).toMatchObject({
        record: { instanceId: "a", run, input: "1" },
        chunks: [chunk(0), chunk(1)],
      });
      expect(await owner.store.load("nobody")).toBeUndefined();
    });
  });
}
