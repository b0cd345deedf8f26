import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { OrchestrationStatus } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import { kindsOf, type RequestOf } from "./sidecar-client.ts";

const REST_MS = 500;
const GUID = "11111111-2222-3333-4444-555555555555";

/** A worker that has a turn, and next to it an activity of another orchestration. */
async function aTurnAndAnActivity(userAgent?: string) {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar, userAgent === undefined ? {} : { userAgent });
  await sidecar.client.start("other", { instanceId: "other" });
  await worker.answerTurn(await worker.turn(), [action.activity(5, "work")]);
  const activity = await worker.activity();
  await sidecar.client.start("anything", { instanceId: "id" });
  return { sidecar, client: sidecar.client, worker, turn: await worker.turn(), activity };
}

async function rested(sidecar: Sidecar): Promise<void> {
  await sidecar.clock.advance(REST_MS);
}

describe("a turn", () => {
  test("begins with its time; then comes what is new; the past is what is committed", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    const instanceId = await client.start("anything");
    await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
    await worker.answerActivity(await worker.activity(), "1");

    const second = await worker.turn();

    expect(kindsOf(second.pastEvents)).toEqual(["orchestratorStarted", "executionStarted", "taskScheduled"]);
    expect(kindsOf(second.newEvents)).toEqual(["orchestratorStarted", "taskCompleted"]);
    await worker.answerTurn(second, [action.complete(1)]);
    expect((await client.ended(instanceId)).status).toBe("COMPLETED");
  });

  test("whose timer fires is later than the timer, and each is later than the one before", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("anything");

    const times: number[] = [];
    for (let id = 0; id < 5; id++) {
      const { newEvents, ...turn } = await worker.turn();
      const { seconds = 0n, nanos = 0 } = newEvents[0]?.timestamp ?? {};
      times.push(Number(seconds) * 1_000 + nanos / 1_000_000);
      await worker.answerTurn({ newEvents, ...turn }, [action.timer(id)]);
    }

    expect(times).toEqual([...new Set(times)].toSorted((a, b) => a - b));
  });

  test("has the trace context that the turn before has answered with, until it continues as new", async () => {
    const { worker, turn } = await aTurnAndAnActivity();
    const orchestrationTraceContext = { spanID: "00f067aa0ba902b7" };
    await worker.answerTurn(turn, [action.timer(0)], { orchestrationTraceContext });
    const second = await worker.turnOf("id");

    await worker.answerTurn(second, [action.continueAsNew(1)], { orchestrationTraceContext });

    expect(turn.orchestrationTraceContext).toBeUndefined();
    expect(second.orchestrationTraceContext).toMatchObject(orchestrationTraceContext);
    expect((await worker.turnOf("id")).orchestrationTraceContext).toBeUndefined();
  });

  test("in parts counts with the last of them", async () => {
    const { client, worker, turn } = await aTurnAndAnActivity();

    await worker.answerTurn(turn, [action.activity(0, "first")], { isPartial: true });
    await worker.answerTurn(turn, [action.activity(1, "second")], { isPartial: true, numEventsProcessed: 0 });
    expect(await worker.unseen()).toEqual([]);
    expect(await client.statusOf("id")).toBe("PENDING");
    await worker.answerTurn(turn, [action.activity(2, "third")], { numEventsProcessed: 0 });

    const names = [await worker.activity(), await worker.activity(), await worker.activity()];
    expect(names.map(({ name }) => name)).toEqual(["first", "second", "third"]);
  });

  test("in parts: one that comes again counts once", async () => {
    const { worker, turn } = await aTurnAndAnActivity();
    const part = { isPartial: true, chunkIndex: 0 };

    for (let time = 0; time < 2; time++) await worker.answerTurn(turn, [action.activity(0, "first")], part);
    await worker.answerTurn(turn, [action.activity(1, "second")], { chunkIndex: 1 });

    const names = [await worker.activity(), await worker.activity()];
    expect(names.map(({ name }) => name)).toEqual(["first", "second"]);
    expect(await worker.unseen()).toEqual([]);
  });

  test("in parts: what the next turn is to be told comes with the first", async () => {
    const { worker, turn } = await aTurnAndAnActivity();
    const orchestrationTraceContext = { spanID: "00f067aa0ba902b7" };

    await worker.answerTurn(turn, [action.timer(0)], { isPartial: true, orchestrationTraceContext });
    await worker.answerTurn(turn, []);

    expect((await worker.turnOf("id")).orchestrationTraceContext).toMatchObject(orchestrationTraceContext);
  });

  test("may ask for very much at a time", async () => {
    const { client, worker, turn } = await aTurnAndAnActivity();
    const timers = Array.from({ length: 130_000 }, (_, id) => action.timer(id));

    await worker.answerTurn(turn, timers);

    const next = await worker.turnOf("id");
    expect(next.pastEvents).toHaveLength(timers.length + 2);
    await worker.answerTurn(next, [action.complete(timers.length)]);
    expect((await client.ended("id")).status).toBe("COMPLETED");
  });

  test("tells a worker that no messages are waited for to put them in order", async () => {
    const { turn } = await aTurnAndAnActivity();

    expect(turn.entityParameters?.entityMessageReorderWindow).toMatchObject({ seconds: 0n, nanos: 0 });
  });

  test("in parts begins anew when it comes again", async () => {
    const { sidecar, worker, turn } = await aTurnAndAnActivity();
    await worker.answerTurn(turn, [action.activity(0, "lost")], { isPartial: true });
    await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken: turn.token });
    await rested(sidecar);

    await worker.answerTurn(await worker.turnOf("id"), [action.activity(0, "kept")]);

    expect((await worker.activity()).name).toBe("kept");
    expect(await worker.unseen()).toEqual([]);
  });

  test("that wants its history comes again at once, the same, with another token", async () => {
    const { worker, turn } = await aTurnAndAnActivity();

    await worker.answerTurn(turn, [action.complete(0)], { requiresHistory: true });

    const { token, ...again } = await worker.turn();
    const { token: first, ...before } = turn;
    expect(again).toEqual(before);
    expect(token).not.toBe(first);
  });

  test("that wants its history again and again comes after a rest", async () => {
    const { sidecar, worker, turn } = await aTurnAndAnActivity();
    await worker.answerTurn(turn, [], { requiresHistory: true });

    await worker.answerTurn(await worker.turn(), [], { requiresHistory: true });

    await sidecar.clock.advance(REST_MS - 1);
    expect(worker.hasMore).toBe(false);
    await sidecar.clock.advance(1);
    expect((await worker.turn()).instanceId).toBe("id");
  });

  test.each([undefined, "", '"half"', '""'])("sets the custom status to %j", async (customStatus) => {
    const { client, worker, turn } = await aTurnAndAnActivity();
    await worker.answerTurn(turn, [action.timer(0)], { customStatus: '"before"' });

    await worker.answerTurn(
      await worker.turnOf("id"),
      [action.complete(1)],
      customStatus === undefined ? {} : { customStatus },
    );

    expect((await client.ended("id")).customStatus).toBe(customStatus || undefined);
  });

  test("takes actions in any order", async () => {
    const { client, worker, turn } = await aTurnAndAnActivity();

    await worker.answerTurn(turn, [
      action.activity(2, "c"),
      action.activity(0, "a"),
      action.activity(1, "b"),
    ]);

    const names = [await worker.activity(), await worker.activity(), await worker.activity()];
    expect(names.map(({ name, taskId }) => [name, taskId])).toEqual([
      ["a", 0],
      ["b", 1],
      ["c", 2],
    ]);
    expect(await client.statusOf("id")).toBe("RUNNING");
  });
});

