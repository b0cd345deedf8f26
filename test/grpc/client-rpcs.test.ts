import { create } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { App } from "../../src/sdk/index.ts";
import * as wire from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeTimestamp } from "../../src/wire/timestamp-codec.ts";
import { codeOf, openScene, type Scene } from "./grpc-scene.ts";

const { OrchestrationStatus: Status, OrchestrationIdReuseAction: Action } = wire;

/** A TypeScript app in the same process: clients cannot tell. */
function hubApp(): App {
  const app = new App();
  app.activity("hello", (name: string) => `Hello, ${name}!`);
  app.orchestration("greet", function* (context) {
    return yield context.df.callActivity("hello", context.df.getInput());
  });
  app.orchestration("waits", function* (context) {
    context.df.setCustomStatus("waiting");
    return yield context.df.waitForExternalEvent("go");
  });
  app.orchestration("fails", function* () {
    yield* [];
    throw new RangeError("too much");
  });
  app.orchestration("parent", function* (context) {
    return yield context.df.callSubOrchestrator("waits", undefined, `${context.df.instanceId}-child`);
  });
  app.entity<number>("counter", (context) =>
    context.setState(context.getState(() => 0) + Number(context.input ?? 1)),
  );
  return app;
}

const start = (scene: Scene, name: string, more: Record<string, unknown> = {}, headers = {}) =>
  scene.call("startInstance", create(wire.CreateInstanceRequestSchema, { name, ...more }), {
    headers,
  });

const ended = (scene: Scene, instanceId: string) =>
  scene.call(
    "waitForInstanceCompletion",
    create(wire.GetInstanceRequestSchema, { instanceId, getInputsAndOutputs: true }),
  );

const started = (scene: Scene, instanceId: string) =>
  scene.call("waitForInstanceStart", create(wire.GetInstanceRequestSchema, { instanceId }));

const look = (scene: Scene, instanceId: string, getInputsAndOutputs = true) =>
  scene.call("getInstance", create(wire.GetInstanceRequestSchema, { instanceId, getInputsAndOutputs }));

const terminate = (scene: Scene, instanceId: string, more: Record<string, unknown> = {}) =>
  scene.call("terminateInstance", create(wire.TerminateRequestSchema, { instanceId, ...more }));

describe("StartInstance", () => {
  test("answers the id, makes one when there is none, and keeps what it is given", async () => {
    const scene = await openScene({ app: hubApp() });
    const { instanceId } = await start(scene, "greet", {
      input: '"Zoë"',
      version: "1.2",
      tags: { team: "blue" },
      executionId: "0123456789abcdef0123456789abcdef",
      scheduledStartTimestamp: encodeTimestamp(0),
    });
    const { orchestrationState: state } = await ended(scene, instanceId);

    expect(instanceId).toMatch(/^[0-9a-f]{32}$/);
    expect(state).toMatchObject({
      name: "greet",
      version: "1.2",
      input: '"Zoë"',
      output: '"Hello, Zoë!"',
      orchestrationStatus: Status.COMPLETED,
      executionId: "0123456789abcdef0123456789abcdef",
      tags: { team: "blue" },
    });
  });

  test("a start that is scheduled is there at once, as Pending", async () => {
    const scene = await openScene({ app: hubApp() });
    const later = encodeTimestamp(Date.now() + 3_600_000);
    await start(scene, "greet", { instanceId: "later", scheduledStartTimestamp: later });

    expect((await look(scene, "later")).orchestrationState).toMatchObject({
      orchestrationStatus: Status.PENDING,
      scheduledStartTimestamp: later,
    });
  });

  const policy = (
    statuses: readonly wire.OrchestrationStatus[],
    action?: wire.OrchestrationIdReuseAction,
  ) => ({
    orchestrationIdReusePolicy: {
      replaceableStatus: [...statuses],
      ...(action === undefined ? {} : { action }),
    },
  });

  test.each([
    ["without a policy an ended one is replaced", "greet", {}, "OK"],
    ["without a policy a live one is not", "waits", {}, "ALREADY_EXISTS"],
    ["with its status in the list it is", "waits", policy([Status.RUNNING, Status.TERMINATED]), "OK"],
    [
      "with another status it is not, though it has ended",
      "greet",
      policy([Status.FAILED]),
      "ALREADY_EXISTS",
    ],
    ["with an empty list nothing is", "greet", policy([]), "ALREADY_EXISTS"],
    [
      "a live one cannot be replaced without being terminated",
      "waits",
      policy([Status.RUNNING]),
      "INVALID_ARGUMENT",
    ],
    [
      "the old action IGNORE leaves it and says nothing",
      "waits",
      policy([Status.RUNNING], Action.IGNORE),
      "OK",
    ],
    ["the old action ERROR refuses", "waits", policy([Status.RUNNING], Action.ERROR), "ALREADY_EXISTS"],
    ["the old action TERMINATE replaces", "waits", policy([Status.RUNNING], Action.TERMINATE), "OK"],
  ])("%s", async (rule, existing, more, expected) => {
    const scene = await openScene({ app: hubApp() });
    await start(scene, existing, { instanceId: "one", input: '"first"' });
    await (existing === "greet" ? ended(scene, "one") : started(scene, "one"));
    const before = (await look(scene, "one")).orchestrationState?.executionId;

    const code = await codeOf(start(scene, "waits", { instanceId: "one", ...more }));
    const after = (await look(scene, "one")).orchestrationState?.executionId;

    expect(code).toBe(expected);
    expect(after === before).toBe(code !== "OK" || rule.includes("IGNORE"));
  });

  test.each([
    ["of an entity", { name: "greet", instanceId: "@counter@a" }, "INVALID_ARGUMENT"],
    ["too long", { name: "greet", instanceId: "x".repeat(300) }, "INVALID_ARGUMENT"],
    ["with no function", { name: "", instanceId: "x" }, "INVALID_ARGUMENT"],
    [
      "with too much input",
      { name: "greet", input: JSON.stringify("x".repeat(70_000_000)) },
      "RESOURCE_EXHAUSTED",
    ],
  ])("an id or a request %s is refused", async (_what, request, code) => {
    const scene = await openScene({ app: hubApp() });

    expect(await codeOf(start(scene, request.name, request))).toBe(code);
    expect(scene.complaints).toEqual([]);
  });
});

