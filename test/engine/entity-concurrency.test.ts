import { expect, test } from "vitest";
import { EntityId } from "../../src/core/entity-id.ts";
import { HubInMemory } from "./hub-in-memory.ts";

/** Entities whose operations take a second each, and what ran at the same time. */
function slowHub(maxConcurrentEntityFunctions: number) {
  const hub = new HubInMemory({ settings: { maxConcurrentEntityFunctions } });
  const seen = { running: 0, most: 0, twice: false };
  const busy = new Set<string>();
  hub.app.entity<number[]>("slow", (context) => {
    const key = context.entityId.key;
    seen.twice ||= busy.has(key);
    busy.add(key);
    seen.running += 1;
    seen.most = Math.max(seen.most, seen.running);
    return new Promise<void>((resolve) =>
      hub.clock.after(1_000, () => {
        busy.delete(key);
        seen.running -= 1;
        context.setState([...context.getState(() => []), context.input as number]);
        resolve();
      }),
    );
  });
  return { hub, seen };
}

test.each([1, 2])(
  "maxConcurrentEntityFunctions %i: as many run at once, each entity one operation at a time, in order",
  async (most) => {
    const { hub, seen } = slowHub(most);
    const { client } = await hub.host();
    const keys = ["a", "b", "c", "d"];

    for (let round = 0; round < 3; round++) {
      for (const key of keys) await client.entities.signal(new EntityId("slow", key), "note", round);
      await hub.clock.advance(100); // What waits for a free place is told of more, again and again.
    }
    await hub.clock.advance(60_000);

    expect(seen).toEqual({ running: 0, most, twice: false });
    for (const key of keys) {
      const found = await client.entities.read(new EntityId("slow", key));
      expect(JSON.parse(found?.state ?? "null")).toEqual([0, 1, 2]);
    }
  },
);

test("entities that answer at once wait for a free place too, and all of them get it", async () => {
  const { hub } = slowHub(1);
  hub.app.entity<number>("fast", (context) => context.setState(context.getState(() => 0) + 1));
  const { client } = await hub.host();
  const keys = ["a", "b", "c", "d"];

  await client.entities.signal(new EntityId("slow", "a"), "note", 0);
  await hub.clock.advance(100);
  for (const key of keys) await client.entities.signal(new EntityId("fast", key), "add");
  await hub.clock.advance(2_000);

  const states = await Promise.all(
    keys.map(async (key) => (await client.entities.read(new EntityId("fast", key)))?.state),
  );
  expect(states).toEqual(["1", "1", "1", "1"]);
});