describe("an activity", () => {
  test.each([undefined, "", "null", "{}"])("came to %j", async (result) => {
    const { worker, activity } = await aTurnAndAnActivity();

    await worker.answerActivity(activity, result);

    const [, completed] = (await worker.turnOf("other")).newEvents;
    expect(completed).toMatchObject({
      eventId: -1,
      eventType: { case: "taskCompleted", value: { taskScheduledId: 5 } },
    });
    expect({ result: undefined, ...completed?.eventType.value }).toMatchObject({ result });
  });

  test("failed: why is told whole", async () => {
    const { worker, activity } = await aTurnAndAnActivity();
    const failureDetails = {
      errorType: "Outer",
      errorMessage: "outer",
      stackTrace: "at outer",
      isNonRetriable: true,
      innerFailure: { errorType: "Inner", errorMessage: "inner" },
    };

    await worker.client.call("completeActivityTask", {
      instanceId: "other",
      taskId: 5,
      completionToken: activity.token,
      failureDetails,
    });

    const [, failed] = (await worker.turnOf("other")).newEvents;
    expect(failed?.eventType).toMatchObject({
      case: "taskFailed",
      value: { taskScheduledId: 5, failureDetails },
    });
  });

  test("whose orchestration has ended is of no use any more", async () => {
    const { client, worker, activity } = await aTurnAndAnActivity();
    await client.call("terminateInstance", { instanceId: "other" });
    await client.ended("other");

    await worker.answerActivity(activity, "1");

    expect(await worker.unseen()).toEqual([]);
    expect(await client.statusOf("other")).toBe("TERMINATED");
  });
});

