/**
 * A worker in a process of its own, for the crash tests: it speaks the protocol without an SDK, does a fixed program from
 * whatever history it is sent, and comes back when its stream ends.
 *
 * usage: grpc-worker.mjs <address> <file for the names of activities that began>
 */
import { createHash } from "node:crypto";
import { appendFileSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { create } from "@bufbuild/protobuf";
import { credentials, Metadata, makeGenericClientConstructor } from "@grpc/grpc-js";
import * as wire from "../../dist/wire/generated/orchestrator_service_pb.js";
import { defineSidecarService } from "../../dist/wire/sidecar-service.js";
import { encodeTimestamp } from "../../dist/wire/timestamp-codec.js";

const [address, ranFile] = process.argv.slice(2);
const Client = makeGenericClientConstructor(defineSidecarService(), "TaskHubSidecarService");
const client = new Client(address, credentials.createInsecure(), {
  "grpc.initial_reconnect_backoff_ms": 100,
  "grpc.max_reconnect_backoff_ms": 300,
});

const call = (rpc, request) =>
  new Promise((resolve) => {
    client[rpc](request, (error) => resolve(error));
  });

/** What each orchestration does, a step after the other; a step is over when all it has asked for is answered. */
const PROGRAMS = {
  family: (name, began) => [
    [task(0, `${name}/first`)],
    [task(1, `${name}/all-1`), task(2, `${name}/all-2`), timer(3, began + 30)],
    [child(4, `${name}-child`, name)],
    [event("go")],
    [lock(5, accountsOf(name))],
    [entityCall(6, accountsOf(name)[0], -1)],
    [entityCall(7, accountsOf(name)[1], 1)],
    accountsOf(name).map((account, index) => unlock(8 + index, account, 5)),
    [task(10, `${name}/last`)],
  ],
  child: (name) => [[task(0, `${name}/child-1`)], [task(1, `${name}/child-2`)]],
};

const ACCOUNTS = 5;

function accountsOf(name) {
  const number = Number(name.split("-").at(-1));
  return [number % ACCOUNTS, (number + 1 + (number % 3)) % ACCOUNTS].map((each) => `@account@${each}`).sort();
}

const task = (id, input) => ({
  id,
  action: { case: "scheduleTask", value: { name: "step", input: JSON.stringify(input) } },
  isAnswered: (seen) => seen.tasks.has(id),
});
const timer = (id, fireAt) => ({
  id,
  action: { case: "createTimer", value: { fireAt: encodeTimestamp(fireAt) } },
  isAnswered: (seen) => seen.timers.has(id),
});
const child = (id, instanceId, input) => ({
  id,
  action: {
    case: "createSubOrchestration",
    value: { instanceId, name: "child", input: JSON.stringify(input) },
  },
  isAnswered: (seen) => seen.children.has(id),
});
const event = (name) => ({ isAnswered: (seen) => seen.events.has(name) });
const entityMessage = (id, message) => ({
  id,
  action: { case: "sendEntityMessage", value: { EntityMessageType: message } },
});
const lock = (id, lockSet) => ({
  ...entityMessage(id, {
    case: "entityLockRequested",
    value: { criticalSectionId: guid(lockSet.join(), id), lockSet },
  }),
  isAnswered: (seen) => seen.locks > 0,
});
const entityCall = (id, targetInstanceId, amount) => {
  const requestId = guid(targetInstanceId, id);
  return {
    ...entityMessage(id, {
      case: "entityOperationCalled",
      value: { requestId, operation: "add", input: String(amount), targetInstanceId },
    }),
    isAnswered: (seen) => seen.answers.has(guid(targetInstanceId, id)),
  };
};
const unlock = (id, targetInstanceId, lockId) => ({
  ...entityMessage(id, { case: "entityUnlockSent", value: { criticalSectionId: lockId, targetInstanceId } }),
  isAnswered: () => true,
});

let salt = "";
function guid(...parts) {
  const hex = createHash("md5")
    .update([salt, ...parts].join())
    .digest("hex");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

function seenIn(history) {
  const seen = {
    asked: new Set(),
    tasks: new Map(),
    timers: new Set(),
    children: new Map(),
    events: new Set(),
    answers: new Set(),
    locks: 0,
  };
  for (const { eventId, eventType } of history) {
    if (eventId >= 0) seen.asked.add(eventId);
    const { case: kind, value } = eventType;
    if (kind === "taskCompleted") seen.tasks.set(value.taskScheduledId, JSON.parse(value.result));
    if (kind === "timerFired") seen.timers.add(value.timerId);
    if (kind === "subOrchestrationInstanceCompleted") seen.children.set(value.taskScheduledId, value.result);
    if (kind === "eventRaised") seen.events.add(value.name);
    if (kind === "entityOperationCompleted") seen.answers.add(value.requestId);
    if (kind === "entityLockGranted") seen.locks += 1;
  }
  return seen;
}

function turn({ instanceId, pastEvents, newEvents }, completionToken) {
  const history = [...pastEvents, ...newEvents];
  const started = history.find(({ eventType }) => eventType.case === "executionStarted");
  const { name, input } = started.eventType.value;
  const seen = seenIn(history);
  salt = instanceId;
  const began = Number(history[0].timestamp.seconds) * 1_000;
  const actions = [];
  let isOver = true;
  for (const step of PROGRAMS[name](JSON.parse(input), began)) {
    for (const { id, action } of step) {
      if (id === undefined || seen.asked.has(id)) continue;
      const { EntityMessageType: message } = action.value;
      if (message?.case === "entityUnlockSent") {
        message.value.criticalSectionId = guid(
          accountsOf(JSON.parse(input)).join(),
          message.value.criticalSectionId,
        );
      }
      actions.push({ id, orchestratorActionType: action });
    }
    if (step.every(({ isAnswered }) => isAnswered(seen))) continue;
    isOver = false;
    break;
  }
  if (isOver) {
    const result = JSON.stringify([...seen.tasks.values()].sort((a, b) => (a < b ? -1 : 1)));
    const orchestrationStatus = wire.OrchestrationStatus.COMPLETED;
    actions.push({
      id: 99,
      orchestratorActionType: { case: "completeOrchestration", value: { orchestrationStatus, result } },
    });
  }
  return create(wire.OrchestratorResponseSchema, { instanceId, completionToken, actions });
}

async function activity({ input, taskId, orchestrationInstance }, completionToken) {
  const name = JSON.parse(input);
  appendFileSync(ranFile, `${name}\n`);
  await sleep(Math.random() * 20);
  const { instanceId } = orchestrationInstance;
  return create(wire.ActivityResponseSchema, { instanceId, taskId, result: input, completionToken });
}

async function batch({ entityState, operationRequests }, completionToken) {
  let balance = Number(entityState ?? 1_000);
  await sleep(Math.random() * 10);
  const results = operationRequests.map(({ eventType }) => {
    balance += Number(eventType.value.input);
    return { resultType: { case: "success", value: { result: String(balance) } } };
  });
  return create(wire.EntityBatchResultSchema, { results, entityState: String(balance), completionToken });
}

async function work({ request, completionToken }) {
  switch (request.case) {
    case "orchestratorRequest":
      return call("completeOrchestratorTask", turn(request.value, completionToken));
    case "activityRequest":
      return call("completeActivityTask", await activity(request.value, completionToken));
    case "entityRequestV2":
      return call("completeEntityTask", await batch(request.value, completionToken));
    default:
      return undefined;
  }
}

for (;;) {
  await new Promise((resolve) => {
    const stream = client.getWorkItems(create(wire.GetWorkItemsRequestSchema), new Metadata());
    stream.on("data", (item) => void work(item));
    stream.on("error", resolve);
    stream.on("end", resolve);
  });
  await sleep(50);
}
