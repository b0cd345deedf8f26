import { describe, expect, test } from "vitest";
import { MAX_PAYLOAD_CHARACTERS } from "../../src/core/data-converter.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import type { RemoteTurnResult } from "../../src/core/remote-execution.ts";
import { whyBatchTooLarge, whyResultTooLarge, whyTurnTooLarge } from "../../src/grpc/too-large-answer.ts";
import { action, ScriptedWorker } from "./scripted-worker.ts";
import { startSidecar } from "./sidecar.ts";

const fits = "x".repeat(MAX_PAYLOAD_CHARACTERS);
const large = `${fits}x`;

/** A turn in which nothing happens but this. */
const turn = (more: Partial<RemoteTurnResult> = {}): RemoteTurnResult => ({
  actions: [],
  completion: undefined,
  continuedAsNew: undefined,
  customStatus: undefined,
  ...more,
});

const asks = (more: object) => turn({ actions: [{ id: 0, ...more } as OrchestratorAction] });
const completed = (result: string) =>
  turn({ completion: { status: "Completed", eventId: 0, result, failure: undefined } });

describe("what is too large in a turn", () => {
  test.each<[string | undefined, RemoteTurnResult]>([
    [undefined, turn()],
    [undefined, completed(fits)],
    ["The result of orchestrator 'o'", completed(large)],
    ["The custom status", turn({ customStatus: large })],
    ["The input of activity 'a'", asks({ type: "ScheduleTask", name: "a", input: large })],
    ["The input of sub-orchestration 's'", asks({ type: "CreateSubOrchestration", name: "s", input: large })],
    ["The payload of event 'e'", asks({ type: "SendEvent", name: "e", input: large })],
    [
      "The input of operation 'add' of entity '@c@k'",
      asks({ type: "CallEntity", instanceId: "@c@k", operation: "add", input: large }),
    ],
    [
      "The input of operation 'add' of entity '@c@k'",
      asks({ type: "SignalEntity", instanceId: "@c@k", operation: "add", input: large }),
    ],
    [undefined, asks({ type: "SendEntityUnlock", instanceId: "@c@k" })],
    [undefined, asks({ type: "ScheduleTask", name: "a", input: undefined })],
    ["The output for 't'", turn({ terminations: [{ instanceId: "t", output: large, recurse: false }] })],
    [
      "The input of continue-as-new",
      turn({ continuedAsNew: { input: large, version: undefined, carriedOver: [] } }),
    ],
    [
      "The payload of event 'kept'",
      turn({
        continuedAsNew: {
          input: undefined,
          version: undefined,
          carriedOver: [{ type: "EventRaised", timestamp: 0, name: "kept", input: large }],
        },
      }),
    ],
  ])("%s", (what, result) => {
    expect(whyTurnTooLarge("o", result)?.errorMessage.split(" has ")[0]).toBe(what);
  });
});

describe("what is too large in a batch of an entity", () => {
  const nothing = { results: [], state: undefined, actions: [] };

  test.each<[string | undefined, Parameters<typeof whyBatchTooLarge>[1]]>([
    [undefined, nothing],
    [undefined, { ...nothing, state: fits }],
    ["The state of entity '@c@k'", { ...nothing, state: large }],
    [
      "The result of an operation of entity '@c@k'",
      { ...nothing, results: [{ type: "completed", result: large }] },
    ],
    [
      "The input of orchestration 'o'",
      {
        ...nothing,
        actions: [
          {
            type: "startOrchestration",
            name: "o",
            input: large,
            instanceId: undefined,
            version: undefined,
            scheduledAt: undefined,
          },
        ],
      },
    ],
  ])("%s", (what, result) => {
    expect(whyBatchTooLarge("@c@k", result)?.errorMessage.split(" has ")[0]).toBe(what);
  });
});

test("the failure says how large it is, how large it may be, and that to try again is of no use", () => {
  expect(whyResultTooLarge("a", fits)).toBeUndefined();
  expect(whyResultTooLarge("a", large)).toEqual({
    errorType: "DurableError",
    errorMessage:
      "The result of activity 'a' has 67108865 characters as JSON; at most 67108864 are allowed. " +
      "Keep large data elsewhere and pass a reference to it.",
    isNonRetriable: true,
    properties: { code: "PAYLOAD_TOO_LARGE" },
  });
});

describe("a worker's answer that is too large", () => {
  test("fails the activity, and then the orchestration; both are told why, and the stream lives on", async () => {
    const sidecar = await startSidecar();
    const { client } = sidecar;
    const worker = await ScriptedWorker.connect(sidecar);
    await client.start("anything", { instanceId: "id" });
    await worker.answerTurn(await worker.turn(), [action.activity(0, "work")]);
    await worker.answerActivity(await worker.activity(), large);

    const second = await worker.turn();
    await worker.answerTurn(second, [action.complete(1, large)]);

    expect(second.newEvents.at(-1)?.eventType).toMatchObject({
      case: "taskFailed",
      value: {
        failureDetails: {
          errorMessage: expect.stringContaining("The result of activity 'work' has 67108865"),
        },
      },
    });
    expect(await client.ended("id")).toMatchObject({
      status: "FAILED",
      failureDetails: { errorMessage: expect.stringContaining("The result of orchestrator 'anything' has") },
    });
    await client.start("next", { instanceId: "next" });
    await worker.answerTurn(await worker.turn(), [action.complete(0)]);
    expect((await client.ended("next")).status).toBe("COMPLETED");
  });

  test("fails the operations of an entity, whose state stays as it was", async () => {
    const sidecar = await startSidecar();
    const worker = await ScriptedWorker.connect(sidecar);
    const done = { results: [{ resultType: { case: "success" as const, value: {} } }] };
    const signal = (name: string) => sidecar.client.call("signalEntity", { instanceId: "@thing@a", name });
    await signal("grow");
    await worker.answerBatch(await worker.batch(), { ...done, entityState: "1" });
    await signal("grow");
    await worker.answerBatch(await worker.batch(), { ...done, entityState: large });

    await signal("look");
    const { entityState } = await worker.batch();

    expect(entityState).toBe("1");
  });
});
