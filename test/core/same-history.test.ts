import { describe, expect, test } from "vitest";
import type { MessageEvent } from "../../src/core/history-event.ts";
import { eventRaised, SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";

interface Program {
  readonly title: string;
  readonly generator: Handler;
  readonly async: Handler;
  readonly plain?: Handler;
  readonly arriving: readonly (readonly MessageEvent[])[];
}

const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };

const programs: readonly Program[] = [
  {
    title: "nothing",
    // oxlint-disable-next-line require-yield -- a generator may return at once
    *generator() {
      return 1;
    },
    async: async () => 1,
    plain: () => 1,
    arriving: [],
  },
  {
    title: "a single activity",
    *generator(context) {
      return yield context.callActivity("work", 1);
    },
    async: async (context) => await context.callActivity("work", 1),
    plain: (context) => context.callActivity("work", 1),
    arriving: [[taskCompleted(0, 2)]],
  },
  {
    title: "a throw",
    // oxlint-disable-next-line require-yield -- a generator may throw at once
    *generator() {
      throw new Error("no");
    },
    async: async () => {
      throw new Error("no");
    },
    plain: () => {
      throw new Error("no");
    },
    arriving: [],
  },
  {
    title: "a chain with a handled failure",
    *generator(context) {
      const first = yield* context.callActivity("first");
      try {
        yield context.callActivity("second", first);
      } catch (error) {
        return (error as Error).message;
      }
    },
    async: async (context) => {
      const first = await context.callActivity("first");
      try {
        await context.callActivity("second", first);
      } catch (error) {
        return (error as Error).message;
      }
    },
    arriving: [[taskCompleted(0, "x")], [taskFailed(1, "no")]],
  },
  {
    title: "a fan-out with retries",
    *generator(context) {
      return yield context.all([1, 2].map((n) => context.callActivity("work", n, { retry })));
    },
    async: async (context) =>
      await context.all([1, 2].map((n) => context.callActivity("work", n, { retry }))),
    plain: (context) => context.all([1, 2].map((n) => context.callActivity("work", n, { retry }))),
    arriving: [[taskFailed(1), taskCompleted(0, "one")], [timerFired(2)], [taskCompleted(3, "two")]],
  },
  {
    title: "a loop with a timeout that continues as new",
    *generator(context) {
      const got = yield* context.waitForExternalEvent("go", { timeoutMs: SECOND, defaultValue: "none" });
      context.setCustomStatus(got);
      context.continueAsNew(got, { preserveUnprocessedEvents: true });
    },
    async: async (context) => {
      const got = await context.waitForExternalEvent("go", { timeoutMs: SECOND, defaultValue: "none" });
      context.setCustomStatus(got);
      context.continueAsNew(got, { preserveUnprocessedEvents: true });
    },
    arriving: [[eventRaised("other", 1)], [timerFired(0), eventRaised("go", "late")]],
  },
  {
    title: "ids, children and events sent",
    *generator(context) {
      context.sendEvent("other", "hello", context.newGuid());
      yield context.createTimer(T0);
      return [context.newGuid(), context.startOrchestration("Other"), context.currentTime];
    },
    async: async (context) => {
      context.sendEvent("other", "hello", context.newGuid());
      await context.createTimer(T0);
      return [context.newGuid(), context.startOrchestration("Other"), context.currentTime];
    },
    arriving: [[timerFired(1)]],
  },
];

describe("generators, async functions and plain functions leave the same history of", () => {
  test.each(programs)("$title", async ({ generator, async, plain, arriving }) => {
    const { history } = await orchestrate(generator, ...arriving);

    expect((await orchestrate(async, ...arriving)).history).toEqual(history);
    if (plain) expect((await orchestrate(plain, ...arriving)).history).toEqual(history);
  });
});
