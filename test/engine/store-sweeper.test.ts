import { expect, test } from "vitest";
import { StoreSweeper } from "../../src/engine/store-sweeper.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";

const INTERVAL = 10_000;

function sweeperOver(answers: readonly (boolean | Error)[]) {
  const clock = new VirtualClock();
  const asked: number[] = [];
  const complaints: string[] = [];
  const began = clock.now();
  const sweep = async (): Promise<boolean> => {
    const answer = answers[asked.length] ?? true;
    asked.push(clock.now() - began);
    if (answer instanceof Error) throw answer;
    return answer;
  };
  const warn = (_fields: object, message: string): void => {
    complaints.push(message);
  };
  const logger = { debug: warn, info: warn, warn, error: warn };
  const sweeper = new StoreSweeper({ taskHubs: { sweep }, clock, logger });
  return { sweeper, clock, asked, complaints };
}

test("it goes on piece by piece while there is something, and looks again ten seconds later", async () => {
  const { sweeper, clock, asked } = sweeperOver([false, false, true, true]);
  sweeper.start();

  await clock.advance(1.5 * INTERVAL);

  expect(asked).toEqual([50, 100, 150, 150 + INTERVAL]);
});

test("a store that fails is asked again ten seconds later", async () => {
  const { sweeper, clock, asked, complaints } = sweeperOver([new Error("away"), true]);
  sweeper.start();

  await clock.advance(INTERVAL + 1_000);

  expect(asked).toEqual([50, 50 + INTERVAL]);
  expect(complaints).toHaveLength(1);
});

test("once stopped it asks no more", async () => {
  const { sweeper, clock, asked } = sweeperOver([false, false, false]);
  sweeper.start();
  await clock.advance(60);

  await sweeper.stop();
  await clock.advance(INTERVAL);

  expect(asked).toEqual([50]);
});
