import { describe, expect, test } from "vitest";
import type { Code } from "./dotnet-orchestration.ts";
import { A, run, scene } from "./dotnet-scene.ts";
import { kindsOf } from "./sidecar-client.ts";

describe("an orchestration of a .NET worker", () => {
  test("has activities, children, timers, events and a custom status", async () => {
    const code: Code = function* (context, input) {
      const both = yield context.whenAll([
        context.callActivity("double", input),
        context.callActivity("double", 4),
      ]);
      context.customStatus = JSON.stringify(both);
      const child = yield context.callSubOrchestrator("echo", "hello");
      context.sendEvent(context.instanceId, "GO", "1");
      const event = yield context.waitForEvent("go");
      yield context.createTimer(context.now);
      return [both, child, event, yield context.callActivity("nothing")];
    };

    const ended = await run(code, 3);

    expect(ended).toMatchObject({ status: "COMPLETED", customStatus: "[6,8]", why: undefined });
    expect(JSON.parse(ended.output ?? "")).toEqual([[6, 8], "hello", 1, null]);
    expect(ended.worker.errors).toEqual([]);
  });

  test("fails with what its activity failed with, and catches what it wants to", async () => {
    const code: Code = function* (context, catches) {
      if (!catches) return yield context.callActivity("breaks");
      try {
        yield context.callSubOrchestrator("it", false);
      } catch (error) {
        return (error as Error).message;
      }
      return undefined;
    };

    expect((await run(code, false)).why).toContain("RangeError: no such luck");
    expect((await run(code, true)).output).toContain("RangeError: no such luck");
  });

  test("ends when its last task has, though its code was done before", async () => {
    const code: Code = function* (context) {
      const timer = context.createTimer(context.now + 50);
      yield context.whenAny([timer, context.callActivity("double", 1)]);
      return "done";
    };

    const before = Date.now();
    expect(await run(code)).toMatchObject({ status: "COMPLETED", output: '"done"' });
    expect(Date.now() - before).toBeGreaterThanOrEqual(50);
  });

  test("continues as new with a version, and with events that it has not looked at", async () => {
    const code: Code = function* (context, input) {
      if (input === 2)
        return [context.version, yield context.waitForEvent("kept"), yield context.waitForEvent("also")];
      yield context.waitForEvent("go");
      context.continueAsNew(2, { version: "2.0" });
      return undefined;
    };
    const { client, worker } = await scene({ it: code });
    await client.start("it", { instanceId: "it", input: "1" });
    for (const name of ["kept", "also", "go"]) {
      await client.call("raiseEvent", { instanceId: "it", name, input: `"${name}"` });
    }

    const ended = await client.ended("it");

    expect(ended).toMatchObject({ status: "COMPLETED", version: "2.0" });
    expect(JSON.parse(ended.output ?? "")).toEqual(["2.0", "kept", "also"]);
    expect(worker.errors).toEqual([]);
  });

  test("continues as new while it raises its own events", async () => {
    const code: Code = function* (context, round) {
      if (Number(round) === 3) return yield context.waitForEvent("baton");
      context.sendEvent(context.instanceId, "baton", String(round));
      yield context.callActivity("double", 1);
      context.continueAsNew(Number(round) + 1);
      return undefined;
    };

    expect(await run(code, 1)).toMatchObject({ status: "COMPLETED", output: "1" });
  });

  test("whose code has changed fails over its history, with what the code asks for now left undone", async () => {
    let isChanged = false;
    const code: Code = function* (context) {
      if (isChanged) return yield context.callSubOrchestrator("echo", 1, "child");
      return yield context.callActivity("changes");
    };
    const changes = () => {
      isChanged = true;
    };

    const { status, why, client } = await run(code, undefined, {
      app: { orchestrators: { it: code }, activities: { changes } },
    });

    expect(status).toBe("FAILED");
    expect(why).toContain("NonDeterministicOrchestrationException");
    expect(kindsOf(await client.history({ instanceId: "it" }))).toContain("executionCompleted");
  });

  test("is held up and goes on with what has come meanwhile", async () => {
    const code: Code = function* (context) {
      const first = yield context.waitForEvent("first");
      const doubled = yield context.callActivity("double", first);
      return [doubled, yield context.waitForEvent("second")];
    };
    const { client, worker } = await scene({ it: code });
    await client.start("it", { instanceId: "it" });
    await client.started("it");
    await client.call("raiseEvent", { instanceId: "it", name: "first", input: "2" });
    await client.call("suspendInstance", { instanceId: "it", reason: "lunch" });
    await expect.poll(() => client.statusOf("it")).toBe("SUSPENDED");
    await client.call("raiseEvent", { instanceId: "it", name: "second", input: "3" });

    await client.call("resumeInstance", { instanceId: "it" });

    expect(await client.ended("it")).toMatchObject({ status: "COMPLETED", output: "[4,3]" });
    expect(worker.errors).toEqual([]);
  });

  test("with a long past fetches it", async () => {
    const code: Code = function* (context) {
      let sum = 0;
      for (let round = 0; round < 200; round++) sum += Number(yield context.callActivity("double", 1));
      return sum;
    };

    const { output, worker } = await run(code);

    expect(output).toBe("400");
    expect(worker.histories.some(({ isFetched, events }) => isFetched && events > 500)).toBe(true);
  });

  test("with a past of entities fetches it", async () => {
    const code: Code = function* (context) {
      for (let round = 0; round < 180; round++) yield context.callEntity(A, "add", 1);
      return yield context.callEntity(A, "get");
    };

    const { output, worker } = await run(code);

    expect(output).toBe("180");
    expect(worker.histories.some(({ isFetched }) => isFetched)).toBe(true);
  });

  test("asks for much in several messages", async () => {
    const code: Code = function* (context) {
      const asked = Array.from({ length: 20 }, () => context.callActivity("double", "7".repeat(10)));
      return ((yield context.whenAll(asked)) as unknown[]).length;
    };

    expect(await run(code, undefined, { chunkBytes: 200 })).toMatchObject({
      status: "COMPLETED",
      output: "20",
    });
  });

  test("that the worker has not fails at once", async () => {
    const { client } = await scene({});
    await client.start("unknown", { instanceId: "it" });

    expect((await client.ended("it")).failureDetails?.errorType).toBe("OrchestratorTaskNotFound");
  });

  test("that the worker has no more fails, though its end has the number of a task", async () => {
    const orchestrators: Record<string, Code> = {
      *it(context) {
        const first = context.callActivity("removes");
        return yield context.whenAll([first, context.waitForEvent("never")]);
      },
    };
    const removes = () => {
      delete orchestrators["it"];
    };
    const { client } = await scene({}, { app: { orchestrators, activities: { removes } } });
    await client.start("it", { instanceId: "it" });

    expect((await client.ended("it")).failureDetails?.errorType).toBe("OrchestratorTaskNotFound");
  });
});