describe("an answer", () => {
  test("that comes twice counts once", async () => {
    const { client, worker, turn, activity } = await aTurnAndAnActivity();

    for (let time = 0; time < 2; time++) {
      await worker.answerActivity(activity, String(time));
      await worker.answerTurn(turn, [action.complete(0, String(time))]);
    }

    const again = await worker.turnOf("other");
    expect(again.newEvents[1]?.eventType.value).toHaveProperty("result", "0");
    await worker.answerTurn(again, [action.complete(6)]);
    expect((await client.ended("other")).status).toBe("COMPLETED");
    expect((await client.ended("id")).output).toBe("0");
    expect(await worker.unseen()).toEqual([]);
  });

  test.each(["0b5ae1f2-1", "of nobody"])(
    "with a token of another life is not used: %j",
    async (completionToken) => {
      const { client, worker } = await aTurnAndAnActivity();

      await client.call("completeOrchestratorTask", {
        instanceId: "id",
        completionToken,
        actions: [action.complete(0)],
      });
      await client.call("completeActivityTask", { instanceId: "other", taskId: 5, completionToken });
      await client.call("completeEntityTask", { completionToken });

      expect(await worker.unseen()).toEqual([]);
      expect([await client.statusOf("id"), await client.statusOf("other")]).toEqual(["PENDING", "RUNNING"]);
    },
  );

  test("with the token of another kind of work is not used, and that work goes on", async () => {
    const { client, worker, turn, activity } = await aTurnAndAnActivity();

    await worker.answerTurn({ ...turn, token: activity.token }, [action.complete(0, "1")]);
    await worker.answerActivity({ ...activity, token: turn.token }, "1");

    expect(await client.statusOf("id")).toBe("PENDING");
    await worker.answerTurn(turn, [action.complete(0, "2")]);
    expect((await client.ended("id")).output).toBe("2");
  });

  test("with a token from before the work went to another worker is not used", async () => {
    const { sidecar, client, worker, turn } = await aTurnAndAnActivity();
    const other = await ScriptedWorker.connect(sidecar);
    await worker.disconnect();
    const again = await other.turnOf("id");

    await worker.answerTurn(turn, [action.complete(0, '"late"')]);

    expect(await client.statusOf("id")).toBe("PENDING");
    await other.answerTurn(again, [action.complete(0, '"mine"')]);
    expect((await client.ended("id")).output).toBe('"mine"');
  });

  test("with its token counts whoever sends it, over whatever connection", async () => {
    const { client, turn } = await aTurnAndAnActivity();

    await client.call("completeOrchestratorTask", {
      completionToken: turn.token,
      actions: [action.complete(0, "1")],
    });

    expect((await client.ended("id")).output).toBe("1");
  });
});

describe("without tokens, as from the Go SDK,", () => {
  const go = "grpc-go/1.60.0";

  test("the instance and the task name the work", async () => {
    const { client, worker, turn, activity } = await aTurnAndAnActivity(go);

    await worker.answerActivity({ ...activity, token: "" }, "1");
    await worker.answerTurn({ ...turn, token: "" }, [action.complete(0, "2")]);

    expect((await client.ended("id")).output).toBe("2");
    expect(kindsOf((await worker.turnOf("other")).newEvents)).toContain("taskCompleted");
  });

  test("work of another connection is not meant", async () => {
    const { sidecar, client, turn, activity } = await aTurnAndAnActivity(go);
    const other = await ScriptedWorker.connect(sidecar, { userAgent: go });

    await other.answerActivity({ ...activity, token: "" }, "1");
    await other.answerTurn({ ...turn, token: "" }, [action.complete(0)]);

    expect(await other.unseen()).toEqual([]);
    expect(await client.statusOf("id")).toBe("PENDING");
  });

  test("another instance or task is not meant, and twice counts once", async () => {
    const { client, worker, turn, activity } = await aTurnAndAnActivity(go);

    await worker.answerActivity({ ...activity, taskId: 4, token: "" });
    await worker.answerTurn({ ...turn, instanceId: "nobody", token: "" }, [action.complete(0)]);
    expect(await client.statusOf("id")).toBe("PENDING");
    for (let time = 0; time < 2; time++) {
      await worker.answerTurn({ ...turn, token: "" }, [action.complete(0, String(time))]);
    }

    expect((await client.ended("id")).output).toBe("0");
    expect(await worker.unseen()).toEqual([]);
  });
});

