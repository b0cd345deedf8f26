import { expect, test } from "vitest";
import { HeldMessages } from "../../src/engine/held-messages.ts";
import { gate } from "./hub-in-memory.ts";

test("what was consumed while the store was being asked is not taken again, however many ask at once", async () => {
  const held = new HeldMessages();
  const [one, other] = [gate(), gate()];
  held.hold(1);
  const asked = [held.whileAsking(() => one.opened), held.whileAsking(() => other.opened)];

  held.consume(1);
  const whileBothAsk = held.hold(1);
  one.open();
  await asked[0];
  const whileOneAsks = held.hold(1);
  other.open();
  await asked[1];

  expect([whileBothAsk, whileOneAsks, held.hold(1)]).toEqual([false, false, true]);
});

test("an answer that fails counts as taken", async () => {
  const held = new HeldMessages();
  held.hold(1);
  const asked = held.whileAsking(async () => {
    held.consume(1);
    throw new Error("The store is away.");
  });

  await expect(asked).rejects.toThrow("The store is away.");
  expect(held.hold(1)).toBe(true);
});
