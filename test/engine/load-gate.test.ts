import { expect, test } from "vitest";
import { LoadGate } from "../../src/engine/load-gate.ts";

/** Turns of an event loop that the test makes. */
function scene() {
  const soon: (() => void)[] = [];
  const clock = {
    now: () => 0,
    soon: (callback: () => void) => soon.push(callback),
    after: () => () => undefined,
  };
  const gate = new LoadGate(clock);
  const passed: number[] = [];
  const ask = (from: number, to: number): void => {
    for (let index = from; index < to; index++) void gate.pass().then(() => passed.push(index));
  };
  const settle = async (): Promise<readonly number[]> => {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    return passed.splice(0);
  };
  const turn = (): Promise<readonly number[]> => {
    for (const callback of soon.splice(0)) callback();
    return settle();
  };
  return { ask, settle, turn };
}

const numbers = (from: number, to: number): readonly number[] =>
  Array.from({ length: to - from }, (_, index) => from + index);

test("128 pass in one turn of the event loop, and the rest in those after it, in their order", async () => {
  const { ask, settle, turn } = scene();

  ask(0, 300);

  expect(await settle()).toEqual(numbers(0, 128));
  expect(await turn()).toEqual(numbers(128, 256));
  ask(300, 400);
  expect(await settle()).toEqual([]);
  expect(await turn()).toEqual(numbers(256, 384));
  expect(await turn()).toEqual(numbers(384, 400));
});

test("those who come when nobody waits pass at once", async () => {
  const { ask, settle, turn } = scene();
  ask(0, 3);
  await settle();
  await turn();

  ask(3, 6);

  expect(await settle()).toEqual([3, 4, 5]);
});
