import { type ServiceError, status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import type { Code } from "./dotnet-orchestration.ts";
import { A, advanceUntilEnded, echo, run, scene, stateIs } from "./dotnet-scene.ts";
import { type DotnetApp, DotnetWorker } from "./dotnet-worker.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";

describe("a .NET worker of one version", () => {
  const versioned = (failure: "Reject" | "Fail"): DotnetApp => ({
    orchestrators: { echo },
    strict: { version: "2", failure },
  });

  test("runs that version", async () => {
    const { client } = await scene({}, { app: versioned("Fail") });
    await client.start("echo", { instanceId: "it", version: "2", input: "1" });

    expect((await client.ended("it")).output).toBe("1");
  });

  test("fails others", async () => {
    const { client } = await scene({}, { app: versioned("Fail") });
    await client.start("echo", { instanceId: "it", version: "1" });

    expect((await client.ended("it")).failureDetails?.errorType).toBe("VersionMismatch");
  });

  test("gives others back until a worker comes that takes them", async () => {
    const { sidecar, client, worker } = await scene({}, { app: versioned("Reject") });
    await client.start("echo", { instanceId: "it", version: "1", input: "1" });
    await expect.poll(() => worker.received).toContain("orchestratorRequest");

    void new DotnetWorker(sidecar, { app: { orchestrators: { echo } } }).run();

    expect((await advanceUntilEnded(sidecar, "it")).output).toBe("1");
  });

  test("with filters as its registry makes them is not sent others", async () => {
    const { sidecar, client, worker } = await scene(
      {},
      {
        app: versioned("Reject"),
        filters: {
          orchestrations: [{ name: "echo", versions: ["2"] }],
          activities: [],
          entities: [{ name: "counter" }],
        },
      },
    );
    await client.start("echo", { instanceId: "other", version: "1" });
    await client.start("echo", { instanceId: "it", version: "2" });
    await client.ended("it");
    await sidecar.settle();

    expect(worker.received.filter((kind) => kind !== "healthPing")).toEqual(["orchestratorRequest"]);
  });
});

describe("a .NET worker", () => {
  test("goes on with another server on the same store, and sees the same history", async () => {
    const code: Code = function* (context) {
      yield context.callEntity(A, "add", 1);
      const event = yield context.waitForEvent("go");
      return [event, yield context.callEntity(A, "get")];
    };
    const storage = createMemoryStorage();
    const before = await scene({ it: code }, {}, undefined, storage);
    await before.client.start("it", { instanceId: "it" });
    await stateIs(before.client, A, "1");
    await expect.poll(() => before.worker.histories.length).toBe(2);
    before.worker.stop();
    await before.sidecar.stop();
    await before.sidecar.hub.close({ drainMs: 0 });

    const { client } = await scene({ it: code }, {}, undefined, storage);
    await client.call("raiseEvent", { instanceId: "it", name: "go", input: "7" });

    expect(await client.ended("it")).toMatchObject({ status: "COMPLETED", output: "[7,1]" });
  });

  test("is pinged often enough not to take its stream for dead", async () => {
    const { sidecar, worker } = await scene({});
    await sidecar.settle();
    for (let second = 0; second < 120; second++) await sidecar.clock.advance(1_000);

    await expect
      .poll(() => worker.received.filter((kind) => kind === "healthPing").length)
      .toBeGreaterThanOrEqual(3);
  });

  test("tries the child that failed again under the same id", async () => {
    let tries = 0;
    const child: Code = function* () {
      yield* [];
      tries += 1;
      if (tries < 3) throw new Error("not yet");
      return tries;
    };
    const code: Code = function* (context) {
      for (;;) {
        try {
          return yield context.callSubOrchestrator("child", undefined, "child");
        } catch {
          yield context.createTimer(context.now);
        }
      }
    };

    expect(await run(code, undefined, { app: { orchestrators: { it: code, child } } })).toMatchObject({
      status: "COMPLETED",
      output: "3",
    });
  });

  test("that answers too late is told so once, in a way that it does not try again", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const slow = await ScriptedWorker.connect(sidecar);
    await client.start("echo", { instanceId: "it", input: "1" });
    const turn = await slow.turn();
    await slow.disconnect();
    void new DotnetWorker(sidecar, { app: { orchestrators: { echo } } }).run();
    await client.ended("it");

    const { token: completionToken } = turn;
    const late = await slow
      .answerTurn(turn, [action.complete(0, "2")])
      .catch((error: ServiceError) => error.code);
    const abandoned = await client.call("abandonTaskOrchestratorWorkItem", { completionToken });

    expect([undefined, status.NOT_FOUND]).toContain(typeof late === "number" ? late : undefined);
    expect(abandoned).toBeDefined();
    expect((await client.state("it"))?.output).toBe("1");
  });
});