describe("an answer that means nothing is INVALID_ARGUMENT, nothing of it counts, and the turn comes again:", () => {
  type Actions = NonNullable<RequestOf<"completeOrchestratorTask">["actions"]>;
  type ActionType = NonNullable<Actions[number]["orchestratorActionType"]>;

  const one = (orchestratorActionType: ActionType): Actions => [{ id: 0, orchestratorActionType }];
  const end = (orchestrationStatus: OrchestrationStatus, more = {}): Actions =>
    one({ case: "completeOrchestration", value: { orchestrationStatus, ...more } });
  const message = (EntityMessageType: object): Actions =>
    one({ case: "sendEntityMessage", value: { EntityMessageType } } as ActionType);

  test.each<[string, Actions]>([
    ["an action without a kind", [{ id: 0 }]],
    ["two ends", [action.complete(0), action.complete(1)]],
    ["two actions with one id", [action.activity(0, "a"), action.timer(0)]],
    ["an id below 0", [action.activity(-1, "a")]],
    ["a timer without a time", one({ case: "createTimer", value: {} })],
    ["an event to nobody", one({ case: "sendEvent", value: { name: "go" } })],
    ["a termination of nobody", one({ case: "terminateOrchestration", value: {} })],
    ["a rewind that nobody asked for", one({ case: "rewindOrchestration", value: {} })],
    ["an end that is none", end(OrchestrationStatus.RUNNING)],
    ["an end that is no status", end(77 as never)],
    [
      "an event carried over that is none",
      end(OrchestrationStatus.CONTINUED_AS_NEW, {
        carryoverEvents: [{ eventType: { case: "timerFired", value: {} } }],
      }),
    ],
    ["a message to an entity without a kind", one({ case: "sendEntityMessage", value: {} })],
    ["a call of no entity", message({ case: "entityOperationCalled", value: { requestId: GUID } })],
    [
      "a call whose id is no GUID",
      message({ case: "entityOperationCalled", value: { requestId: "r", targetInstanceId: "@a@b" } }),
    ],
    ["a call without an id", message({ case: "entityOperationCalled", value: { targetInstanceId: "@a@b" } })],
    ["a signal to no entity", message({ case: "entityOperationSignaled", value: { requestId: GUID } })],
    ["a lock of nothing", message({ case: "entityLockRequested", value: { criticalSectionId: GUID } })],
    ["a lock without an id", message({ case: "entityLockRequested", value: { lockSet: ["@a@b"] } })],
    ["an unlock without an id", message({ case: "entityUnlockSent", value: { targetInstanceId: "@a@b" } })],
    ["an unlock of nothing", message({ case: "entityUnlockSent", value: { criticalSectionId: GUID } })],
  ])("%s", async (_title, actions) => {
    const { sidecar, client, worker, turn } = await aTurnAndAnActivity();

    const answer = worker.answerTurn(turn, [...actions, action.activity(9, "too much")]);

    await expect(answer).rejects.toMatchObject({ code: status.INVALID_ARGUMENT });
    expect(await client.statusOf("id")).toBe("PENDING");
    await rested(sidecar);
    const { token: _, ...again } = await worker.turnOf("id");
    expect(again).toMatchObject({
      instanceId: "id",
      executionId: turn.executionId,
      newEvents: turn.newEvents,
    });
    expect(await worker.unseen()).toEqual([]);
  });

  test("bytes that are no message, too, leave the work where it is", async () => {
    const { client, worker, turn } = await aTurnAndAnActivity();

    await expect(
      worker.client.send("completeOrchestratorTask", Buffer.from([255, 1, 2])),
    ).rejects.toMatchObject({
      code: status.INVALID_ARGUMENT,
    });

    await worker.answerTurn(turn, [action.complete(0)]);
    expect((await client.ended("id")).status).toBe("COMPLETED");
  });
});