test("GetInstance and the waits answer that there is none; payloads only when asked for", async () => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "fails", { instanceId: "bad", input: "1" });
  const { orchestrationState: full } = await ended(scene, "bad");
  const { orchestrationState: lean } = await look(scene, "bad", false);

  for (const rpc of ["getInstance", "waitForInstanceStart", "waitForInstanceCompletion"] as const) {
    expect(
      await scene.call(rpc, create(wire.GetInstanceRequestSchema, { instanceId: "nobody" })),
    ).toMatchObject({
      exists: false,
    });
  }
  expect(full?.failureDetails).toMatchObject({ errorType: "RangeError", errorMessage: "too much" });
  expect([full?.input, full?.output, lean?.input]).toEqual(["1", undefined, undefined]);
  expect(lean?.failureDetails?.errorType).toBe("RangeError");
});

test("a wait ends with its caller: by deadline, or because it goes, which is no failure of the server", async () => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "waits", { instanceId: "one" });
  const request = create(wire.GetInstanceRequestSchema, { instanceId: "one" });
  const gone = new AbortController();
  const given = codeOf(scene.call("waitForInstanceCompletion", request, { signal: gone.signal }));
  await started(scene, "one");
  gone.abort();

  expect(await given).toBe("CANCELLED");
  expect(await codeOf(scene.call("waitForInstanceCompletion", request, { deadlineMs: 50 }))).toBe(
    "DEADLINE_EXCEEDED",
  );
  expect(scene.complaints).toEqual([]);
});

test.each([
  ["raiseEvent", wire.RaiseEventRequestSchema, { name: "go" }],
  ["suspendInstance", wire.SuspendRequestSchema, {}],
  ["resumeInstance", wire.ResumeRequestSchema, {}],
  ["terminateInstance", wire.TerminateRequestSchema, {}],
] as const)(
  "%s: NOT_FOUND for nobody, OK for what has ended, refused for entities",
  async (rpc, schema, more) => {
    const scene = await openScene({ app: hubApp() });
    await start(scene, "greet", { instanceId: "over", input: '"x"' });
    await ended(scene, "over");
    const send = (instanceId: string) => codeOf(scene.call(rpc, create(schema, { instanceId, ...more })));

    expect(await send("nobody")).toBe("NOT_FOUND");
    expect(await send("over")).toBe("OK");
    expect(await send("@counter@a")).toBe("INVALID_ARGUMENT");
  },
);

