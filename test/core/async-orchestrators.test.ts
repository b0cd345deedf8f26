import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import type { OrchestratorSession } from "../../src/core/orchestrator-session.ts";
import { scheduleTask } from "../support/actions.ts";
import { eventRaised, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { type Handler, newSession, orchestrate, settle } from "../support/orchestration.ts";

/** Longer than the one turn of the event loop that an episode waits for. */
async function later(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await settle();
}

describe("an async orchestrator", () => {
  test("awaits durable tasks and whatever is settled without the world's help", async () => {
    const run = await orchestrate(
      async (context) => {
        const first = await context.callActivity("first");
        await Promise.resolve();
        await Promise.resolve().then(() => undefined);
        const nested = await (async () => [await context.callActivity("second", first)])();
        return [first, ...nested];
      },
      [taskCompleted(0, 1)],
      [taskCompleted(1, 2)],
    );

    expect(run.episodes[1]?.actions).toEqual([scheduleTask(1, "second", 1)]);
    expect(run.end?.output).toEqual([1, 2]);
  });

  test("catches the failure of a task", async () => {
    const run = await orchestrate(
      async (context) => {
        try {
          return await context.callActivity("work");
        } catch (error) {
          return [isDurableError(error, "TASK_FAILED"), (error as Error).message];
        }
      },
      [taskFailed(0, "no")],
    );

    expect(run.end?.output).toEqual([true, "Activity function 'work' failed: no"]);
  });

  test("may use Promise.all, Promise.race and branches of its own", async () => {
    const run = await orchestrate(
      async (context) => {
        const branch = async (name: string) => [
          name,
          await context.callActivity(name),
          await context.callActivity(name),
        ];
        const both = await Promise.all([branch("a"), branch("b")]);
        const raced = await Promise.race([context.waitForExternalEvent("go"), context.createTimer(T0)]);
        return [...both, raced];
      },
      [taskCompleted(1, "b1")],
      [taskCompleted(2, "b2"), taskCompleted(0, "a1")],
      [taskCompleted(3, "a2")],
      [eventRaised("go", "went"), timerFired(4)],
    );

    expect(run.end?.output).toEqual([["a", "a1", "a2"], ["b", "b1", "b2"], "went"]);
  });

  test("may await one task several times", async () => {
    const run = await orchestrate(
      async (context) => {
        const task = context.callActivity("work");
        return [await task, await task, await Promise.all([task, task])];
      },
      [taskCompleted(0, 1)],
    );

    expect(run.end?.output).toEqual([1, 1, [1, 1]]);
  });

  test("S-196: `await` of any gives the winner's value", async () => {
    const run = await orchestrate(
      async (context) => await context.any([context.callActivity("a"), context.callActivity("b")]),
      [taskCompleted(1, "B"), taskCompleted(0)],
    );

    expect(run.end?.output).toBe("B");
  });

  test("S-194: fails with what it throws", async () => {
    const run = await orchestrate(async () => {
      throw new RangeError("out of range");
    });

    expect(run.end?.output).toBe("Orchestrator function 'Orchestrator' failed: out of range");
  });

  test("S-17: ends only after its open tasks", async () => {
    const run = await orchestrate(
      async (context) => {
        void context.callActivity("slow");
        return "returned";
      },
      [taskCompleted(0)],
    );

    expect(run.episodes.map((each) => each.end?.status)).toEqual([undefined, "Completed"]);
  });
});

describe("a plain function", () => {
  test("may return a task, and then ends as it does", async () => {
    const run = await orchestrate((context) => context.callActivity("work"), [taskCompleted(0, "done")]);

    expect(run.end?.output).toBe("done");
  });
});

describe("S-36: awaiting what is not durable", () => {
  /** Runs the first episode, waits until nothing moves any more, and says what came of it. */
  async function begin(
    handler: Handler,
  ): Promise<{ session: OrchestratorSession; strays: number; output: unknown }> {
    let strays = 0;
    const session = newSession({ handler }, undefined, () => {
      strays += 1;
    });
    const { completion } = await session.execute([session.started], T0);
    await later();
    await later();
    return { session, strays, output: completion && JSON.parse(completion.result ?? "") };
  }

  test("before the first durable call fails the orchestration and says so", async () => {
    const { output, session } = await begin(async (context) => {
      await later();
      await context.callActivity("work");
    });

    expect(output).toMatch("Orchestrator 'Orchestrator' awaited something that is not a durable task");
    expect(output).toMatch("before its first durable call");
    expect(session.isAtOddsWithHistory).toBe(true);
  });

  test("names the line of the durable call before it", async () => {
    const run = await orchestrate(
      async (context) => {
        await context.callActivity("work"); // the line that is named
        await later();
      },
      [taskCompleted(0)],
    );

    const { readFileSync } = await import("node:fs");
    const line = readFileSync(import.meta.filename, "utf8")
      .split("\n")
      .findIndex((text) => text.endsWith("// the line that is named"));
    expect(run.end?.output).toMatch(
      new RegExp(`after the durable call at .*async-orchestrators\\.test\\.ts:${line + 1}:`),
    );
    expect(run.last.failure).toMatchObject({ properties: { code: "NON_DURABLE_AWAIT" } });
  });

  test("fails it at once, also with an open task that nobody awaits", async () => {
    const { output } = await begin(async (context) => {
      void context.callActivity("work");
      await later();
    });

    expect(output).toMatch("is not a durable task, after the durable call");
  });

  test("beside a durable task cannot be told yet, and is reported when it resumes and uses the context", async () => {
    const { output, session, strays } = await begin(async (context) => {
      await Promise.all([
        context.callActivity("durable"),
        (async () => {
          await later();
          await context.callActivity("stray");
        })(),
      ]);
    });

    expect([output, strays]).toEqual([undefined, 1]);
    const { completion, actions } = await session.execute([], T0);
    expect(completion?.status).toBe("Failed");
    expect(completion?.result).toMatch("is not a durable task");
    expect(actions).toEqual([]);
  });

  test("beside a durable task is reported when it makes the function return", async () => {
    const { output, session, strays } = await begin(
      async (context) =>
        await Promise.race([context.waitForExternalEvent("go"), later().then(() => "stray")]),
    );

    expect([output, strays]).toEqual([undefined, 1]);
    const { completion } = await session.execute([], T0);
    expect(completion?.result).toMatch("is not a durable task");
  });

  test("beside a durable task is reported when the function swallows the refusal and goes on", async () => {
    const { strays, session } = await begin(async (context) => {
      const durable = context.callActivity("durable");
      const waiting = durable.then(() => "done");
      await later();
      try {
        context.setCustomStatus("stray");
      } catch {
        // Swallowed, as careless code does.
      }
      return waiting;
    });

    expect(strays).toBe(1);
    const { completion } = await session.execute([{ ...taskCompleted(0), timestamp: T0 }], T0);
    expect(completion?.result).toMatch("is not a durable task");
  });

  test("beside a durable task is found when the durable one has settled", async () => {
    const { session, strays } = await begin(async (context) => {
      await Promise.all([context.callActivity("durable"), new Promise(() => undefined)]);
    });

    const { completion } = await session.execute([{ ...taskCompleted(0), timestamp: T0 }], T0);

    expect(strays).toBe(0);
    expect(completion?.result).toMatch("is not a durable task");
  });

  test("is found in a replay as well", async () => {
    const handler: Handler = async (context: OrchestrationContext) => {
      await context.callActivity("work");
      await later();
    };
    const run = await orchestrate(handler, [taskCompleted(0)]);
    const session = newSession({ handler });

    await session.replay(run.history.filter((event) => event.type !== "ExecutionCompleted"));

    expect([session.isAtOddsWithHistory, session.isDue]).toEqual([true, true]);
  });
});
