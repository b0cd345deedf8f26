/**
 * A worker in a process of its own that leaves the first work item of one kind unanswered. When it is sent that item again
 * it answers the first sending, late and wrongly, before it does the item; everything else it answers at once. It tells
 * its parent when it has the item ("held"), and how the late answer was taken.
 *
 * usage: grpc-held-worker.mjs <address> [<kind of item to hold>]
 */
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { credentials, Metadata, makeGenericClientConstructor, status } from "@grpc/grpc-js";
import * as wire from "../../dist/wire/generated/orchestrator_service_pb.js";
import { defineSidecarService } from "../../dist/wire/sidecar-service.js";

const [address, kindToHold] = process.argv.slice(2);
const Client = makeGenericClientConstructor(defineSidecarService(), "TaskHubSidecarService");
const client = new Client(address, credentials.createInsecure(), {
  "grpc.initial_reconnect_backoff_ms": 50,
  "grpc.min_reconnect_backoff_ms": 50,
  "grpc.max_reconnect_backoff_ms": 200,
});

const CALL = {
  requestId: "00000000-0000-4000-8000-000000000001",
  targetInstanceId: "@counter@one",
  operation: "add",
  input: "1",
};

const actions = {
  activity: { case: "scheduleTask", value: { name: "step", input: '"once"' } },
  call: {
    case: "sendEntityMessage",
    value: { EntityMessageType: { case: "entityOperationCalled", value: CALL } },
  },
  end: (result) => ({
    case: "completeOrchestration",
    value: { orchestrationStatus: wire.OrchestrationStatus.COMPLETED, result },
  }),
};

/** An activity, then a call of an entity, then both results. */
function nextAction(id, seen) {
  if (id === 0) return actions.activity;
  if (id === 1) return seen.taskCompleted && actions.call;
  const answer = seen.entityOperationCompleted;
  return answer && actions.end(`[${seen.taskCompleted.result},${answer.output}]`);
}

/** The right answer to each kind of item, and one that shows wherever it gets. */
const answers = {
  orchestratorRequest: ({ instanceId, pastEvents, newEvents }, completionToken, isWrong) => {
    const events = [...pastEvents, ...newEvents];
    const seen = Object.fromEntries(events.map(({ eventType }) => [eventType.case, eventType.value]));
    const id = events.filter(({ eventId }) => eventId >= 0).length;
    const action = isWrong ? actions.end('"wrong"') : nextAction(id, seen);
    return [
      "completeOrchestratorTask",
      create(wire.OrchestratorResponseSchema, {
        instanceId,
        completionToken,
        actions: action ? [{ id, orchestratorActionType: action }] : [],
      }),
    ];
  },
  activityRequest: ({ input, taskId, orchestrationInstance }, completionToken, isWrong) => [
    "completeActivityTask",
    create(wire.ActivityResponseSchema, {
      instanceId: orchestrationInstance.instanceId,
      taskId,
      completionToken,
      result: isWrong ? '"wrong"' : input,
    }),
  ],
  entityRequestV2: ({ entityState, operationRequests }, completionToken, isWrong) => {
    const sums = operationRequests.map((_, index) => Number(entityState ?? 0) + 1 + index);
    const texts = isWrong ? sums.map(() => "1000") : sums.map(String);
    const results = texts.map((result) => ({ resultType: { case: "success", value: { result } } }));
    return [
      "completeEntityTask",
      create(wire.EntityBatchResultSchema, { results, entityState: texts.at(-1), completionToken }),
    ];
  },
};

function send([rpc, response]) {
  return new Promise((resolve) => {
    client[rpc](response, (error) => resolve(error ? status[error.code] : "OK"));
  });
}

let held;
let isHolding = kindToHold !== undefined;

async function work({ request, completionToken }) {
  const answer = answers[request.case];
  if (answer === undefined) return;
  if (isHolding && request.case === kindToHold) {
    if (held === undefined) {
      held = { value: request.value, completionToken };
      process.send("held");
      return;
    }
    isHolding = false;
    process.send(`late answer: ${await send(answer(held.value, held.completionToken, true))}`);
  }
  await send(answer(request.value, completionToken, false));
}

process.on("disconnect", () => process.exit());
for (;;) {
  await new Promise((resolve) => {
    const stream = client.getWorkItems(create(wire.GetWorkItemsRequestSchema), new Metadata());
    stream.on("data", (item) => void work(item));
    stream.on("error", resolve);
    stream.on("end", resolve);
  });
  await sleep(20);
}
