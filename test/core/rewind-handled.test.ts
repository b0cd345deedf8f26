import { expect, test } from "vitest";
import { scheduleTask } from "../support/actions.ts";
import { SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, orchestrate } from "../support/orchestration.ts";
import { goOn, rewind } from "../support/rewinding.ts";

/** Runs an activity and swallows its failure. */
const attempt: (...args: [Parameters<Handler>[0], string, unknown?]) => Generator<unknown, unknown, unknown> =
  function* (context, name, input) {
    try {
      return yield context.callActivity(name, input);
    } catch {
      return "handled";
    }
  };

test("S-132: a handled failure is run again when nothing rests on it", async () => {
  const handler: Handler = function* (context) {
    const handled = yield* attempt(context, "shaky");
    if (handled === "handled") throw new Error("own fault");
    return handled;
  };
  const failed = await orchestrate(handler, [taskFailed(0)]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(0, "well")]);

  expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "shaky")]);
  expect(run.end).toEqual({ status: "Completed", output: "well" });
});

test("S-132: a handled failure beside others is run again with them", async () => {
  const handler: Handler = function* (context) {
    const shaky = context.callActivity("shaky");
    const fatal = context.callActivity("fatal");
    let first: unknown;
    try {
      first = yield shaky;
    } catch {
      first = "handled";
    }
    return [first, yield* fatal];
  };
  const failed = await orchestrate(handler, [taskFailed(0), taskFailed(1)]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(0, 1), taskCompleted(1, 2)]);

  expect(run.end?.output).toEqual([1, 2]);
});

test("S-132: a handled failure stays when later history rests on it", async () => {
  const handler: Handler = function* (context) {
    const handled = yield* attempt(context, "shaky");
    const cleaned = yield* context.callActivity("clean up", handled);
    return [handled, cleaned, yield* context.callActivity("fatal")];
  };
  const failed = await orchestrate(handler, [taskFailed(0)], [taskCompleted(1, "clean")], [taskFailed(2)]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(2, "well")]);

  expect(run.episodes[0]?.actions).toEqual([scheduleTask(2, "fatal")]);
  expect(run.end?.output).toEqual(["handled", "clean", "well"]);
});

test("S-132: a handled failure stays, with its retries, when a plain timer rests on it", async () => {
  const handler: Handler = function* (context) {
    const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: 2 };
    try {
      yield context.callActivity("shaky", undefined, { retry });
    } catch {
      yield context.createTimer(T0 + 60 * SECOND);
    }
    return yield context.callActivity("fatal");
  };
  const failed = await orchestrate(
    handler,
    [taskFailed(0)],
    [timerFired(1)],
    [taskFailed(2)],
    [timerFired(3)],
    [taskFailed(4)],
  );

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(4, "well")]);

  expect(run.episodes[0]?.actions).toEqual([scheduleTask(4, "fatal")]);
  expect(run.end?.output).toBe("well");
});

test("S-132: the fatal failure goes although one that was asked for later has to stay", async () => {
  const handler: Handler = function* (context) {
    const fatal = context.callActivity("fatal");
    const handled = yield* attempt(context, "shaky");
    const cleaned = yield* context.callActivity("clean up");
    return [handled, cleaned, yield* fatal];
  };
  const failed = await orchestrate(handler, [taskFailed(0), taskFailed(1)], [taskCompleted(2, "clean")]);

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(0, "well")]);

  expect(run.episodes[0]?.actions).toEqual([scheduleTask(0, "fatal")]);
  expect(run.end?.output).toEqual(["handled", "clean", "well"]);
});

test("S-132: a result is never given to a call that came before its own and failed", async () => {
  const handler: Handler = function* (context) {
    const results: unknown[] = [];
    for (const n of [1, 2, 3]) results.push(yield* attempt(context, "work", n));
    yield context.callActivity("fatal");
    return results;
  };
  const failed = await orchestrate(
    handler,
    [taskFailed(0)],
    [taskCompleted(1, "two")],
    [taskCompleted(2, "three")],
    [taskFailed(3)],
  );

  const run = await goOn(handler, await rewind(handler, failed), [taskCompleted(3)]);

  expect(run.end?.output).toEqual(["handled", "two", "three"]);
});

test("S-132: of many failures only those stay that something rests on", async () => {
  const handler: Handler = function* (context) {
    const handled: unknown[] = [];
    for (let n = 0; n < 8; n++) {
      handled.push(yield* attempt(context, "shaky", n));
      if (n % 2 === 0) yield context.callActivity("report", n);
    }
    return yield context.all(handled.map((_, n) => context.callActivity("fatal", n)));
  };
  const episodes = [];
  for (let n = 0, id = 0; n < 8; n++) {
    episodes.push([taskFailed(id++)]);
    if (n % 2 === 0) episodes.push([taskCompleted(id++)]);
  }
  const failed = await orchestrate(
    handler,
    ...episodes,
    Array.from({ length: 8 }, (_, n) => taskFailed(12 + n)),
  );

  const { history } = await rewind(handler, failed);

  // The last report was for n = 6: every failure before it stays, the one after it and the fatal ones go.
  expect(
    history.filter((event) => event.type === "TaskFailed").map((event) => event.taskScheduledId),
  ).toEqual([0, 2, 3, 5, 6, 8, 9]);
});
