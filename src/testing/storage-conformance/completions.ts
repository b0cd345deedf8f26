import { describe, expect, test } from "vitest";
import type { CompletionFilter, TaskHubStore } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, createMany, NOW, type Owner, type Scene, useScene } from "./scene.ts";

export function describeCompletions(open: OpenHarness): void {
  describe("ended instances", () => {
    const scene = useScene(open);

    const filters: readonly [string, CompletionFilter, readonly string[]][] = [
      [
        "nothing: first ended first, by id where that is equal",
        {},
        ["last made", "a", "b", "c", "first made"],
      ],
      ["one status", { statuses: ["Failed"] }, ["b", "first made"]],
      ["several statuses", { statuses: ["Terminated", "Canceled"] }, ["a", "c"]],
      ["a status that is no end", { statuses: ["Running", "Pending", "Suspended", "ContinuedAsNew"] }, []],
      ["an end and another status", { statuses: ["Pending", "Terminated"] }, ["a"]],
      ["a status twice", { statuses: ["Terminated", "Terminated"] }, ["a"]],
      ["no status", { statuses: [] }, []],
      ["times, both inclusive", { completedFrom: NOW + 5, completedTo: NOW + 5 }, ["a", "b", "c"]],
      ["a time between two milliseconds", { completedFrom: NOW + 4.5, completedTo: NOW + 9.5 }, FROM_A],
      ["a time without an end", { completedFrom: NOW + 5 }, FROM_A],
      ["a time without a beginning", { completedTo: NOW + 4 }, ["last made"]],
      ["a time that ends before it begins", { completedFrom: NOW + 9, completedTo: NOW + 1 }, []],
      ["everything at once", { statuses: ["Failed"], completedFrom: NOW + 1, completedTo: NOW + 5 }, ["b"]],
    ];

    test.each(filters)("are listed by %s, in pages of any size", async (_what, filter, expected) => {
      await endFive(scene());

      for (const size of [1, 2, 3, 10]) expect(await listed(scene().hub, filter, size)).toEqual(expected);
    });

    test("of one millisecond are in the order of code points, whatever their status", async () => {
      const owner = await scene().join();
      for (const id of ["\u{1f600}", "\u{ff5e}", "é", "z", "Z"]) {
        const status = id === "\u{ff5e}" || id === "z" ? "Failed" : "Completed";
        await end(scene(), owner, id, status, NOW);
      }

      for (const size of [1, 2, 10]) {
        expect(await listed(scene().hub, {}, size)).toEqual(["Z", "z", "é", "\u{ff5e}", "\u{1f600}"]);
      }
    });

    test("are many: each comes once, a thousand at a time", async () => {
      const owner = await scene().join();
      await createMany(owner, 2_500, (index) => `i${index}`);

      const ids = await listed(scene().hub, { statuses: ["Completed"] }, 1_000);

      expect(ids).toEqual(Array.from({ length: 2_500 }, (_, index) => `i${index}`).toSorted());
    });

    test("that end while the pages are read come later, and those that are purged are left out", async () => {
      const owner = await scene().join();
      const early = await scene().create("early", { createdAt: NOW - 1 });
      for (const id of ["a", "b", "c", "d"]) await end(scene(), owner, id, "Completed", NOW + 5);
      const { query } = scene().hub;

      const first = await query.listByCompletion({}, { size: 2 });
      await owner.complete("early", early, { patch: { status: "Failed", completedAt: NOW + 6 } });
      await query.purge(["b", "c"]);
      const second = await query.listByCompletion({}, { size: 2, ...tokenOf(first) });

      expect(first.instanceIds).toEqual(["a", "b"]);
      expect(second).toEqual({ instanceIds: ["d", "early"] });
    });

    test("have a token until a page is empty, where that is asked for, and what ends later comes with it", async () => {
      const owner = await scene().join();
      for (const id of ["a", "b"]) await end(scene(), owner, id, "Completed", NOW + 5);
      const { query } = scene().hub;
      const asked = { size: 2, tokenAtEnd: true };

      const full = await query.listByCompletion({}, asked);
      const none = await query.listByCompletion({}, { ...asked, ...tokenOf(full) });
      await end(scene(), owner, "c", "Completed", NOW + 6);
      const later = await query.listByCompletion({}, { ...asked, ...tokenOf(full) });

      expect([full.instanceIds, later.instanceIds]).toEqual([["a", "b"], ["c"]]);
      expect(none).toEqual({ instanceIds: [] });
      expect(later.continuationToken).toBeDefined();
    });

    test("are none any more when they run again", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await owner.complete("a", run, { patch: { status: "Failed", completedAt: NOW } });

      const again = { status: "Running", completedAt: null } as const;
      await owner.apply(owner.episode("a", run, { chunk: chunk(1), patch: again }));
      const between = await listed(scene().hub, {}, 10);
      const patch = { status: "Completed", completedAt: NOW + 2 } as const;
      await owner.apply(owner.episode("a", run, { chunk: chunk(2), patch }));

      expect(between).toEqual([]);
      expect(await listed(scene().hub, { completedFrom: NOW + 2 }, 10)).toEqual(["a"]);
    });

    test("are of one hub", async () => {
      await endFive(scene());
      await scene().harness.storage.taskHubs.ensure("Other", { partitionCount: 1 });
      const other = await scene().harness.storage.openTaskHub("Other");

      expect(await listed(other, {}, 10)).toEqual([]);
    });

    test("have tokens that belong to one filter; others are refused, and so is nonsense", async () => {
      await endFive(scene());
      const { query } = scene().hub;
      const first = await query.listByCompletion({}, { size: 1 });
      const { continuationToken: listToken = "" } = await query.list({}, { size: 1 });

      const misused = query.listByCompletion({ statuses: ["Failed"] }, { size: 1, ...tokenOf(first) });
      const ofList = query.listByCompletion({}, { size: 1, continuationToken: listToken });
      const toList = query.list({}, { size: 1, ...tokenOf(first) });
      const nonsense = query.listByCompletion({}, { size: 1, continuationToken: "bm9uc2Vuc2U" });

      for (const refused of [misused, ofList, toList, nonsense]) {
        await expect(refused).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
      }
    });

    test.each([0, 1001, 1.5])("are not listed in pages of %d", async (size) => {
      const listing = scene().hub.query.listByCompletion({}, { size });

      await expect(listing).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    });
  });
}

