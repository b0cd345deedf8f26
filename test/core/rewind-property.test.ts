import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { type Rewound, rewindHistory } from "../../src/core/rewind.ts";
import { asAsync, type Handler, newSession, settle } from "../support/orchestration.ts";
import {
  carelessPrograms,
  fatalPrograms,
  interpreter,
  type LiveRun,
  World,
  withoutFailures,
} from "../support/rewind-programs.ts";

const seed = 20_240_102;
const choices = fc.array(fc.nat(100), { minLength: 1, maxLength: 20 });

function rewind(handler: Handler, { history }: LiveRun, world: World, rewinds: number): Promise<Rewound> {
  return rewindHistory({
    definition: { name: "Orchestrator", handler },
    history,
    newExecutionId: `${rewinds}`.padStart(32, "0"),
    rewindableChildren: world.failedChildren,
    sessionOptions: { settle, maxActions: 100_000 },
  });
}

/** Runs, and rewinds as often as it fails. */
async function runToTheEnd(handler: Handler, world: World): Promise<LiveRun> {
  let run = await world.live(handler);
  for (let rewinds = 1; run.completion.status === "Failed"; rewinds++) {
    expect(rewinds).toBeLessThan(100);
    const { history } = await rewind(handler, run, world, rewinds);
    run = await world.live(handler, history);
  }
  return run;
}

/** Replays all but the end, which the code then has to come to by itself. */
async function replayedEnd(handler: Handler, history: readonly HistoryEvent[]): Promise<unknown> {
  const session = newSession(
    { handler },
    history.find((event) => event.type === "ExecutionStarted"),
  );
  await session.replay(history.filter((event) => event.type !== "ExecutionCompleted"));
  const { actions, completion } = await session.execute([], 0);
  expect(actions).toEqual([]);
  return completion;
}

/** What the code has asked for, with the numbers it gave. */
function asked(history: readonly HistoryEvent[]): readonly unknown[] {
  return history
    .flatMap((event) =>
      "eventId" in event && "name" in event ? [[event.eventId, event.name, keyOf(event)]] : [],
    )
    .toSorted(([a], [b]) => Number(a) - Number(b));
}

function keyOf(event: { readonly input?: string }): unknown {
  return (JSON.parse(event.input ?? "{}") as { readonly key?: string }).key;
}

const styles: readonly [string, (handler: Handler) => Handler, number][] = [
  ["a generator", (handler) => handler, 300],
  ["an async function", asAsync, 60],
];

describe.each(styles)("%s", (_style, styled, numRuns) => {
  test("S-130 to S-137: that is rewound until it succeeds comes to the same as one that never failed", async () => {
    await fc.assert(
      fc.asyncProperty(fatalPrograms, choices, async (program, order) => {
        const handler = styled(interpreter(program));

        const rewound = await runToTheEnd(handler, new World(order));
        const never = await new World(order).live(styled(interpreter(withoutFailures(program))));

        expect(rewound.completion).toEqual(never.completion);
        expect(asked(rewound.history)).toEqual(asked(never.history));
        expect(await replayedEnd(handler, rewound.history)).toEqual(rewound.completion);
      }),
      { seed, numRuns },
    );
  });

  test("S-132: that handles failures and is rewound comes to its end, and its history replays", async () => {
    await fc.assert(
      fc.asyncProperty(carelessPrograms, choices, async (program, order) => {
        const handler = styled(interpreter(program));

        const rewound = await runToTheEnd(handler, new World(order));

        expect(rewound.completion.status).toBe("Completed");
        expect(await replayedEnd(handler, rewound.history)).toEqual(rewound.completion);
      }),
      { seed, numRuns },
    );
  });
});
