import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { isDurableError } from "../../src/core/errors.ts";
import type { FailureDetails } from "../../src/core/failure-details.ts";
import { given } from "../../src/core/given.ts";
import {
  decodeChunk,
  decodeMessage,
  encodeChunk,
  encodeMessage,
  memoOf,
} from "../../src/core/history-chunk.ts";
import type { HistoryEvent, MessageEvent } from "../../src/core/history-event.ts";
import { eventRaised, started, T0, taskCompleted, taskScheduled } from "../support/history.ts";

const seed = 20_240_102;
const AT = T0;

const text = fc.string({ unit: "binary" });
const maybe = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(values, { nil: undefined });
const number = fc.nat(100_000);
/** Half of the events bear the time of their episode. */
const timestamp = fc.oneof(fc.constant(AT), fc.nat({ max: 4_102_444_800_000 }));
const json = fc.jsonValue().map((value) => JSON.stringify(value));

const { failure } = fc.letrec<{ failure: FailureDetails }>((tie) => ({
  failure: fc
    .record({
      errorType: text,
      errorMessage: text,
      stackTrace: maybe(text),
      innerFailure: fc.option(tie("failure"), { nil: undefined, depthSize: "small", maxDepth: 3 }),
      isNonRetriable: fc.constantFrom(undefined, true as const),
      properties: maybe(fc.dictionary(fc.string(), fc.jsonValue({ noUnicodeString: true }).map(normalized))),
    })
    .map(given) as fc.Arbitrary<FailureDetails>,
}));

