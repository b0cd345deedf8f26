import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, useScene } from "./scene.ts";

export function describeHistory(open: OpenHarness): void {
  describe("history", () => {
    const scene = useScene(open);

    const texts: readonly [string, string][] = [
      ["Unicode", '"Grüße, 世界 👩‍👩‍👧 \u{10ffff} \ufffe"'],
      ["an escaped lone surrogate", String.raw`"\ud800"`],
      ["a NUL", '"before\u0000after"'],
      ["line separators and quotes", '"\u2028\u2029\n\r\t\'\\""'],
      ["nothing at all", ""],
      ["three megabytes", `"${"é".repeat(1_500_000)}"`],
    ];

    test.each(texts)("text with %s comes back as it was", async (_what, text) => {
      const owner = await scene().join();
      const run = await scene().create("a", { input: text });
      await scene().hub.client.send([{ instanceId: "a", at: 1, event: text }]);
      await owner.apply(
        owner.episode("a", run, { chunk: chunk(0, text), patch: { output: text, customStatus: text } }),
      );

      expect((await historyOf(scene().hub, "a")).map(({ events }) => events === text)).toEqual([true]);
      const { input, output, customStatus } = (await scene().hub.query.get("a")) ?? {};
      expect([input === text, output === text, customStatus === text]).toEqual([true, true, true]);
      expect((await scene().hub.query.messages("a")).map(({ event }) => event === text)).toEqual([true]);
    });

    test("ids and names may hold what people write", async () => {
      const owner = await scene().join();
      const id = "Ünï code: 100 % 'quoted' ; drop table instances --";
      const run = await scene().create(id, { name: "Grüße 👋" });

      await owner.apply(owner.episode(id, run));

      expect(await scene().hub.query.get(id)).toMatchObject({ instanceId: id, name: "Grüße 👋" });
    });

    test("a long history is read in order, from where one wants", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      const chunks = Array.from({ length: 300 }, (_, seq) => chunk(seq));
      await owner.commit(...chunks.map((each) => owner.episode("a", run, { chunk: each })));

      expect(await historyOf(scene().hub, "a")).toEqual(chunks);
      expect(await historyOf(scene().hub, "a", 128)).toEqual(chunks.slice(128));
      expect(await historyOf(scene().hub, "a", 300)).toEqual([]);
    });

    test("a reader may stop before the end", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.apply(owner.episode("a", run));
      await owner.apply(owner.episode("a", run, { chunk: chunk(1) }));

      for await (const { seq } of scene().hub.query.history("a")) {
        expect(seq).toBe(0);
        break;
      }

      await owner.apply(owner.episode("a", run, { chunk: chunk(2) }));
      expect(await historyOf(scene().hub, "a")).toHaveLength(3);
    });
  });
}
