import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { describe, expect, test } from "vitest";
import { MAX_NAME_LENGTH, MAX_TAGS_LENGTH } from "../../src/core/name-limits.ts";
import { HistoryEventSchema, OrchestrationStatus } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { programs } from "./programs.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";
import type { RequestOf, SidecarClient } from "./sidecar-client.ts";

type Actions = NonNullable<RequestOf<"completeOrchestratorTask">["actions"]>;
type BatchAction = NonNullable<RequestOf<"completeEntityTask">["actions"]>[number]["operationActionType"];

const ID = "11111111-2222-3333-4444-555555555555";
const LONGEST = "x".repeat(MAX_NAME_LENGTH);
const TOO_LONG = `${LONGEST}x`;
const NO_NAME = `has ${MAX_NAME_LENGTH + 1} characters; at most ${MAX_NAME_LENGTH} are allowed.`;
const MOST_TAGS = { key: "x".repeat(MAX_TAGS_LENGTH - 3) };
const TOO_MANY_TAGS = { ...MOST_TAGS, k: "" };
const NO_TAGS = `have together ${MAX_TAGS_LENGTH + 1} characters; at most ${MAX_TAGS_LENGTH} are allowed.`;

describe("a client that names something at too great length is told so", () => {
  test.each<[string, (client: SidecarClient) => Promise<unknown>]>([
    [`The name of the orchestration ${NO_NAME}`, (client) => client.start(TOO_LONG, { instanceId: "id" })],
    [
      `The version of the orchestration ${NO_NAME}`,
      (client) => client.start("anything", { instanceId: "id", version: TOO_LONG }),
    ],
    [
      `The tags of the orchestration ${NO_TAGS}`,
      (client) => client.start("anything", { instanceId: "id", tags: TOO_MANY_TAGS }),
    ],
    [
      `The name of the event ${NO_NAME}`,
      (client) => client.call("raiseEvent", { instanceId: "id", name: TOO_LONG }),
    ],
    [
      `The name of the operation ${NO_NAME}`,
      (client) => client.call("signalEntity", { instanceId: "@counter@a", name: TOO_LONG }),
    ],
  ])("%s", async (details, call) => {
    const { client } = await startSidecar();

    await expect(call(client)).rejects.toMatchObject({ code: status.INVALID_ARGUMENT, details });

    expect(await client.statusOf("id")).toBe("none");
  });
});

test("names, a version and tags that are as long as may be arrive as they are", async () => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start(LONGEST, { instanceId: "id", version: LONGEST, tags: MOST_TAGS });

  await worker.answerTurn(await worker.turn(), [action.activity(0, LONGEST, { version: LONGEST })]);

  expect(await worker.activity()).toMatchObject({ name: LONGEST, version: LONGEST });
  await sidecar.client.call("raiseEvent", { instanceId: "id", name: LONGEST });
  expect((await worker.turn()).newEvents[1]?.eventType.value).toMatchObject({ name: LONGEST });
  expect((await sidecar.client.state("id"))?.tags).toEqual(MOST_TAGS);
});

describe("a turn that does so fails its orchestration, and nothing else of it happens", () => {
  const child = (more: object): Actions[number] => ({
    id: 0,
    orchestratorActionType: {
      case: "createSubOrchestration",
      value: { name: "child", instanceId: "child", ...more },
    },
  });
  const activity = (more: object): Actions[number] => ({
    id: 0,
    orchestratorActionType: { case: "scheduleTask", value: { name: "work", ...more } },
  });
  const continued = (more: object): Actions[number] => ({
    id: 0,
    orchestratorActionType: {
      case: "completeOrchestration",
      value: { orchestrationStatus: OrchestrationStatus.CONTINUED_AS_NEW, ...more },
    },
  });
  const carried = create(HistoryEventSchema, {
    eventType: { case: "eventRaised", value: { name: TOO_LONG } },
  });

  test.each<[string, Actions[number]]>([
    [`The name of an activity ${NO_NAME}`, activity({ name: TOO_LONG })],
    [`The version of an activity ${NO_NAME}`, activity({ version: TOO_LONG })],
    [`The tags of an activity ${NO_TAGS}`, activity({ tags: TOO_MANY_TAGS })],
    [`The name of a sub-orchestration ${NO_NAME}`, child({ name: TOO_LONG })],
    [`The version of a sub-orchestration ${NO_NAME}`, child({ version: TOO_LONG })],
    [`The tags of a sub-orchestration ${NO_TAGS}`, child({ tags: TOO_MANY_TAGS })],
    [`The name of an event ${NO_NAME}`, action.event(0, "other", TOO_LONG, "1")],
    [`The name of an operation ${NO_NAME}`, action.call(0, ID, "@counter@a", TOO_LONG)],
    [
      `The name of an event ${NO_NAME}`,
      action.event(0, "@counter@a", `op@${TOO_LONG.slice(3)}`, JSON.stringify({ op: "do", id: ID })),
    ],
    [
      `The name of an operation ${NO_NAME}`,
      action.event(0, "@counter@a", "op", JSON.stringify({ op: TOO_LONG, signal: true, id: ID })),
    ],
    [`The version of continue-as-new ${NO_NAME}`, continued({ newVersion: TOO_LONG })],
    [`The name of an event that is carried over ${NO_NAME}`, continued({ carryoverEvents: [carried] })],
  ])("%s", async (errorMessage, wordy) => {
    const sidecar = await startSidecar({ app: programs() });
    const worker = await ScriptedWorker.connect(sidecar);
    const { client } = sidecar;
    await client.start("waits", { instanceId: "other" });
    await client.start("anything", { instanceId: "id" });

    await worker.answerTurn(await worker.turn(), [wordy, action.event(1, "other", "go", "1")]);

    expect(await client.ended("id")).toMatchObject({ status: "FAILED", failureDetails: { errorMessage } });
    expect(await client.statusOf("other")).toBe("RUNNING");
    await client.start("anything", { instanceId: "next" });
    expect((await worker.turn()).instanceId).toBe("next");
    expect(sidecar.complaints).toEqual([]);
  });
});

test.each<[string, BatchAction]>([
  [
    `The name of an orchestration ${NO_NAME}`,
    { case: "startNewOrchestration", value: { instanceId: "new", name: TOO_LONG } },
  ],
  [
    `The version of an orchestration ${NO_NAME}`,
    { case: "startNewOrchestration", value: { instanceId: "new", name: "anything", version: TOO_LONG } },
  ],
  [
    `The name of an operation ${NO_NAME}`,
    { case: "sendSignal", value: { instanceId: "@other@a", name: TOO_LONG } },
  ],
])("so do operations of an entity: %s", async (errorMessage, wordy) => {
  const sidecar = await startSidecar();
  const worker = await ScriptedWorker.connect(sidecar);
  await sidecar.client.start("caller", { instanceId: "id" });
  await worker.answerTurn(await worker.turn(), [action.call(0, ID, "@thing@a")]);

  await worker.answerBatch(await worker.batch(), {
    results: [{ resultType: { case: "success", value: {} } }],
    entityState: "1",
    actions: [{ id: 0, operationActionType: wordy }],
  } as RequestOf<"completeEntityTask">);

  expect((await worker.turn()).newEvents[1]?.eventType).toMatchObject({
    case: "entityOperationFailed",
    value: { requestId: ID, failureDetails: { errorMessage } },
  });
  expect(await sidecar.client.statusOf("new")).toBe("none");
});