/** JSON knows no negative zero. */
function normalized(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

type Fields<T extends HistoryEvent["type"]> = {
  readonly [K in Exclude<
    keyof Extract<HistoryEvent, { type: T }>,
    "type" | "timestamp"
  >]-?: fc.Arbitrary<unknown>;
};

const tags = fc.dictionary(fc.string(), text);
const traceContext = fc.record({ traceParent: text, traceState: maybe(text) });
const parent = fc
  .record({ instanceId: text, executionId: text, name: text, version: maybe(text), taskScheduledId: number })
  .map(given);

/** A generator for every field of every event: an event that is added to the union is missed here by the compiler. */
const FIELDS: { readonly [T in HistoryEvent["type"]]: Fields<T> } = {
  ExecutionStarted: {
    instanceId: text,
    executionId: text,
    name: text,
    version: maybe(text),
    input: maybe(json),
    parent: maybe(parent),
    tags: maybe(tags),
    scheduledStartTime: maybe(number),
    traceContext: maybe(traceContext),
    generation: maybe(number),
  },
  ExecutionCompleted: {
    eventId: number,
    status: fc.constantFrom("Completed", "Failed", "Terminated"),
    result: maybe(json),
    failure: maybe(failure),
  },
  ExecutionTerminated: {
    reason: maybe(text),
    output: maybe(json),
    recurse: fc.constantFrom(undefined, true),
    parentInstanceId: maybe(text),
  },
  ExecutionSuspended: { reason: maybe(text) },
  ExecutionResumed: { reason: maybe(text) },
  ExecutionRewound: { reason: maybe(text), parent: maybe(parent), formerExecutionId: maybe(text) },
  TaskScheduled: {
    eventId: number,
    name: text,
    version: maybe(text),
    tags: maybe(tags),
    traceContext: maybe(traceContext),
    input: maybe(json),
    retryOf: maybe(number),
  },
  TaskCompleted: { taskScheduledId: number, result: maybe(json) },
  TaskFailed: { taskScheduledId: number, reason: text, failure },
  SubOrchestrationInstanceCreated: {
    eventId: number,
    instanceId: text,
    name: text,
    version: maybe(text),
    tags: maybe(tags),
    traceContext: maybe(traceContext),
    input: maybe(json),
    retryOf: maybe(number),
    fireAndForget: fc.constantFrom(undefined, true),
  },
  SubOrchestrationInstanceCompleted: { taskScheduledId: number, instanceId: text, result: maybe(json) },
  SubOrchestrationInstanceFailed: { taskScheduledId: number, instanceId: text, reason: text, failure },
  TimerCreated: { eventId: number, fireAt: number, retryOf: maybe(number), timeoutOf: maybe(text) },
  TimerFired: { timerId: number, fireAt: number },
  EventSent: { eventId: number, instanceId: text, name: text, input: maybe(json) },
  EventRaised: { name: text, input: maybe(json), messageId: maybe(text) },
  EntityOperationCalled: {
    viaEvents: fc.constantFrom(undefined, true),
    sentAs: maybe(fc.record({ instanceId: text, name: text, input: json })),
    eventId: number,
    requestId: text,
    instanceId: text,
    operation: text,
    input: maybe(json),
  },
  EntityOperationSignaled: {
    viaEvents: fc.constantFrom(undefined, true),
    sentAs: maybe(fc.record({ instanceId: text, name: text, input: json })),
    eventId: number,
    requestId: text,
    instanceId: text,
    operation: text,
    input: maybe(json),
    scheduledTime: maybe(number),
    scheduledNanos: maybe(number),
  },
  EntityLockRequested: {
    viaEvents: fc.constantFrom(undefined, true),
    sentAs: maybe(fc.record({ instanceId: text, name: text, input: json })),
    eventId: number,
    criticalSectionId: text,
    lockSet: fc.array(text),
  },
  EntityUnlockSent: {
    viaEvents: fc.constantFrom(undefined, true),
    sentAs: maybe(fc.record({ instanceId: text, name: text, input: json })),
    eventId: number,
    criticalSectionId: text,
    instanceId: text,
  },
  EntityOperationCompleted: { requestId: text, result: maybe(json) },
  EntityOperationFailed: { requestId: text, failure },
  EntityLockGranted: { criticalSectionId: text },
  PatchMarked: { patchId: text },
  OrchestratorStarted: {},
  OrchestratorCompleted: {},
};

const anyOf = (types: readonly HistoryEvent["type"][]): fc.Arbitrary<HistoryEvent> =>
  fc.oneof(
    ...types.map((type) =>
      fc
        .record({
          type: fc.constant(type),
          timestamp,
          ...(FIELDS[type] as Record<string, fc.Arbitrary<unknown>>),
        })
        .map(given),
    ),
  ) as unknown as fc.Arbitrary<HistoryEvent>;

const ALL = Object.keys(FIELDS) as HistoryEvent["type"][];

/** What the instance's record holds: the input and the output, which a chunk leaves out. */
function recordOf(events: readonly HistoryEvent[]) {
  let record: { readonly instanceId: string; input?: string; output?: string } = { instanceId: "abc123" };
  for (const event of events) {
    if (event.type === "ExecutionStarted" && event.input !== undefined)
      record = { ...record, input: event.input };
    if (event.type === "ExecutionCompleted" && event.result !== undefined)
      record = { ...record, output: event.result };
  }
  return record;
}

/** A history has one start and one end. */
function withoutSecondOnes(events: readonly HistoryEvent[]): readonly HistoryEvent[] {
  return events.filter(
    (event, index) =>
      (event.type !== "ExecutionStarted" && event.type !== "ExecutionCompleted") ||
      events.findIndex((other) => other.type === event.type) === index,
  );
}

describe("a chunk", () => {
  test("decodes to the very events it was made of, within the frame of their episode", () => {
    fc.assert(
      fc.property(fc.array(anyOf(ALL)), (generated) => {
        const events = withoutSecondOnes(generated);

        const { events: stored, eventCount } = encodeChunk(events, AT);

        const decoded = decodeChunk({ seq: 0, at: AT, events: stored }, recordOf(events));
        expect(decoded).toEqual([
          { type: "OrchestratorStarted", timestamp: AT },
          ...events,
          { type: "OrchestratorCompleted", timestamp: AT },
        ]);
        expect(eventCount).toBe(decoded.length);
      }),
      { seed },
    );
  });

  test("keeps a memo that no reader of its events sees; the last one counts", () => {
    const chunks = [{ text: "first" }, { text: 'the "last"' }, undefined].map((memo) =>
      encodeChunk([started()], AT, memo),
    );
    const cleared = encodeChunk([], AT, { text: undefined });

    expect([memoOf([]), memoOf(chunks), memoOf([...chunks, cleared])]).toEqual([
      undefined,
      'the "last"',
      undefined,
    ]);
    for (const { events, eventCount } of [...chunks, cleared]) {
      const decoded = decodeChunk({ seq: 0, at: AT, events }, { instanceId: "abc123" });
      expect(decoded).toHaveLength(eventCount);
      expect(JSON.stringify(decoded)).not.toMatch(/first|last|Memo/);
    }
  });

  test("leaves out the input and the output, which the record of the instance holds, and its own time", () => {
    const { events } = encodeChunk(
      [
        started({ input: '"the input"' }),
        {
          type: "ExecutionCompleted",
          timestamp: AT,
          eventId: 0,
          status: "Completed",
          result: '"the output"',
        },
      ],
      AT,
    );

    expect(events).not.toMatch("the input");
    expect(events).not.toMatch("the output");
    expect(events).not.toMatch("timestamp");
  });

  test("writes the events that most episodes consist of as JSON.stringify does", () => {
    const events = [
      taskScheduled(1, 'a "quoted" name', { a: 1 }),
      { ...taskCompleted(0, "x\u2028"), timestamp: AT + 1 },
    ];

    expect(JSON.parse(encodeChunk(events, AT).events)).toEqual([
      { type: "TaskScheduled", eventId: 1, name: 'a "quoted" name', input: '{"a":1}' },
      { type: "TaskCompleted", taskScheduledId: 0, result: JSON.stringify("x\u2028"), timestamp: AT + 1 },
    ]);
  });

  test.each(["", "[", "{}", "null", "[1]", "[null]", '[{"name":"no type"}]'])(
    "that reads %j is corrupt, and the error names the instance and the chunk",
    (events) => {
      expect(() => decodeChunk({ seq: 7, at: AT, events }, { instanceId: "abc123" })).toThrow(
        expect.toSatisfy(
          (error) =>
            isDurableError(error, "HISTORY_CORRUPT") &&
            /Chunk 7 of the history of instance 'abc123'/.test((error as Error).message),
        ),
      );
    },
  );
});

describe("a message", () => {
  const MESSAGES: readonly MessageEvent["type"][] = [
    "ExecutionTerminated",
    "ExecutionSuspended",
    "ExecutionResumed",
    "ExecutionRewound",
    "TaskCompleted",
    "TaskFailed",
    "SubOrchestrationInstanceCompleted",
    "SubOrchestrationInstanceFailed",
    "TimerFired",
    "EventRaised",
  ];

  test("decodes to the event it was made of", () => {
    fc.assert(
      fc.property(anyOf(MESSAGES), (event) => {
        expect(decodeMessage(encodeMessage(event as MessageEvent))).toEqual(event);
      }),
      { seed },
    );
  });

  test.each(["", "null", "{}", '{"type":"Unknown"}', '{"type":"TaskScheduled"}', "[]", '"EventRaised"'])(
    "that reads %j is corrupt",
    (stored) => {
      expect(() => decodeMessage(stored)).toThrow(
        expect.toSatisfy((error) => isDurableError(error, "HISTORY_CORRUPT")),
      );
    },
  );

  test("is cut off in the error that quotes it", () => {
    const long = encodeMessage(eventRaised("x".repeat(10_000))).slice(0, -1);

    expect(() => decodeMessage(long)).toThrow(
      expect.toSatisfy((error) => (error as Error).message.length < 200),
    );
  });
});
