import { describe, expect, test } from "vitest";
import type { OpenHarness } from "./harness.ts";
import { chunk, historyOf, NOW, newInstance, type Owner, useScene } from "./scene.ts";

const ID = "@counter@a";

/** What an entity needs of a store: one chunk that is replaced, an input that changes, messages with a time. */
export function describeEntities(open: OpenHarness): void {
  describe("entities", () => {
    const scene = useScene(open);

    async function entity(owner: Owner): Promise<number> {
      const run = await owner.store.allocateRuns(1);
      const instance = { ...newInstance(ID, { name: "counter" }), run };
      const patch = { status: "Running", input: "1" } as const;
      await owner.apply(
        owner.episode(ID, run, { create: { instance, replaces: [] }, patch, snapshot: true }),
      );
      return run;
    }

    const send = async (owner: Owner, event = "x") => {
      const [before] = (await owner.pull()).messages.slice(-1);
      await scene().hub.client.send([{ instanceId: ID, at: NOW, event }]);
      const { messages } = await owner.pull({ afterMessage: before?.id ?? 0 });
      return messages.at(-1)?.id ?? 0;
    };

    test("a snapshot takes the place of the one before it, and the input is the episode's", async () => {
      const owner = await scene().join();
      const run = await entity(owner);

      const patch = { input: "2", customStatus: '"s"' };
      await owner.apply(owner.episode(ID, run, { chunk: chunk(1), patch, snapshot: true }));

      expect(await historyOf(scene().hub, ID)).toEqual([chunk(1)]);
      expect(await scene().hub.query.get(ID)).toMatchObject({
        input: "2",
        customStatus: '"s"',
        status: "Running",
        lastUpdatedAt: NOW + 1,
      });
      expect((await owner.store.load(ID))?.chunks).toEqual([chunk(1)]);
    });

    test("the same snapshot again is already there, with what it answered; another one is a conflict", async () => {
      const owner = await scene().join();
      const run = await entity(owner);
      const message = { instanceId: "b", at: NOW, event: "y" };
      const second = owner.episode(ID, run, { chunk: chunk(1), snapshot: true, messages: [message] });
      const applied = await owner.apply(second);

      const outcomes = [
        ...(await owner.commit(second)),
        ...(await owner.commit({ ...second, chunk: chunk(1, "[]") })),
        ...(await owner.commit(owner.episode(ID, run, { snapshot: true }))),
        ...(await owner.commit(owner.episode(ID, run, { chunk: chunk(3), snapshot: true }))),
      ];

      expect(outcomes).toEqual([
        { ...applied, type: "already" },
        { type: "conflict" },
        { type: "conflict" },
        { type: "conflict" },
      ]);
      expect(await scene().hub.query.messages("b")).toHaveLength(1);
    });

    test("an entity is removed with its history; what waits for it stays", async () => {
      const owner = await scene().join();
      const run = await entity(owner);
      const first = await send(owner);
      await send(owner, "later");
      const removal = owner.episode(ID, run, { chunk: chunk(1), removes: true, consumed: [first] });

      const outcomes = [...(await owner.commit(removal)), ...(await owner.commit(removal))];

      expect(outcomes.map(({ type }) => type)).toEqual(["applied", "already"]);
      expect(await scene().hub.query.get(ID)).toBeUndefined();
      expect(await historyOf(scene().hub, ID)).toEqual([]);
      expect(await scene().hub.query.messages(ID)).toMatchObject([{ event: "later" }]);
      expect(await owner.commit(owner.episode(ID, run, { chunk: chunk(1), snapshot: true }))).toEqual([
        { type: "gone" },
      ]);
    });

    test("one that has changed meanwhile is not removed, and one that never was costs its message", async () => {
      const owner = await scene().join();
      const run = await entity(owner);
      const first = await send(owner);
      await owner.apply(owner.episode(ID, run, { chunk: chunk(1), snapshot: true }));

      const stale = owner.episode(ID, run, { chunk: chunk(1), removes: true, consumed: [first] });
      expect(await owner.commit(stale)).toEqual([{ type: "conflict" }]);
      const unknown = owner.episode(ID, run + 7, { removes: true, consumed: [first] });
      expect(await owner.commit(unknown)).toMatchObject([{ type: "applied" }]);

      expect(await scene().hub.query.get(ID)).toBeDefined();
      expect(await scene().hub.query.messages(ID)).toEqual([]);
    });

    test("purging an entity takes its state and leaves what waits for it (S-154)", async () => {
      const owner = await scene().join();
      await entity(owner);
      await send(owner);

      expect(await scene().hub.query.purge([ID, "@counter@b"])).toEqual([ID]);

      expect(await scene().hub.query.get(ID)).toBeUndefined();
      expect(await scene().hub.query.messages(ID)).toHaveLength(1);
    });

    test("a message with a time waits for it, and then comes after those that are there", async () => {
      const owner = await scene().join();
      const message = (event: string, dueAt?: number) => ({
        instanceId: ID,
        at: NOW,
        event,
        ...(dueAt === undefined ? {} : { dueAt }),
      });
      const run = await scene().create("b");
      await scene().hub.client.send([message("late", NOW + 20), message("now"), message("soon", NOW + 10)]);
      await owner.apply(owner.episode("b", run, { messages: [message("last", NOW + 30)] }));

      const pulls = [await owner.pull()];
      for (const now of [NOW + 10, NOW + 20, NOW + 30]) {
        const afterMessage = pulls.flatMap(({ messages }) => messages).at(-1)?.id ?? 0;
        pulls.push(await owner.pull({ now, afterMessage }));
      }

      expect(pulls.map(({ messages }) => messages.map(({ event }) => event))).toEqual([
        ["now"],
        ["soon"],
        ["late"],
        ["last"],
      ]);
      expect(pulls.map(({ nextMessageAt }) => nextMessageAt)).toEqual([
        NOW + 10,
        NOW + 20,
        NOW + 30,
        undefined,
      ]);
      expect(await scene().hub.query.messages(ID)).toHaveLength(4);
    });
  });
}
