import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/index.ts";
import { WorkerCapability } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import { kindsOf } from "./sidecar-client.ts";

const MIB = 1024 * 1024;
/** What the workers of most SDKs receive. */
const USUAL = { maxReceive: 4 * MIB };
const FETCHES = { request: { capabilities: [WorkerCapability.HISTORY_STREAMING] } };
const LARGE = JSON.stringify("x".repeat(100_000));

/** Pieces that are on their way: what the two ends of a stream hold back, 16 each, and what fits between them. */
const AHEAD = 40;

/** The second turn of an orchestration that has asked for so many activities in its first, of which one is done. */
async function secondTurn(sidecar: Sidecar, worker: ScriptedWorker, count: number, input: string) {
  await sidecar.client.start("long", { instanceId: "long" });
  const activities = Array.from({ length: count }, (_, id) => action.activity(id, "step", { input }));
  await worker.answerTurn(await worker.turn(), activities);
  await worker.answerActivity(await worker.activity(), "1");
  return worker.turnOf("long");
}

/** Tells how many chunks of histories have been read from the store since. */
async function chunksRead(sidecar: Sidecar): Promise<() => number> {
  const { query } = await sidecar.poolOf(undefined);
  const history = query.history.bind(query);
  let count = 0;
  query.history = async function* (...args) {
    for await (const chunk of history(...args)) {
      count += 1;
      yield chunk;
    }
  };
  return () => count;
}

/** Time for a server that does not wait for its reader. */
async function roundTrips({ client }: Sidecar): Promise<void> {
  for (let trip = 0; trip < 50; trip++) await client.call("hello", {});
}

describe("a worker that can fetch histories", () => {
  test.each([
    ["of few events", 400, "1", false],
    ["of many events", 600, "1", true],
    ["of large events", 12, LARGE, true],
  ])("is sent those that are short: one %s", async (_what, count, input, isFetched) => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, FETCHES);

    const { requiresHistoryStreaming, pastEvents } = await secondTurn(sidecar, worker, count, input);

    expect(requiresHistoryStreaming).toBe(isFetched);
    expect(pastEvents.length > 0).toBe(!isFetched);
  });

  test("is sent one that it wants whole", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, FETCHES);
    const turn = await secondTurn(sidecar, worker, 600, "1");

    await worker.answerTurn(turn, [], { requiresHistory: true });

    const again = await worker.turnOf("long");
    expect([again.requiresHistoryStreaming, again.pastEvents.length]).toEqual([false, 602]);
  });

  test("fetches what others are sent", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, FETCHES);
    const { instanceId, executionId, token } = await secondTurn(sidecar, worker, 600, "1");

    const fetched = await sidecar.client.history({ instanceId, executionId, forWorkItemProcessing: true });

    const other = await ScriptedWorker.connect(sidecar, {
      request: { workItemFilters: { orchestrations: [{ name: "long" }] } },
    });
    await worker.client.call("abandonTaskOrchestratorWorkItem", { completionToken: token });
    await sidecar.clock.advance(500);
    expect(fetched).toEqual((await other.turn()).pastEvents);
  });

  test("receives a large history though it receives no large messages", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar, { ...FETCHES, ...USUAL });
    const { instanceId, executionId } = await secondTurn(sidecar, worker, 60, LARGE);

    const fetched = await worker.client.history({ instanceId, executionId, forWorkItemProcessing: true });

    expect(kindsOf(fetched).filter((kind) => kind === "taskScheduled")).toHaveLength(60);
  });
});

test("a client that receives no large messages receives a large history", async () => {
  const sidecar = await startSidecar();
  await secondTurn(sidecar, await ScriptedWorker.connect(sidecar), 60, LARGE);

  const history = await sidecar.connect(USUAL).history({ instanceId: "long" });

  expect(kindsOf(history).filter((kind) => kind === "taskScheduled")).toHaveLength(60);
});

test("a history is read from the store as fast as its reader takes it, and not faster", async () => {
  const app = new App();
  app.orchestration("collects", function* (context) {
    for (;;) yield context.waitForExternalEvent("item");
  });
  const sidecar = await startSidecar({ app });
  const { client } = sidecar;
  await client.start("collects", { instanceId: "long" });
  for (let event = 0; event < 200; event++) {
    await client.call("raiseEvent", { instanceId: "long", name: "item", input: LARGE });
  }
  const read = await chunksRead(sidecar);
  const pieces = client.stream("streamInstanceHistory", { instanceId: "long" })[Symbol.asyncIterator]();

  let events = 0;
  for (let taken = 0; taken < 201; taken++) {
    if (taken % 50 === 1) {
      await roundTrips(sidecar);
      expect(read() - taken).toBeLessThan(AHEAD);
    }
    events += kindsOf((await pieces.next()).value.events).filter((kind) => kind === "eventRaised").length;
  }

  expect(events).toBe(200);
  expect(await pieces.next()).toMatchObject({ done: true });
});

test("what has come for an orchestration and is large comes in several turns", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar, { ...FETCHES, ...USUAL });
  await sidecar.client.start("long", { instanceId: "long" });
  const first = await worker.turn();
  for (let event = 0; event < 60; event++) {
    await sidecar.client.call("raiseEvent", { instanceId: "long", name: "e", input: LARGE });
  }
  await worker.answerTurn(first, []);

  let received = 0;
  while (received < 60) {
    const turn = await worker.turn();
    received += turn.newEvents.length - 1;
    await worker.answerTurn(turn, []);
  }

  expect(received).toBe(60);
});