const FROM_A = ["a", "b", "c", "first made"];

/** Made in another order than they end; three of them end at the same time. One has not ended. */
async function endFive(scene: Scene): Promise<void> {
  const owner = await scene.join();
  await end(scene, owner, "first made", "Failed", NOW + 9);
  await end(scene, owner, "c", "Canceled", NOW + 5);
  await end(scene, owner, "b", "Failed", NOW + 5);
  await end(scene, owner, "a", "Terminated", NOW + 5);
  await end(scene, owner, "last made", "Completed", NOW + 1);
  await scene.create("pending");
}

async function end(
  scene: Scene,
  owner: Owner,
  instanceId: string,
  status: "Completed" | "Failed" | "Canceled" | "Terminated",
  completedAt: number,
): Promise<void> {
  await owner.complete(instanceId, await scene.create(instanceId), { patch: { status, completedAt } });
}

async function listed(hub: TaskHubStore, filter: CompletionFilter, size: number): Promise<readonly string[]> {
  const found: string[] = [];
  let token = {};
  do {
    const page = await hub.query.listByCompletion(filter, { size, ...token });
    if ("continuationToken" in page && page.instanceIds.length < size)
      throw new Error("A short page has a token");
    found.push(...page.instanceIds);
    token = tokenOf(page);
  } while ("continuationToken" in token);
  return found;
}

function tokenOf({ continuationToken }: { readonly continuationToken?: string }): {
  readonly continuationToken?: string;
} {
  return continuationToken === undefined ? {} : { continuationToken };
}
