import { describe, expect, test } from "vitest";
import type { CreationOrder, InstanceFilter, InstanceRecord, TaskHubStore } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, NOW, newInstance, type Scene, useScene } from "./scene.ts";

export function describeQueries(open: OpenHarness): void {
  describe("queries", () => {
    const scene = useScene(open);

    test("instances are listed newest first", async () => {
      await scene().create("old", { createdAt: NOW - 1 });
      await scene().create("new", { createdAt: NOW + 1 });
      await scene().create("twin1", { createdAt: NOW });
      await scene().create("twin2", { createdAt: NOW });

      expect(ids(await all(scene().hub, {}, 10))).toEqual(["new", "twin2", "twin1", "old"]);
    });

    test("instances are listed oldest first when that is asked for, in pages of any size", async () => {
      await scene().create("new", { createdAt: NOW + 1 });
      await scene().create("twin1", { createdAt: NOW });
      await scene().create("old", { createdAt: NOW - 1 });
      await scene().create("twin2", { createdAt: NOW });
      const owner = await scene().join();
      await owner.complete("ended", await scene().create("ended", { createdAt: NOW }));

      for (const size of [1, 2, 10]) {
        expect(ids(await all(scene().hub, {}, size, "oldestFirst"))).toEqual([
          "old",
          "twin1",
          "twin2",
          "ended",
          "new",
        ]);
        const between = { createdFrom: NOW - 0.5, createdTo: NOW + 0.5 };
        expect(ids(await all(scene().hub, between, size, "oldestFirst"))).toEqual([
          "twin1",
          "twin2",
          "ended",
        ]);
      }
    });

    const filters: readonly [string, InstanceFilter, readonly string[]][] = [
      ["one status", { statuses: ["Completed"] }, ["c2", "c1"]],
      ["several statuses", { statuses: ["Pending", "Completed"] }, ["c2", "c1", "b", "a"]],
      ["no status", { statuses: [] }, []],
      ["times, both inclusive", { createdFrom: NOW + 1, createdTo: NOW + 2 }, ["c1", "b"]],
      ["a time between two milliseconds", { createdFrom: NOW + 0.5, createdTo: NOW + 2.5 }, ["c1", "b"]],
      ["a prefix of ids, in the order of ids", { instanceIdPrefix: "c" }, ["c1", "c2"]],
      ["an empty prefix, in the order of ids", { instanceIdPrefix: "" }, ["a", "b", "c1", "c2"]],
      ["an empty prefix and a status", { instanceIdPrefix: "", statuses: ["Completed"] }, ["c1", "c2"]],
      ["a whole id as prefix", { instanceIdPrefix: "c1" }, ["c1"]],
      ["a name in any case", { name: "PAY" }, ["c2", "b"]],
      [
        "everything at once",
        { name: "pay", statuses: ["Completed"], createdFrom: NOW, instanceIdPrefix: "c" },
        ["c2"],
      ],
      ["what nothing matches", { statuses: ["Completed"], createdTo: NOW }, []],
    ];

    test.each(filters)("a listing by %s", async (_what, filter, expected) => {
      await setFour(scene());

      expect(ids(await all(scene().hub, filter, 10))).toEqual(expected);
      expect(ids(await all(scene().hub, filter, 1))).toEqual(expected);
    });

    const prefixes: readonly [string, readonly string[], readonly string[]][] = [
      ["a", ["a", "az", "a\u{10ffff}", "a\u{10ffff}x"], ["A", "b", "ä"]],
      ["a\u{10ffff}", ["a\u{10ffff}", "a\u{10ffff}\u{10ffff}x"], ["a", "a\uffff", "b"]],
      ["\u{10ffff}", ["\u{10ffff}", "\u{10ffff}x"], ["\uffff", "\u{10fffe}"]],
      ["", ["a", "\u{10ffff}", "\u{10ffff}\u{10ffff}x"], []],
      ["\ud7ff", ["\ud7ff", "\ud7ffx"], ["\ud7fe", "\ue000"]],
      ["\uffff", ["\uffff", "\uffffx"], ["\ufffe", "\u{10000}"]],
      ["🎉", ["🎉", "🎉x"], ["🎈", "🎊"]],
      ["🎉".slice(0, 1), [], ["🎉", "\ud7ff", "\ue000"]],
    ];

    test.each(prefixes)(
      "ids that begin with %j are found whatever follows, and no others",
      async (prefix, expected, others) => {
        for (const instanceId of [...others, ...expected.toReversed()]) await scene().create(instanceId);
        const filter = { instanceIdPrefix: prefix };

        expect(ids(await all(scene().hub, filter, 10))).toEqual(expected);
        expect(ids(await all(scene().hub, filter, 1))).toEqual(expected);
        expect(await scene().hub.query.count(filter)).toMatchObject({ Pending: expected.length });
      },
    );

    test("pages give every instance once, while others come and go", async () => {
      const owner = await scene().join();
      const runs = new Map<string, number>();
      for (let index = 0; index < 30; index++) {
        runs.set(`i${index}`, await scene().create(`i${index}`, { createdAt: NOW + Math.floor(index / 10) }));
      }

      const seen: string[] = [];
      let token: string | undefined;
      do {
        const page = await scene().hub.query.list(
          {},
          { size: 7, ...(token ? { continuationToken: token } : {}) },
        );
        expect(page.continuationToken === undefined || page.instances.length > 0).toBe(true);
        seen.push(...ids(page.instances));
        token = page.continuationToken;
        await scene().create(`late${seen.length}`, { createdAt: NOW + 99 });
        const last = seen.at(-1) ?? "";
        await owner.complete(last, runs.get(last) ?? 0);
        await scene().hub.query.purge([last]);
      } while (token !== undefined);

      expect(seen.toSorted()).toEqual([...runs.keys()].toSorted());
    });

    test("a token of another filter or order is refused, and so is nonsense", async () => {
      await setFour(scene());
      const page = { size: 1 };
      const { continuationToken = "" } = await scene().hub.query.list({}, page);

      const misused = scene().hub.query.list({ name: "pay" }, { ...page, continuationToken });
      const turned = scene().hub.query.list({}, { ...page, continuationToken, order: "oldestFirst" });
      const nonsense = scene().hub.query.list({}, { ...page, continuationToken: "bm9uc2Vuc2U" });

      await expect(misused).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      await expect(turned).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      await expect(nonsense).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });

    test.each([0, 1001, 1.5])("a page of %d instances is refused", async (size) => {
      await expect(scene().hub.query.list({}, { size })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });

    test("a rare name is found among many, and no page is empty that has a token", async () => {
      const { client } = scene().hub;
      const others = Array.from({ length: 1200 }, (_, index) => newInstance(`i${index}`));
      await Promise.all(others.map((instance) => client.create(instance, [])));
      await scene().create("rare1", { name: "rare", createdAt: NOW - 1 });
      await scene().create("rare2", { name: "rare", createdAt: NOW - 2 });

      const first = await scene().hub.query.list({ name: "rare" }, { size: 1 });

      expect(ids(first.instances)).toEqual(["rare1"]);
      expect(ids(await all(scene().hub, { name: "rare" }, 1))).toEqual(["rare1", "rare2"]);
    });

    test("payloads are left out when they are not wanted", async () => {
      const owner = await scene().join();
      const run = await scene().create("a", { input: "1" });
      await owner.complete("a", run, {
        patch: { status: "Failed", output: "2", failure: "3", customStatus: "4" },
      });

      const [lean] = (await scene().hub.query.list({}, { size: 1, payloads: false })).instances;
      const [why] = (await scene().hub.query.list({}, { size: 1, payloads: "failure" })).instances;
      const [full] = (await scene().hub.query.list({}, { size: 1 })).instances;

      expect(lean).toMatchObject({ instanceId: "a", status: "Failed", customStatus: "4" });
      expect([lean?.input, lean?.output, lean?.failure]).toEqual([undefined, undefined, undefined]);
      expect(why).toEqual({ ...lean, failure: "3" });
      expect(full).toEqual(await scene().hub.query.get("a"));
    });

    test("an instance was last updated by its last episode", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.apply(owner.episode("a", run, { chunk: { ...chunk(0), at: NOW + 77 } }));

      expect(await scene().hub.query.get("a")).toMatchObject({ createdAt: NOW, lastUpdatedAt: NOW + 77 });
    });

    test("instances are counted by status", async () => {
      await setFour(scene());
      const { query } = scene().hub;

      expect(await query.count({})).toMatchObject({ Pending: 2, Completed: 2, Running: 0 });
      expect(await query.count({ createdFrom: NOW + 1, createdTo: NOW + 2 })).toMatchObject({
        Pending: 1,
        Completed: 1,
      });
      expect(await query.count({ name: "Pay" })).toMatchObject({ Pending: 1, Completed: 1 });
      expect(await query.count({ instanceIdPrefix: "c" })).toMatchObject({ Pending: 0, Completed: 2 });
    });

    test("what one handle has written the other one reads", async () => {
      const elsewhere = await scene().elsewhere();

      await scene().create("a");

      expect(await elsewhere.query.get("a")).toMatchObject({ status: "Pending" });
    });
  });
}

/** Pending: a, b. Completed: c1, c2. Created in this order, a millisecond apart; b and c2 are named pay. */
async function setFour(scene: Scene): Promise<void> {
  const owner = await scene.join();
  await scene.create("a", { createdAt: NOW });
  await scene.create("b", { createdAt: NOW + 1, name: "pay" });
  await owner.complete("c1", await scene.create("c1", { createdAt: NOW + 2 }));
  await owner.complete("c2", await scene.create("c2", { createdAt: NOW + 3, name: "Pay" }));
}

async function all(
  hub: TaskHubStore,
  filter: InstanceFilter,
  size: number,
  order: CreationOrder = "newestFirst",
): Promise<InstanceRecord[]> {
  const found: InstanceRecord[] = [];
  let token: string | undefined;
  do {
    const page = await hub.query.list(filter, {
      size,
      order,
      ...(token ? { continuationToken: token } : {}),
    });
    if (page.continuationToken !== undefined && page.instances.length === 0)
      throw new Error("An empty page has a token");
    found.push(...page.instances);
    token = page.continuationToken;
  } while (token !== undefined);
  return found;
}

function ids(records: readonly InstanceRecord[]): string[] {
  return records.map(({ instanceId }) => instanceId);
}
