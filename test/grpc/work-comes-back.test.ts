import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import { endOf } from "./sidecar-client.ts";

const REST_MS = 500;
const HOUR_MS = 3_600_000;

/** A worker with a turn, an activity and a batch, each of which it can answer. */
async function withSomeOfEach(sidecar: Sidecar): Promise<ScriptedWorker> {
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("schedules", { instanceId: "schedules" });
  await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
  await sidecar.client.start("anything", { instanceId: "id" });
  await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "do" });
  return worker;
}

const KINDS = ["activityRequest", "entityRequestV2", "orchestratorRequest"];

async function kindsOfThree(worker: ScriptedWorker): Promise<readonly string[]> {
  const items = [await worker.next(), await worker.next(), await worker.next()];
  return items.map(({ request }) => String(request.case)).toSorted();
}

describe("when a worker hangs up", () => {
  test("another has its work at once", async () => {
    const sidecar = await startSidecar();
    const first = await withSomeOfEach(sidecar);
    expect(await kindsOfThree(first)).toEqual(KINDS);
    const second = await ScriptedWorker.connect(sidecar);

    await first.disconnect();

    expect(await kindsOfThree(second)).toEqual(KINDS);
  });

  test("its work waits for the next to connect", async () => {
    const sidecar = await startSidecar();
    const first = await withSomeOfEach(sidecar);
    expect(await kindsOfThree(first)).toEqual(KINDS);
    await first.disconnect();
    await sidecar.settle();

    const second = await ScriptedWorker.connect(sidecar);

    expect(await kindsOfThree(second)).toEqual(KINDS);
  });

  test("its work keeps its order, before all that waits", async () => {
    const sidecar = await startSidecar();
    const limits = { request: { maxConcurrentActivityWorkItems: 3 } };
    const first = await ScriptedWorker.connect(sidecar, limits);
    await sidecar.client.start("fans");
    const activities = Array.from({ length: 6 }, (_, id) => action.activity(id, "work"));
    await first.answerTurn(await first.turn(), activities);
    for (const expected of [0, 1, 2]) expect((await first.activity()).taskId).toBe(expected);
    await first.disconnect();

    const second = await ScriptedWorker.connect(sidecar);

    for (const expected of [0, 1, 2, 3, 4, 5]) expect((await second.activity()).taskId).toBe(expected);
  });

  test("a worker that does not take its work is not sent it", async () => {
    const sidecar = await startSidecar();
    const first = await withSomeOfEach(sidecar);
    expect(await kindsOfThree(first)).toEqual(KINDS);
    const other = await ScriptedWorker.connect(sidecar, {
      request: { workItemFilters: { activities: [{ name: "work" }] } },
    });

    await first.disconnect();

    expect((await other.activity()).name).toBe("work");
    expect(await other.unseen()).toEqual([]);
    expect(await sidecar.client.statusOf("id")).toBe("PENDING");
  });

  test("an activity may take hours while the worker stays", async () => {
    const sidecar = await startSidecar();
    const worker = await withSomeOfEach(sidecar);
    const idle = await ScriptedWorker.connect(sidecar);
    const items = [await worker.next(), await worker.next(), await worker.next()];

    await sidecar.clock.advance(5 * HOUR_MS);

    expect(await idle.unseen()).toEqual([]);
    const activity = items.find(({ request }) => request.case === "activityRequest");
    await sidecar.client.call("completeActivityTask", { completionToken: activity?.completionToken ?? "" });
    const next = [worker, idle].map((each) => each.turnOf("schedules"));
    expect((await Promise.race(next)).newEvents).toHaveLength(2);
  });
});

test("an activity without an answer is for another worker where its time is limited; a late answer is not used", async () => {
  const sidecar = await startSidecar({ activityTimeoutMs: 10_000 });
  const silent = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("schedules", { instanceId: "schedules" });
  await silent.answerTurn(await silent.turn(), [action.activity(0, "work")]);
  const first = await silent.activity();
  const other = await ScriptedWorker.connect(sidecar);

  await sidecar.clock.advance(9_999);
  expect(other.hasMore).toBe(false);
  await sidecar.clock.advance(1 + REST_MS);
  const second = await other.activity();
  await silent.answerActivity(first, '"late"');
  await other.answerActivity(second, '"good"');

  const turn = await Promise.race([silent.turnOf("schedules"), other.turnOf("schedules")]);
  expect(turn.newEvents.at(-1)?.eventType).toMatchObject({
    case: "taskCompleted",
    value: { result: '"good"' },
  });
});

