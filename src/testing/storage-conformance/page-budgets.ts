import { describe, expect, test } from "vitest";
import type { InstanceFilter, InstanceRecord, PageRequest, TaskHubStore } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { NOW, newInstance, type Scene, useScene } from "./scene.ts";

/** What a page with `maxBytes` has room for, and that the next one goes on right after it. */
export function describePageBudgets(open: OpenHarness): void {
  describe("page budgets", () => {
    const scene = useScene(open);

    const listings: readonly [string, InstanceFilter, Pick<PageRequest, "order">][] = [
      ["newest first", {}, { order: "newestFirst" }],
      ["oldest first", {}, { order: "oldestFirst" }],
      ["in the order of ids", { instanceIdPrefix: "" }, {}],
      ["with a name", { name: "pay" }, {}],
    ];

    test.each(listings)(
      "a page ends before the record that would take it over, %s",
      async (_what, filter, order) => {
        await setTexts(scene());
        const { query } = scene().hub;
        const [first, second, third] = (await query.list(filter, { size: 10, ...order })).instances;
        const bytes = bytesOf(first) + bytesOf(second);

        const justOne = await query.list(filter, { size: 10, maxBytes: bytes - 1, ...order });
        const justTwo = await query.list(filter, { size: 10, maxBytes: bytes, ...order });
        const smaller = await query.list(filter, { size: 1, maxBytes: bytes, ...order });
        const after = await query.list(filter, { size: 1, ...order, ...tokenOf(justTwo) });

        expect(justOne.instances).toEqual([first]);
        expect(justTwo.instances).toEqual([first, second]);
        expect(smaller.instances).toEqual([first]);
        expect(after.instances).toEqual([third]);
      },
    );

    test.each(listings)(
      "page by page each comes once, whatever the budget, %s",
      async (_what, filter, order) => {
        await setTexts(scene());
        const { instances } = await scene().hub.query.list(filter, { size: 10, ...order });
        const total = instances.reduce((sum, record) => sum + bytesOf(record), 0);

        for (const maxBytes of [1, 100, 200, 400, total - 1, total]) {
          const pages = await pagesOf(scene().hub, filter, { size: 10, maxBytes, ...order });

          expect(pages.flat()).toEqual(instances);
          for (const page of pages) {
            const bytes = page.reduce((sum, record) => sum + bytesOf(record), 0);
            expect(page.length === 1 || bytes <= maxBytes).toBe(true);
          }
          if (maxBytes === total) expect(pages).toHaveLength(1);
        }
      },
    );

    test("only what is read takes room", async () => {
      const large = JSON.stringify("x".repeat(1_000));
      const owner = await scene().join();
      for (const instanceId of ["a", "b", "c"]) {
        const run = await scene().create(instanceId, { input: large });
        await owner.complete(instanceId, run, {
          patch: { status: "Failed", output: large, failure: '"why"' },
        });
      }
      const listed = async (payloads: Exclude<PageRequest["payloads"], undefined>) =>
        (await scene().hub.query.list({}, { size: 10, maxBytes: 600, payloads })).instances;

      expect(await listed(true)).toHaveLength(1);
      expect(await listed("failure")).toHaveLength(3);
      expect(await listed(false)).toHaveLength(3);
    });

    test("the custom status takes room, with payloads or without", async () => {
      const owner = await scene().join();
      for (const instanceId of ["a", "b"]) {
        const patch = { status: "Completed", customStatus: JSON.stringify("x".repeat(1_000)) } as const;
        await owner.complete(instanceId, await scene().create(instanceId), { patch });
      }

      const { instances } = await scene().hub.query.list({}, { size: 10, maxBytes: 1_500, payloads: false });

      expect(instances).toHaveLength(1);
    });

    test("a budget is that of the whole page, however far its instances are apart", async () => {
      const { client } = scene().hub;
      const input = JSON.stringify("x".repeat(1_000));
      const rare = (instanceId: string, createdAt: number) =>
        scene().create(instanceId, { name: "rare", createdAt, input });
      await rare("rare1", NOW + 1);
      await Promise.all(
        Array.from({ length: 1200 }, (_, index) => client.create(newInstance(`i${index}`), [])),
      );
      await rare("rare2", NOW - 1);
      await rare("rare3", NOW - 2);

      const pages = async (maxBytes: number) =>
        (await pagesOf(scene().hub, { name: "rare" }, { size: 10, maxBytes })).map((page) =>
          page.map(({ instanceId }) => instanceId),
        );

      expect(await pages(1_500)).toEqual([["rare1"], ["rare2"], ["rare3"]]);
      expect(await pages(2_500)).toEqual([["rare1", "rare2"], ["rare3"]]);
      expect(await pages(3_500)).toEqual([["rare1", "rare2", "rare3"]]);
    });
  });
}

/** Five of one name, of which each has other texts. */
async function setTexts(scene: Scene): Promise<void> {
  const owner = await scene.join();
  const name = "pay";
  await scene.create("a", { createdAt: NOW, name, input: JSON.stringify("x".repeat(100)) });
  await scene.create("ä世", { createdAt: NOW + 1, name, input: JSON.stringify("ä世🎉".repeat(30)) });
  const everything = await scene.create("b", {
    createdAt: NOW + 2,
    name,
    version: "1.0",
    input: '"ü"',
    tags: { größe: "L" },
    parent: { instanceId: "ö", executionId: "ö-1", name: "parent", taskScheduledId: 1 },
    traceContext: { traceParent: "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01" },
  });
  await owner.complete("b", everything, {
    patch: { status: "Failed", output: '"é"', failure: '{"errorMessage":"für"}', customStatus: '"ß"' },
  });
  await scene.create("c", { createdAt: NOW + 3, name });
  await scene.create("d", { createdAt: NOW + 4, name, input: JSON.stringify("€".repeat(100)) });
}

async function pagesOf(
  { query }: TaskHubStore,
  filter: InstanceFilter,
  request: PageRequest,
): Promise<readonly (readonly InstanceRecord[])[]> {
  const pages: (readonly InstanceRecord[])[] = [];
  for (let token: Pick<PageRequest, "continuationToken"> = {}; ; ) {
    const page = await query.list(filter, { ...request, ...token });
    pages.push(page.instances);
    if (page.continuationToken === undefined) return pages;
    token = tokenOf(page);
  }
}

function tokenOf({
  continuationToken,
}: {
  readonly continuationToken?: string;
}): Pick<PageRequest, "continuationToken"> {
  return continuationToken === undefined ? {} : { continuationToken };
}

/** All texts of a record; its status is none. */
function bytesOf(record: InstanceRecord | undefined): number {
  const { status: _status, ...rest } = record ?? { status: undefined };
  return Object.values(rest)
    .filter((value) => typeof value === "string" || typeof value === "object")
    .map((value) => Buffer.byteLength(typeof value === "string" ? value : JSON.stringify(value)))
    .reduce((sum, bytes) => sum + bytes, 0);
}
