import { describe, expect, test } from "vitest";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { type Sidecar, startSidecar } from "./sidecar.ts";
import type { RequestOf } from "./sidecar-client.ts";
import { SleepingWorker } from "./sleeping-worker.ts";

const settings = { maxConcurrentOrchestratorFunctions: 5_000 };

const takesOnly = (kind: "orchestrations" | "activities", name: string): RequestOf<"getWorkItems"> => ({
  workItemFilters: { [kind]: [{ name }] },
});

/** Brings that many items of a kind into being, for whoever takes them. */
const bring: Readonly<Record<string, (sidecar: Sidecar, count: number) => Promise<unknown>>> = {
  orchestratorRequest: ({ client }, count) =>
    Promise.all(Array.from({ length: count }, () => client.start("anything"))),
  activityRequest: async (sidecar, count) => {
    const worker = await ScriptedWorker.connect(sidecar, { request: takesOnly("orchestrations", "fans") });
    await sidecar.client.start("fans");
    const activities = Array.from({ length: count }, (_, id) => action.activity(id, "work"));
    await worker.answerTurn(await worker.turn(), activities);
  },
  entityRequestV2: ({ client }, count) =>
    Promise.all(
      Array.from({ length: count }, (_, key) =>
        client.call("signalEntity", { instanceId: `@thing@${key}`, name: "do" }),
      ),
    ),
};

const LIMITS = {
  orchestratorRequest: "maxConcurrentOrchestrationWorkItems",
  activityRequest: "maxConcurrentActivityWorkItems",
  entityRequestV2: "maxConcurrentEntityWorkItems",
} as const;

const KINDS = ["orchestratorRequest", "activityRequest", "entityRequestV2"] as const;

/** Takes nothing of the orchestration that fans out. */
const others = {
  workItemFilters: {
    orchestrations: [{ name: "anything" }],
    activities: [{ name: "work" }],
    entities: [{ name: "thing" }],
  },
};

describe.each(KINDS)("of %ss a worker has at a time", (kind) => {
  test.each([
    ["100 when it has no wish", 0, 100],
    ["1", 1, 1],
    ["3", 3, 3],
    ["1,000 however many it wishes", 1_000_000, 1_000],
  ])("%s", async (_title, wish, limit) => {
    const sidecar = await startSidecar({ settings });
    await bring[kind]?.(sidecar, limit + 2);

    const worker = await ScriptedWorker.connect(sidecar, { request: { ...others, [LIMITS[kind]]: wish } });

    expect(await worker.unseen()).toEqual(Array.from({ length: limit }, () => kind));
  });

  test("one more for each that it answers, to the last", async () => {
    const sidecar = await startSidecar();
    await bring[kind]?.(sidecar, 4);
    const worker = await ScriptedWorker.connect(sidecar, { request: { ...others, [LIMITS[kind]]: 2 } });

    const held = [await worker.next(), await worker.next()];
    for (let answered = 0; answered < 4; answered++) {
      expect(await worker.unseen()).toEqual([]);
      const item = held.shift();
      if (item) await answer(worker, item);
      if (answered < 2) held.push(await worker.next());
    }

    expect(await worker.unseen()).toEqual([]);
  });
});

test("a limit of one kind is none of the others", async () => {
  const sidecar = await startSidecar();
  for (const kind of KINDS) await bring[kind]?.(sidecar, 3);

  const worker = await ScriptedWorker.connect(sidecar, {
    request: { ...others, maxConcurrentOrchestrationWorkItems: 1, maxConcurrentEntityWorkItems: 2 },
  });

  expect((await worker.unseen()).toSorted()).toEqual([
    "activityRequest",
    "activityRequest",
    "activityRequest",
    "entityRequestV2",
    "entityRequestV2",
    "orchestratorRequest",
  ]);
});