test("what a worker leaves is spread over those that stay", async () => {
  const sidecar = await startSidecar();
  const leaving = await ScriptedWorker.connect(sidecar);
  for (let index = 0; index < 6; index++) await sidecar.client.start("anything");
  for (let index = 0; index < 6; index++) await leaving.turn();
  const others = [
    await ScriptedWorker.connect(sidecar),
    await ScriptedWorker.connect(sidecar),
    await ScriptedWorker.connect(sidecar),
  ];

  await leaving.disconnect();

  for (const other of others) expect(await other.unseen()).toHaveLength(2);
});

describe("work that is given back", () => {
  const abandon = {
    orchestratorRequest: "abandonTaskOrchestratorWorkItem",
    activityRequest: "abandonTaskActivityWorkItem",
    entityRequestV2: "abandonTaskEntityWorkItem",
  } as const;

  test.each(["orchestratorRequest", "activityRequest", "entityRequestV2"] as const)(
    "rests for a moment, then comes again with another token: %s",
    async (kind) => {
      const sidecar = await startSidecar();
      const worker = await withSomeOfEach(sidecar);
      const items = [await worker.next(), await worker.next(), await worker.next()];
      const item = items.find(({ request }) => request.case === kind);

      await worker.client.call(abandon[kind], { completionToken: item?.completionToken ?? "" });

      await sidecar.clock.advance(REST_MS - 1);
      const again = worker.next();
      expect(await isPending(again)).toBe(true);
      await sidecar.clock.advance(1);
      const { request, completionToken } = await again;
      expect(request).toEqual(item?.request);
      expect(completionToken).not.toBe(item?.completionToken);
    },
  );

  test("goes to others first, and then round", async () => {
    const sidecar = await startSidecar();
    const workers = [
      await ScriptedWorker.connect(sidecar),
      await ScriptedWorker.connect(sidecar),
      await ScriptedWorker.connect(sidecar),
    ];
    await sidecar.client.start("anything");

    for (let round = 0; round < 2; round++) {
      const had = new Set<ScriptedWorker>();
      for (const _ of workers) {
        const worker = await whoHasMore(sidecar, workers);
        const { token: completionToken } = await worker.turn();
        had.add(worker);
        await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken });
        await sidecar.clock.advance(REST_MS);
      }
      expect(had.size).toBe(workers.length);
    }
  });

  test("waits for others that have no room now, and comes back when they go", async () => {
    const sidecar = await startSidecar();
    const first = await ScriptedWorker.connect(sidecar);
    const second = await ScriptedWorker.connect(sidecar, {
      request: { maxConcurrentOrchestrationWorkItems: 1 },
    });
    await sidecar.client.start("anything", { instanceId: "a" });
    await sidecar.client.start("anything", { instanceId: "b" });
    const { token: completionToken, instanceId } = await first.turn();
    await second.turn();

    await first.client.call("abandonTaskOrchestratorWorkItem", { completionToken });
    await sidecar.clock.advance(REST_MS);
    expect(await first.unseen()).toEqual([]);
    await second.disconnect();

    expect((await first.turnOf(instanceId)).instanceId).toBe(instanceId);
  });

  test.each(Object.values(abandon))("that is nobody's is no error: %s", async (rpc) => {
    const { client } = await startSidecar();

    await client.call(rpc, { completionToken: "of another life" });
    await client.call(rpc, {});
  });

  test("makes room for other work meanwhile", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, {
      request: { maxConcurrentOrchestrationWorkItems: 1 },
    });
    await sidecar.client.start("anything", { instanceId: "a" });
    await sidecar.client.start("anything", { instanceId: "b" });
    const first = await worker.turn();

    await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken: first.token });

    expect((await worker.turn()).instanceId).toBe("b");
  });

  test("twice is given back once", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("anything");
    const { token: completionToken } = await worker.turn();

    for (let time = 0; time < 2; time++) {
      await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken });
    }

    expect(await worker.unseen()).toEqual(["orchestratorRequest"]);
  });

  test("is of no interest any more when its instance has ended meanwhile", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    const instanceId = await sidecar.client.start("anything");
    const { token: completionToken } = await worker.turn();
    await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken });

    await sidecar.client.call("terminateInstance", { instanceId });
    expect((await sidecar.client.ended(instanceId)).status).toBe("TERMINATED");

    expect(await worker.unseen()).toEqual([]);
  });

  test("waits in the store when its worker goes while it rests", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("anything", { instanceId: "id" });
    const { token: completionToken } = await worker.turn();
    await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken });
    await worker.disconnect();
    await sidecar.clock.advance(REST_MS);

    const next = await ScriptedWorker.connect(sidecar);

    expect((await next.turn()).instanceId).toBe("id");
  });
});