test("events, suspension and termination do what they say; the output is the caller's JSON", async () => {
  const scene = await openScene({ app: hubApp() });
  const status = async (id: string) => (await look(scene, id)).orchestrationState;
  await start(scene, "waits", { instanceId: "a" });
  await started(scene, "a");
  const suspend = create(wire.SuspendRequestSchema, { instanceId: "a", reason: "lunch" });
  await scene.call("suspendInstance", suspend);
  await scene.call("suspendInstance", suspend);
  const suspended = await status("a");
  await scene.call(
    "raiseEvent",
    create(wire.RaiseEventRequestSchema, { instanceId: "a", name: "GO", input: '{"n":1}' }),
  );
  await scene.call("resumeInstance", create(wire.ResumeRequestSchema, { instanceId: "a" }));
  const over = await ended(scene, "a");
  await start(scene, "waits", { instanceId: "b" });
  await started(scene, "b");
  await terminate(scene, "b", { output: '{"why": [1,2]}' });

  expect(suspended).toMatchObject({ orchestrationStatus: Status.SUSPENDED, customStatus: '"waiting"' });
  expect(over.orchestrationState).toMatchObject({ orchestrationStatus: Status.COMPLETED, output: '{"n":1}' });
  expect((await ended(scene, "b")).orchestrationState).toMatchObject({
    orchestrationStatus: Status.TERMINATED,
    output: '{"why": [1,2]}',
  });
});

test.each([
  [true, Status.TERMINATED],
  [false, Status.RUNNING],
])("TerminateInstance, recursive %s", async (recursive, childStatus) => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "parent", { instanceId: "p" });
  while (!(await look(scene, "p-child")).exists);
  await started(scene, "p-child");
  await terminate(scene, "p", { recursive });
  await ended(scene, "p");
  if (recursive) await ended(scene, "p-child");

  expect((await look(scene, "p-child")).orchestrationState?.orchestrationStatus).toBe(childStatus);
});

test("RewindInstance and RestartInstance", async () => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "fails", { instanceId: "bad", input: "7", tags: { a: "b" } });
  await ended(scene, "bad");
  await start(scene, "waits", { instanceId: "live" });
  await started(scene, "live");
  const rewind = (instanceId: string) =>
    codeOf(scene.call("rewindInstance", create(wire.RewindInstanceRequestSchema, { instanceId })));
  const restart = (instanceId: string, restartWithNewInstanceId: boolean) =>
    scene.call(
      "restartInstance",
      create(wire.RestartInstanceRequestSchema, { instanceId, restartWithNewInstanceId }),
    );

  expect([await rewind("nobody"), await rewind("live"), await rewind("bad")]).toEqual([
    "NOT_FOUND",
    "FAILED_PRECONDITION",
    "OK",
  ]);
  expect(await codeOf(restart("nobody", true))).toBe("NOT_FOUND");
  expect(await codeOf(restart("live", false))).toBe("FAILED_PRECONDITION");
  const { instanceId } = await restart("bad", true);
  expect(instanceId).not.toBe("bad");
  expect((await ended(scene, instanceId)).orchestrationState).toMatchObject({ input: "7", tags: { a: "b" } });
});

describe("QueryInstances and ListInstanceIds", () => {
  async function filled(): Promise<Scene> {
    const scene = await openScene({ app: hubApp() });
    for (let n = 0; n < 5; n++) await start(scene, "greet", { instanceId: `done-${n}`, input: `"${n}"` });
    for (let n = 0; n < 5; n++) await ended(scene, `done-${n}`);
    await start(scene, "waits", { instanceId: "live" });
    await started(scene, "live");
    await scene.call(
      "signalEntity",
      create(wire.SignalEntityRequestSchema, { instanceId: "@counter@a", name: "add" }),
    );
    return scene;
  }

  test("pages have a token but the last, filters hold together, entities are not among them", async () => {
    const scene = await filled();
    const query = async (more: Record<string, unknown>) => {
      const found: string[] = [];
      let continuationToken: string | undefined;
      do {
        const page: wire.QueryInstancesResponse = await scene.call(
          "queryInstances",
          create(wire.QueryInstancesRequestSchema, { query: { ...more, continuationToken } }),
        );
        found.push(...page.orchestrationState.map(({ instanceId }) => instanceId));
        continuationToken = page.continuationToken;
      } while (continuationToken !== undefined);
      return found.toSorted();
    };
    const all = ["done-0", "done-1", "done-2", "done-3", "done-4"];

    expect(await query({ maxInstanceCount: 2 })).toEqual([...all, "live"]);
    expect(await query({ runtimeStatus: [Status.COMPLETED], maxInstanceCount: 2 })).toEqual(all);
    expect(await query({ runtimeStatus: [Status.RUNNING], instanceIdPrefix: "done" })).toEqual([]);
    expect(await query({ createdTimeFrom: encodeTimestamp(Date.now() + 60_000) })).toEqual([]);
    expect(await query({ instanceIdPrefix: "@" })).toEqual([]);
  });

  test("ids of what has ended, page by page", async () => {
    const scene = await filled();
    const list = (more: Record<string, unknown>) =>
      scene.call("listInstanceIds", create(wire.ListInstanceIdsRequestSchema, more as never));
    const first = await list({ pageSize: 3 });
    const rest = await list({ pageSize: 3, lastInstanceKey: first.lastInstanceKey });

    expect([...first.instanceIds, ...rest.instanceIds].toSorted()).toEqual(
      [0, 1, 2, 3, 4].map((n) => `done-${n}`),
    );
    expect(rest.lastInstanceKey).toBeUndefined();
    expect((await list({ runtimeStatus: [Status.FAILED] })).instanceIds).toEqual([]);
    expect((await list({ completedTimeFrom: encodeTimestamp(Date.now() + 60_000) })).instanceIds).toEqual([]);
  });

  test.each([
    ["a token of nobody", { query: { continuationToken: "garbage" } }],
    ["a page too large", { query: { maxInstanceCount: 5_000 } }],
  ])("%s is refused", async (_what, request) => {
    const scene = await openScene({ app: hubApp() });

    expect(
      await codeOf(scene.call("queryInstances", create(wire.QueryInstancesRequestSchema, request as never))),
    ).toBe("INVALID_ARGUMENT");
  });
});