describe("of several workers", () => {
  test("each has its share", async () => {
    const sidecar = await startSidecar();
    const workers = [];
    for (let count = 0; count < 3; count++) workers.push(await ScriptedWorker.connect(sidecar));

    await bring["orchestratorRequest"]?.(sidecar, 9);

    for (const worker of workers) expect(await worker.unseen()).toHaveLength(3);
  });

  test("the one with the least to do is next, whatever it does", async () => {
    const sidecar = await startSidecar();
    const busy = await ScriptedWorker.connect(sidecar);
    await bring["entityRequestV2"]?.(sidecar, 2);
    const fresh = await ScriptedWorker.connect(sidecar);

    await bring["orchestratorRequest"]?.(sidecar, 2);

    expect(await busy.unseen()).toEqual(["entityRequestV2", "entityRequestV2"]);
    expect(await fresh.unseen()).toEqual(["orchestratorRequest", "orchestratorRequest"]);
  });

  test("one that is full is passed over", async () => {
    const sidecar = await startSidecar();
    const small = await ScriptedWorker.connect(sidecar, {
      request: { maxConcurrentOrchestrationWorkItems: 1 },
    });
    const large = await ScriptedWorker.connect(sidecar);

    await bring["orchestratorRequest"]?.(sidecar, 5);

    expect(await small.unseen()).toHaveLength(1);
    expect(await large.unseen()).toHaveLength(4);
  });

  test("what waits is served in its order when one connects", async () => {
    const sidecar = await startSidecar();
    const first = await ScriptedWorker.connect(sidecar, {
      request: { maxConcurrentOrchestrationWorkItems: 1 },
    });
    for (const instanceId of ["a", "b", "c"]) await sidecar.client.start("anything", { instanceId });
    expect((await first.turn()).instanceId).toBe("a");

    const second = await ScriptedWorker.connect(sidecar);

    expect([(await second.turn()).instanceId, (await second.turn()).instanceId]).toEqual(["b", "c"]);
  });

  test("room that an answer leaves is used at once, whoever has the work next", async () => {
    const sidecar = await startSidecar();
    const both = { orchestrations: [{ name: "shared" }, { name: "mine" }] };
    const free = await ScriptedWorker.connect(sidecar, { request: takesOnly("orchestrations", "shared") });
    const full = await ScriptedWorker.connect(sidecar, {
      request: { workItemFilters: both, maxConcurrentOrchestrationWorkItems: 1 },
    });
    await sidecar.client.start("shared", { instanceId: "one" });
    await sidecar.client.start("shared", { instanceId: "two" });
    await sidecar.client.start("mine", { instanceId: "waiting" });
    const one = await free.turn();
    const two = await full.turn();
    await free.answerTurn(one, []);

    await full.answerTurn(two, [], { requiresHistory: true });

    expect((await free.turn()).instanceId).toBe("two");
    expect((await full.turn()).instanceId).toBe("waiting");
  });
});

async function answer(worker: ScriptedWorker, item: Awaited<ReturnType<ScriptedWorker["next"]>>) {
  const { request, completionToken } = item;
  if (request.case === "orchestratorRequest") {
    return worker.answerTurn({ ...request.value, token: completionToken }, [action.complete(0)]);
  }
  if (request.case === "activityRequest") {
    return worker.answerActivity({ ...request.value, token: completionToken });
  }
  return worker.client.call("completeEntityTask", {
    completionToken,
    results: [{ resultType: { case: "success", value: {} } }],
  });
}

test("what is taken back at once with what a worker has is not sent to it first", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar, {
    request: { maxConcurrentOrchestrationWorkItems: 1 },
  });
  await sidecar.client.start("boss", { instanceId: "boss" });
  const children = Array.from({ length: 20 }, (_, id) => action.child(id, "child", `child-${id}`));
  await worker.answerTurn(await worker.turn(), children);
  expect((await worker.turn()).instanceId).toBe("child-0");

  await sidecar.client.call("terminateInstance", { instanceId: "boss", recursive: true });
  for (let id = 0; id < 20; id++) await sidecar.client.ended(`child-${id}`);

  expect(await worker.unseen()).toEqual([]);
});

describe("a worker that does not read what it is sent", () => {
  const input = JSON.stringify("x".repeat(1024 * 1024));

  test("is sent little more than 16 MiB; the rest is for others, and in the end all of it", async () => {
    const sidecar = await startSidecar();
    const sleeper = await SleepingWorker.connect(sidecar);
    for (let index = 0; index < 30; index++) await sidecar.client.start("anything", { input });
    await sidecar.settle();

    const other = await ScriptedWorker.connect(sidecar);

    expect(await other.unseen()).toHaveLength(30 - 16);
    sleeper.disconnect();
    for (let index = 0; index < 16; index++) await other.turn();
  });

  test("is not sent more because what it has was taken back", async () => {
    const sidecar = await startSidecar();
    await SleepingWorker.connect(sidecar);
    for (let index = 0; index < 16; index++) {
      const instanceId = `instance-${index}`;
      await sidecar.client.start("anything", { instanceId, input });
      await sidecar.settle();
      await sidecar.client.call("terminateInstance", { instanceId });
      await sidecar.client.ended(instanceId);
    }
    await sidecar.client.start("anything", { instanceId: "last" });

    const other = await ScriptedWorker.connect(sidecar);

    expect((await other.turn()).instanceId).toBe("last");
  });
});
