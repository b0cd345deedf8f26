import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import type { HistoryEvent, HistoryEventName } from "../../src/core/history-event.ts";

type Fields<T extends HistoryEventName> = Exclude<
  keyof Extract<HistoryEvent, { type: T }>,
  "type" | "timestamp"
>;

/** Whether a field is always there. The compiler sees to it that no event and no field is missing. */
type Presence<T extends HistoryEventName> = {
  readonly [K in Fields<T>]-?: undefined extends Extract<HistoryEvent, { type: T }>[K]
    ? "optional"
    : "required";
};

const [required, optional] = ["required", "optional"] as const;

const EVENTS: { readonly [T in HistoryEventName]: Presence<T> } = {
  ExecutionStarted: {
    instanceId: required,
    executionId: required,
    name: required,
    version: optional,
    input: optional,
    parent: optional,
    tags: optional,
    scheduledStartTime: optional,
    traceContext: optional,
    generation: optional,
  },
  ExecutionCompleted: { eventId: required, status: required, result: optional, failure: optional },
  ExecutionTerminated: {
    reason: optional,
    output: optional,
    recurse: optional,
    parentInstanceId: optional,
  },
  ExecutionSuspended: { reason: optional },
  ExecutionResumed: { reason: optional },
  ExecutionRewound: { reason: optional, parent: optional, formerExecutionId: optional },
  TaskScheduled: {
    eventId: required,
    name: required,
    version: optional,
    tags: optional,
    traceContext: optional,
    input: optional,
    retryOf: optional,
  },
  TaskCompleted: { taskScheduledId: required, result: optional },
  TaskFailed: { taskScheduledId: required, reason: required, failure: required },
  SubOrchestrationInstanceCreated: {
    eventId: required,
    instanceId: required,
    name: required,
    version: optional,
    tags: optional,
    traceContext: optional,
    input: optional,
    retryOf: optional,
    fireAndForget: optional,
  },
  SubOrchestrationInstanceCompleted: { taskScheduledId: required, instanceId: required, result: optional },
  SubOrchestrationInstanceFailed: {
    taskScheduledId: required,
    instanceId: required,
    reason: required,
    failure: required,
  },
  TimerCreated: { eventId: required, fireAt: required, retryOf: optional, timeoutOf: optional },
  TimerFired: { timerId: required, fireAt: required },
  EventSent: { eventId: required, instanceId: required, name: required, input: optional },
  EventRaised: { name: required, input: optional, messageId: optional },
  EntityOperationCalled: {
    eventId: required,
    requestId: required,
    instanceId: required,
    operation: required,
    input: optional,
    viaEvents: optional,
    sentAs: optional,
  },
  EntityOperationSignaled: {
    eventId: required,
    requestId: required,
    instanceId: required,
    operation: required,
    input: optional,
    scheduledTime: optional,
    scheduledNanos: optional,
    viaEvents: optional,
    sentAs: optional,
  },
  EntityLockRequested: {
    eventId: required,
    criticalSectionId: required,
    lockSet: required,
    viaEvents: optional,
    sentAs: optional,
  },
  EntityUnlockSent: {
    eventId: required,
    criticalSectionId: required,
    instanceId: required,
    viaEvents: optional,
    sentAs: optional,
  },
  EntityOperationCompleted: { requestId: required, result: optional },
  EntityOperationFailed: { requestId: required, failure: required },
  EntityLockGranted: { criticalSectionId: required },
  PatchMarked: { patchId: required },
  OrchestratorStarted: {},
  OrchestratorCompleted: {},
};

const rows = readFileSync(new URL("../../docs/history-events.md", import.meta.url), "utf8")
  .split("\n")
  .filter((line) => line.startsWith("| `"))
  .map((line) => line.split("|").map((cell) => cell.trim()));

const nameOf = (cell = ""): string => cell.replaceAll("`", "");

function fieldsOf(cell = ""): Readonly<Record<string, string>> {
  const fields = cell === "" ? [] : cell.split(",").map((field) => nameOf(field.trim()));
  return Object.fromEntries(
    fields.map((field) => [field.replace("?", ""), field.endsWith("?") ? optional : required]),
  );
}

test("docs/history-events.md names exactly the events there are, each once", () => {
  expect(rows.map(([, name]) => nameOf(name)).toSorted()).toEqual(Object.keys(EVENTS).toSorted());
});

test("docs/history-events.md names exactly the fields of each event, and which may be missing", () => {
  expect(Object.fromEntries(rows.map(([, name, , fields]) => [nameOf(name), fieldsOf(fields)]))).toEqual(
    EVENTS,
  );
});

test("docs/history-events.md says of each event what it records and who writes it", () => {
  expect(rows.filter(([, , records, , writer]) => !records || !writer)).toEqual([]);
});