describe("PurgeInstances", () => {
  const purge = async (scene: Scene, request: Record<string, unknown>) =>
    scene.call("purgeInstances", create(wire.PurgeInstancesRequestSchema, request as never));

  test("takes what has ended: by id, as a batch, by filter; what lives is skipped", async () => {
    const scene = await openScene({ app: hubApp() });
    for (const instanceId of ["a", "b", "c", "d"]) await start(scene, "greet", { instanceId, input: "1" });
    for (const instanceId of ["a", "b", "c", "d"]) await ended(scene, instanceId);
    await start(scene, "waits", { instanceId: "live" });
    await started(scene, "live");

    expect(await purge(scene, { request: { case: "instanceId", value: "a" } })).toMatchObject({
      deletedInstanceCount: 1,
      isComplete: true,
    });
    expect(
      await purge(scene, { request: { case: "instanceBatch", value: { instanceIds: ["b", "live", "x"] } } }),
    ).toMatchObject({
      deletedInstanceCount: 1,
    });
    expect(
      await purge(scene, {
        request: { case: "purgeInstanceFilter", value: { runtimeStatus: [Status.RUNNING] } },
      }),
    ).toMatchObject({ deletedInstanceCount: 0 });
    expect(await purge(scene, { request: { case: "purgeInstanceFilter", value: {} } })).toMatchObject({
      deletedInstanceCount: 2,
      isComplete: true,
    });
    expect((await look(scene, "live")).exists).toBe(true);
  });

  test("recursive takes the children too; entities go by their id", async () => {
    const scene = await openScene({ app: hubApp() });
    await start(scene, "parent", { instanceId: "p" });
    while (!(await look(scene, "p-child")).exists);
    await scene.call(
      "raiseEvent",
      create(wire.RaiseEventRequestSchema, { instanceId: "p-child", name: "go" }),
    );
    await ended(scene, "p");
    await scene.call(
      "signalEntity",
      create(wire.SignalEntityRequestSchema, { instanceId: "@counter@a", name: "add" }),
    );
    const entity = create(wire.GetEntityRequestSchema, { instanceId: "@counter@a" });
    while (!(await scene.call("getEntity", entity)).exists);

    expect(
      await purge(scene, { request: { case: "instanceId", value: "p" }, recursive: true }),
    ).toMatchObject({
      deletedInstanceCount: 2,
    });
    expect(await purge(scene, { request: { case: "instanceId", value: "@counter@a" } })).toMatchObject({
      deletedInstanceCount: 1,
    });
    expect(await scene.call("getEntity", entity)).toMatchObject({ exists: false });
  });

  test.each([
    ["nothing said", {}],
    [
      "more than 500 ids",
      { request: { case: "instanceBatch", value: { instanceIds: Array(501).fill("x") } } },
    ],
  ])("%s is refused", async (_what, request) => {
    const scene = await openScene({ app: hubApp() });

    expect(await codeOf(purge(scene, request))).toBe("INVALID_ARGUMENT");
  });
});

