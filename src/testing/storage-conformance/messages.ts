import { describe, expect, test } from "vitest";
import { partitionOf } from "../../storage/index.ts";
import type { OpenHarness } from "./harness.ts";
import { chunk, NOW, useScene, workerOf } from "./scene.ts";

export function describeMessages(open: OpenHarness): void {
  describe("messages", () => {
    const scene = useScene(open);

    const message = (event: string, key?: string) => ({
      instanceId: "a",
      at: NOW,
      event,
      ...(key === undefined ? {} : { key }),
    });

    test("messages come in the order in which they were sent, those of a commit among them", async () => {
      const owner = await scene().join();
      const run = await scene().create("b");
      await scene().hub.client.send([message("1"), message("2")]);
      await owner.apply(owner.episode("b", run, { messages: [message("3"), message("4")] }));
      await scene().hub.client.send([message("5")]);

      const { messages } = await owner.pull();

      expect(messages.map(({ event }) => event)).toEqual(["1", "2", "3", "4", "5"]);
      expect(messages.map(({ id }) => id)).toEqual(messages.map(({ id }) => id).toSorted((a, b) => a - b));
      expect(await scene().hub.query.messages("a")).toEqual(messages);
    });

    test("a reader goes on after the last message it has seen", async () => {
      const owner = await scene().join();
      await scene().hub.client.send(["1", "2", "3"].map((event) => message(event)));

      const first = await owner.pull({ limit: 2 });
      const second = await owner.pull({ limit: 2, afterMessage: first.messages.at(-1)?.id ?? 0 });

      expect(first.messages.map(({ event }) => event)).toEqual(["1", "2"]);
      expect(second.messages.map(({ event }) => event)).toEqual(["3"]);
    });

    test("an id is never given out again, also when the last message is gone", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().hub.client.send([message("1")]);
      const [first] = (await owner.pull()).messages;
      await owner.apply(owner.episode("a", run, { consumed: [first?.id ?? 0] }));

      await scene().hub.client.send([message("2")]);

      const { messages } = await owner.pull({ afterMessage: first?.id ?? 0 });
      expect(messages.map(({ event }) => event)).toEqual(["2"]);
    });

    test("a second message with the key of one that waits is the same message", async () => {
      const owner = await scene().join();
      const run = await scene().create("b");
      await scene().hub.client.send([message("1", "k"), message("2", "k")]);
      const [waiting] = await scene().hub.query.messages("a");

      const outcome = await owner.apply(owner.episode("b", run, { messages: [message("3", "k")] }));

      expect(await scene().hub.query.messages("a")).toEqual([{ ...message("1", "k"), id: waiting?.id }]);
      expect(outcome.messageIds).toEqual([waiting?.id]);
    });

    test("a key is free again when its message was consumed, and is the instance's own", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().hub.client.send([message("1", "k"), { ...message("x", "k"), instanceId: "other" }]);
      const [waiting] = await scene().hub.query.messages("a");
      await owner.apply(owner.episode("a", run, { consumed: [waiting?.id ?? 0] }));

      await scene().hub.client.send([message("2", "k")]);

      expect((await scene().hub.query.messages("a")).map(({ event }) => event)).toEqual(["2"]);
      expect(await scene().hub.query.messages("other")).toHaveLength(1);
    });

    test("an episode takes away what it consumed, and what came meanwhile waits", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");
      await scene().hub.client.send([message("1")]);
      const { messages } = await owner.pull();
      await scene().hub.client.send([message("2")]);

      await owner.apply(owner.episode("a", run, { consumed: messages.map(({ id }) => id) }));

      expect((await owner.pull()).messages.map(({ event }) => event)).toEqual(["2"]);
    });

    test("a message needs no instance", async () => {
      const owner = await scene().join();

      await scene().hub.client.send([{ instanceId: "nobody", at: NOW, event: "{}" }]);

      expect((await owner.pull()).messages).toMatchObject([{ instanceId: "nobody" }]);
    });

    test("a message an instance sends to itself waits for the next episode", async () => {
      const owner = await scene().join();
      const run = await scene().create("a");

      const { messageIds } = await owner.apply(owner.episode("a", run, { messages: [message("1")] }));
      await owner.apply(owner.episode("a", run, { chunk: chunk(1), consumed: messageIds }));

      expect(await scene().hub.query.messages("a")).toEqual([]);
    });

    test("a message comes to the owner of its instance's partition only", async () => {
      const { storage } = scene().harness;
      await storage.taskHubs.ensure("Wide", { partitionCount: 4 });
      const hub = await storage.openTaskHub("Wide");
      const worker = workerOf(hub, "w");
      await worker.join();
      const ids = ["abc", "hello", "inst1", "@counter@a", "ünïcode"];
      await hub.client.send(ids.map((instanceId) => ({ instanceId, at: NOW, event: "{}" })));

      for (const partition of [0, 1, 2, 3]) {
        const pulled = await worker.pull({ partition, limit: 10, now: NOW, afterMessage: 0 });
        expect(pulled.messages.map(({ instanceId }) => instanceId)).toEqual(
          ids.filter((id) => partitionOf(id, 4) === partition),
        );
      }
      expect(ids.slice(0, 4).map((id) => partitionOf(id, 4))).toEqual([3, 3, 0, 2]);
    });
  });
}