describe("health pings", () => {
  test("come every half minute, to the idle and the busy", async () => {
    const sidecar = await startSidecar();
    const workers = [await ScriptedWorker.connect(sidecar), await ScriptedWorker.connect(sidecar)];
    await sidecar.client.start("anything");
    await sidecar.settle();

    await sidecar.clock.advance(90_000);

    const counts = await Promise.all(workers.map((worker) => pings(worker, 3)));
    expect(counts).toEqual([3, 3]);
  });

  test("do not come before", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);

    await sidecar.clock.advance(29_999);
    await sidecar.client.start("anything");

    expect((await worker.next()).request.case).toBe("orchestratorRequest");
  });
});

describe("when the hub is no longer this process's to run", () => {
  test("nobody else is sent what a worker has", async () => {
    const sidecar = await startSidecar();
    const first = await withSomeOfEach(sidecar);
    expect(await kindsOfThree(first)).toEqual(KINDS);

    await sidecar.hub.close({ drainMs: 0 });
    await first.disconnect();
    const second = await ScriptedWorker.connect(sidecar);

    expect(await second.unseen()).toEqual([]);
  });

  test("nobody is sent what waits for a worker", async () => {
    const sidecar = await startSidecar();
    await sidecar.client.call("signalEntity", { instanceId: "@thing@a", name: "do" });
    await sidecar.settle();

    await sidecar.hub.close({ drainMs: 0 });
    const worker = await ScriptedWorker.connect(sidecar);

    expect(await worker.unseen()).toEqual([]);
  });
});

describe("when the server stops", () => {
  test("streams end with UNAVAILABLE", async () => {
    const sidecar = await startSidecar();
    const workers = [await ScriptedWorker.connect(sidecar), await ScriptedWorker.connect(sidecar)];

    await sidecar.stop();

    for (const worker of workers) expect((await worker.ended).code).toBe(status.UNAVAILABLE);
  });

  test("workers may answer what they have, which is kept, and no activity begins", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("schedules", { instanceId: "id" });
    await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
    const activity = await worker.activity();

    const stopped = sidecar.server.close({ drainMs: 60_000, graceMs: 0 });
    await worker.answerActivity(activity, "1");
    await worker.answerTurn(await worker.turn(), [action.activity(1, "work")]);

    expect((await worker.ended).code).toBe(status.UNAVAILABLE);
    await stopped;
    const history = await sidecar.hub.rawClient.getHistory("id");
    expect(history.map(({ type }) => type)).toContain("TaskCompleted");
    expect(worker.seen.map(({ request }) => request.case)).toEqual([
      "orchestratorRequest",
      "activityRequest",
      "orchestratorRequest",
    ]);
  });

  test("it does not wait for them longer than it may", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("anything");
    await worker.turn();

    const stopped = sidecar.server.close({ drainMs: 60_000, graceMs: 0 });
    await sidecar.clock.advance(59_999);
    expect(await isPending(worker.ended)).toBe(true);
    await sidecar.clock.advance(1);

    expect((await worker.ended).code).toBe(status.UNAVAILABLE);
    await sidecar.clock.advance(0);
    await stopped;
  });

  test("a worker that connects while it stops is sent away", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    await sidecar.client.start("anything");
    const turn = await worker.turn();
    const stopped = sidecar.server.close({ drainMs: 60_000, graceMs: 0 });

    const late = worker.client.stream("getWorkItems", {});

    expect((await endOf(late)).code).toBe(status.UNAVAILABLE);
    await worker.answerTurn(turn, []);
    await stopped;
  });

  test("calls that wait are told to try again", async () => {
    const sidecar = await startSidecar();
    const instanceId = await sidecar.client.start("nobody has this");
    const waiting = [sidecar.client.ended(instanceId), sidecar.client.started(instanceId)];
    const failed = expect(Promise.allSettled(waiting)).resolves.toMatchObject(
      waiting.map(() => ({ reason: { code: status.UNAVAILABLE, details: "The server is stopping." } })),
    );
    // An answer to a later call says that the server has got these.
    await sidecar.client.call("hello", {});

    await sidecar.server.close({ drainMs: 0, graceMs: 60_000 });

    await failed;
  });
});

async function pings(worker: ScriptedWorker, count: number): Promise<number> {
  let seen = 0;
  while (seen < count) if ((await worker.next()).request.case === "healthPing") seen += 1;
  return seen;
}

async function isPending(promise: Promise<unknown>): Promise<boolean> {
  const nothing = {};
  return (
    (await Promise.race([promise, new Promise((resolve) => setImmediate(resolve, nothing))])) === nothing
  );
}

/** The worker that has been sent an item more than its test has looked at. */
async function whoHasMore(sidecar: Sidecar, workers: readonly ScriptedWorker[]): Promise<ScriptedWorker> {
  for (;;) {
    const found = workers.find((worker) => worker.hasMore);
    if (found) return found;
    await sidecar.settle();
  }
}