test("StreamInstanceHistory tells the events a client knows, in their order", async () => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "greet", { instanceId: "a", input: '"x"' });
  await ended(scene, "a");
  const chunks = await scene.stream(
    "streamInstanceHistory",
    create(wire.StreamInstanceHistoryRequestSchema, { instanceId: "a" }),
  );
  const events = chunks.flatMap((chunk) => chunk.events);

  expect(events.map(({ eventType }) => eventType.case)).toEqual([
    "orchestratorStarted",
    "executionStarted",
    "taskScheduled",
    "orchestratorStarted",
    "taskCompleted",
    "executionCompleted",
  ]);
  const numbers = events.map(({ eventId }) => eventId).filter((id) => id >= 0);
  expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
  expect(
    await codeOf(
      scene.stream(
        "streamInstanceHistory",
        create(wire.StreamInstanceHistoryRequestSchema, { instanceId: "nobody" }),
      ),
    ),
  ).toBe("NOT_FOUND");
});

test("entities: signalled, looked at, listed, cleaned", async () => {
  const scene = await openScene({ app: hubApp() });
  const signal = (instanceId: string, input = "2") =>
    scene.call("signalEntity", create(wire.SignalEntityRequestSchema, { instanceId, name: "add", input }));
  await signal("@counter@a");
  await signal("@counter@b");
  const get = (instanceId: string, includeState: boolean) =>
    scene.call("getEntity", create(wire.GetEntityRequestSchema, { instanceId, includeState }));
  while (!(await get("@counter@b", false)).exists);

  expect((await get("@counter@a", true)).entity).toMatchObject({ serializedState: "2", backlogQueueSize: 0 });
  expect((await get("@counter@a", false)).entity?.serializedState).toBeUndefined();
  expect(await get("@counter@nobody", true)).toMatchObject({ exists: false });
  const { entities, continuationToken } = await scene.call(
    "queryEntities",
    create(wire.QueryEntitiesRequestSchema, {
      query: { instanceIdStartsWith: "@Counter@", includeState: true },
    }),
  );
  expect(entities.map(({ instanceId, serializedState }) => [instanceId, serializedState])).toEqual([
    ["@counter@a", "2"],
    ["@counter@b", "2"],
  ]);
  expect(continuationToken).toBeUndefined();
  expect(
    await scene.call(
      "cleanEntityStorage",
      create(wire.CleanEntityStorageRequestSchema, { removeEmptyEntities: true, releaseOrphanedLocks: true }),
    ),
  ).toMatchObject({ emptyEntitiesRemoved: 0, orphanedLocksReleased: 0 });
  expect(await codeOf(signal("counter"))).toBe("INVALID_ARGUMENT");
  await expect(signal(`@counter@${"x".repeat(100)}`)).rejects.toThrow(/length/);
});

test("Hello, CreateTaskHub, DeleteTaskHub", async () => {
  const scene = await openScene();
  await scene.call("hello", {} as never);
  await scene.call("createTaskHub", create(wire.CreateTaskHubRequestSchema));
  await scene.call("createTaskHub", create(wire.CreateTaskHubRequestSchema, { recreateIfExists: true }));
  await scene.call("deleteTaskHub", create(wire.DeleteTaskHubRequestSchema));

  expect(scene.administered).toEqual(["recreate DurableFunctionsHub", "delete DurableFunctionsHub"]);
});

test("SkipGracefulOrchestrationTerminations answers those it could not end", async () => {
  const scene = await openScene({ app: hubApp() });
  await start(scene, "waits", { instanceId: "live" });
  await started(scene, "live");
  const { unterminatedInstanceIds } = await scene.call(
    "skipGracefulOrchestrationTerminations",
    create(wire.SkipGracefulOrchestrationTerminationsRequestSchema, {
      instanceBatch: { instanceIds: ["live", "nobody"] },
    }),
  );

  expect(unterminatedInstanceIds).toEqual(["nobody"]);
  expect((await ended(scene, "live")).orchestrationState?.orchestrationStatus).toBe(Status.TERMINATED);
});

test.each([
  ["no key", {}, "UNAUTHENTICATED"],
  ["a wrong key", { authorization: "Bearer wrong" }, "UNAUTHENTICATED"],
  ["the key as a bearer token", { authorization: "Bearer right" }, "OK"],
  ["the key in its own header", { "x-functions-key": "right" }, "OK"],
])("%s: %s", async (_what, headers, code) => {
  const scene = await openScene({ app: hubApp(), isAllowed: async (token) => token === "right" });

  expect(await codeOf(start(scene, "waits", {}, headers))).toBe(code);
});
