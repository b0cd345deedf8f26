import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { eventfulApp } from "./history-app.ts";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";
import { Instances } from "./instances.ts";

type Event = Readonly<Record<string, unknown>>;

const T0 = Date.UTC(2024, 0, 2, 3, 4, 5);
const IN = "showHistory=true";
const OUT = "showHistory=true&showHistoryOutput=true";

let host: HostUnderTest;

beforeAll(async () => {
  host = await startHost({}, { app: eventfulApp() });
  const { client } = host.hub;
  await client.startNew("everything", {
    instanceId: "running",
    input: "Tokyo",
    version: "7",
    tags: { a: "b" },
  });
  await waitsFor("running", "go");
  await client.suspend("running", "lunch");
  await client.resume("running");
  await client.raiseEvent("running", "go", { n: 1 });
  await client.startNew("never", { instanceId: "terminated" });
  await client.waitForStart("terminated");
  await client.terminate("terminated", "enough");
  await client.startNew("retries", { instanceId: "retried" });
  await client.startNew("again", { instanceId: "again", input: 0 });
  await client.startNew("brokenChild", { instanceId: "rewound", startAt: new Date(Date.now() + 5) });
  for (const id of ["terminated", "retried", "again", "rewound"]) await client.waitForCompletion(id);
  await client.rewind("rewound", "mended");
  await client.waitForCompletion("rewound");
  await writeByHand();
});

/** An activity runs on. */
afterAll(() => host.hub.close({ drainMs: 0 }));

function waitsFor(instanceId: string, event: string): Promise<void> {
  return vi.waitFor(async () => {
    const waiting = await host.hub.client.whyWaiting(instanceId);
    expect(waiting?.sentence).toContain(`'${event}'`);
  });
}

/** Histories that no run of ours would leave, or not at such times, in a hub that nobody runs. */
async function writeByHand(): Promise<void> {
  const hand = new Instances(host.storage, "Other");
  const started: HistoryEvent = {
    type: "ExecutionStarted",
    timestamp: T0 + 123,
    instanceId: "hand",
    executionId: "e",
    name: "Hello3",
  };
  const scheduled = (eventId: number, timestamp: number): HistoryEvent => ({
    type: "TaskScheduled",
    timestamp,
    eventId,
    name: "SayHello",
  });
  const completed: HistoryEvent = {
    type: "TaskCompleted",
    timestamp: T0 + 1_200,
    taskScheduledId: 0,
    result: '"Hello Tokyo!"',
  };
  const history = [started, scheduled(0, T0 + 200), completed, scheduled(1, T0 + 2_000)];
  await hand.put("worked", "Running", { at: T0, history });
  await hand.put("twice", "Running", { at: T0, history: [...history, completed] });
}

const textOf = async (path: string): Promise<string> =>
  (await host.call("GET", `${BASE}/instances/${path}`)).text();

async function eventsOf(instanceId: string, query = OUT): Promise<readonly Event[]> {
  const payload = JSON.parse(await textOf(`${instanceId}?${query}`)) as { historyEvents: readonly Event[] };
  return payload.historyEvents;
}

/** The one event of this type, with what no test can know replaced. */
async function eventOf(instanceId: string, type: string, query = OUT): Promise<Event> {
  const found = (await eventsOf(instanceId, query)).filter(({ EventType }) => EventType === type);
  expect(found).toHaveLength(1);
  return JSON.parse(
    JSON.stringify(found[0], (key, value: unknown) =>
      key === "StackTrace" ? typeof value : value,
    ).replaceAll(/"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d*[1-9])?Z"/g, '"a time"'),
  ) as Event;
}

const failure = (ErrorType: string, ErrorMessage: string, InnerFailure: unknown = null): object => ({
  ErrorType,
  ErrorMessage,
  StackTrace: "string",
  InnerFailure,
  IsNonRetriable: false,
});

describe("each event has these properties and no other", () => {
  const base = { Timestamp: "a time" };
  const merged = { ...base, ScheduledTime: "a time" };

  test.each<[string, string, string, object]>([
    ["Y-10 Y-18", "running", "ExecutionStarted", { ...base, FunctionName: "everything", Input: '"Tokyo"' }],
    ["Y-10 Y-18", "again", "ExecutionStarted", { ...base, FunctionName: "again", Input: "2", Generation: 2 }],
    [
      "Y-18",
      "rewound",
      "ExecutionStarted",
      { ...base, FunctionName: "brokenChild", Input: null, ScheduledStartTime: "a time" },
    ],
    [
      "Y-13 Y-16 Y-23 (our hubs do store the inputs of activities)",
      "running",
      "TaskCompleted",
      { ...merged, FunctionName: "double", Input: "21", Result: 42 },
    ],
    [
      "Y-13 Y-17 Y-24",
      "running",
      "TaskFailed",
      {
        ...merged,
        FunctionName: "explode",
        Input: '{"tray":2}',
        Reason: "Activity function 'explode' failed: boom",
        Details: null,
        FailureDetails: failure("RangeError", "boom", failure("TypeError", "deep")),
      },
    ],
    [
      "Y-14 Y-23 (our hubs do store the inputs of children)",
      "running",
      "SubOrchestrationInstanceCompleted",
      { ...merged, FunctionName: "child", Input: '"kid"', Result: "kid" },
    ],
    [
      "Y-14 Y-17 Y-24",
      "running",
      "SubOrchestrationInstanceFailed",
      {
        ...merged,
        FunctionName: "brokenChild",
        Input: null,
        Reason: "Orchestrator function 'brokenChild' failed: bad child",
        Details: null,
        FailureDetails: failure("Error", "bad child"),
      },
    ],
    ["Y-15", "running", "TaskScheduled", { ...base, Name: "hang", Input: "1" }],
    [
      "Y-15",
      "running",
      "SubOrchestrationInstanceCreated",
      { ...base, Name: "never", Input: '"x"', InstanceId: "hanging-kid" },
    ],
    ["Y-20", "running", "TimerCreated", { ...base, FireAt: "a time" }],
    ["Y-20", "running", "TimerFired", { ...base, FireAt: "a time" }],
    ["Y-21", "running", "EventSent", { ...base, InstanceId: "receiver", Name: "hello", Input: '{"a":1}' }],
    ["Y-21", "running", "EventRaised", { ...base, Name: "go", Input: '{"n":1}' }],
    ["Y-21", "running", "ExecutionSuspended", { ...base, Reason: "lunch" }],
    ["Y-21", "running", "ExecutionResumed", { ...base, Reason: null }],
    ["Y-21", "terminated", "ExecutionTerminated", { ...base, Input: "enough" }],
    ["Y-21", "rewound", "ExecutionRewound", { ...base, Reason: "mended" }],
    [
      "Y-19",
      "terminated",
      "ExecutionCompleted",
      { ...base, OrchestrationStatus: "Terminated", Result: "enough" },
    ],
    [
      "Y-16 Y-19 Y-24",
      "again",
      "ExecutionCompleted",
      { ...base, OrchestrationStatus: "Completed", Result: { n: 2 } },
    ],
    [
      "Y-19",
      "rewound",
      "ExecutionCompleted",
      {
        ...base,
        OrchestrationStatus: "Failed",
        Result: "Orchestrator function 'brokenChild' failed: bad child",
        FailureDetails: failure("Error", "bad child"),
      },
    ],
  ])("%s of %s: %s", async (_rules, instanceId, type, expected) => {
    const event = await eventOf(instanceId, type);

    expect(event).toEqual({ EventType: type, ...expected });
    expect(Object.keys(await eventOf(instanceId, type, IN)).toSorted()).toEqual(
      Object.keys(event)
        .filter((key) => key !== "Result")
        .toSorted(),
    );
    expect(Object.keys(await eventOf(instanceId, type, `${OUT}&showInput=false`)).toSorted()).toEqual(
      Object.keys(event)
        .filter((key) => key !== "Input")
        .toSorted(),
    );
  });
});

describe("the list of events", () => {
  const typesOf = async (instanceId: string, query?: string): Promise<unknown[]> =>
    (await eventsOf(instanceId, query)).map(({ EventType }) => EventType);

  test.each([IN, OUT, `${IN}&showInput=false`])(
    "Y-3 Y-11 Y-13 Y-14 Y-20 is in the order of the stored history, results in place of what they end: %s",
    async (query) => {
      expect(await typesOf("running", query)).toEqual([
        "ExecutionStarted",
        "TaskCompleted",
        "SubOrchestrationInstanceCompleted",
        "TaskFailed",
        "SubOrchestrationInstanceFailed",
        "TimerCreated",
        "TimerFired",
        "EventSent",
        "ExecutionSuspended",
        "ExecutionResumed",
        "EventRaised",
        "TaskScheduled",
        "SubOrchestrationInstanceCreated",
      ]);
    },
  );

  test("Y-3 goes forward in time", async () => {
    const times = (await eventsOf("running")).map(({ Timestamp }) => Date.parse(String(Timestamp)));

    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("Y-2 is of the last execution: what was before a continue-as-new is gone", async () => {
    expect(await typesOf("again")).toEqual(["ExecutionStarted", "TaskCompleted", "ExecutionCompleted"]);
    expect((await eventOf("again", "TaskCompleted"))["Input"]).toBe("2");
  });

  test("Y-13 (d) shows each failure of a retried activity, its wait and the next result", async () => {
    expect(await typesOf("retried")).toEqual([
      "ExecutionStarted",
      "TaskFailed",
      "TimerCreated",
      "TimerFired",
      "TaskCompleted",
      "ExecutionCompleted",
    ]);
  });

  test("Y-19 ends with ExecutionCompleted also where somebody else ended the run", async () => {
    expect(await typesOf("terminated")).toEqual([
      "ExecutionStarted",
      "ExecutionTerminated",
      "ExecutionCompleted",
    ]);
  });

  test.each(["", "&showInput=false", "&showHistoryOutput=true", "&showInput=false&showHistoryOutput=true"])(
    "Y-4 is the same from the client as over HTTP, and pages of instances have none: %s",
    async (flags) => {
      const options = {
        showHistory: true,
        showInput: !flags.includes("showInput"),
        showHistoryOutput: flags.includes("showHistoryOutput"),
      };

      expect(await eventsOf("running", IN + flags)).toEqual(
        (await host.hub.client.getStatus("running", options))?.historyEvents,
      );
      const page = (await (await host.call("GET", `${BASE}/instances?${IN}${flags}`)).json()) as Event[];
      expect(page.length).toBeGreaterThan(0);
      expect(page.filter((status) => "historyEvents" in status)).toEqual([]);
    },
  );

  test("Y-12 without inputs has none anywhere in the answer, also no reason of a termination", async () => {
    for (const id of ["running", "terminated"]) {
      const text = await textOf(`${id}?${IN}&showInput=false`);

      expect(text).toContain('"input":null');
      expect(text).not.toContain('"Input"');
    }
  });

  test("Y-16 Y-22 parses results, and shows inputs as the text they are stored as", async () => {
    const text = await textOf(`running?${OUT}`);

    expect(text).toContain('"Input":"\\"Tokyo\\""');
    expect(text).toContain('"Input":"{\\"tray\\":2}"');
    expect(text).toContain('"Result":42');
    expect(await textOf(`again?${OUT}`)).toContain('"Result":{"n":2}');
  });

  test("Y-24 leaves out diagnostics that are null", async () => {
    const text = await textOf(`running?${OUT}`);

    expect(text).not.toMatch(/"(Correlation|ParentTraceContext|Tags|ClientSpanId|ScheduledStartTime)"/);
  });
});

describe("a history at known times", () => {
  test("Y-25 Y-26 has its keys in order and its times trimmed, as the worked example of the contract", async () => {
    const text = await textOf(`worked?taskHub=Other&${OUT}`);

    expect(text.slice(text.indexOf('"historyEvents":'))).toBe(
      '"historyEvents":[' +
        '{"Input":"{\\"n\\":1}","EventType":"ExecutionStarted","Timestamp":"2024-01-02T03:04:05.123Z","FunctionName":"Hello3"},' +
        '{"Result":"Hello Tokyo!","EventType":"TaskCompleted","Timestamp":"2024-01-02T03:04:06.2Z",' +
        '"ScheduledTime":"2024-01-02T03:04:05.2Z","FunctionName":"SayHello","Input":null},' +
        '{"Name":"SayHello","Input":null,"EventType":"TaskScheduled","Timestamp":"2024-01-02T03:04:07Z"}]}',
    );
  });

  test("Y-27 in which a result came twice loses no other entry", async () => {
    const events = await eventsOf("twice", `taskHub=Other&${IN}`);

    expect(events.map(({ EventType, Timestamp }) => [EventType, Timestamp])).toEqual([
      ["ExecutionStarted", "2024-01-02T03:04:05.123Z"],
      ["TaskCompleted", "2024-01-02T03:04:06.2Z"],
      ["TaskScheduled", "2024-01-02T03:04:07Z"],
      ["TaskCompleted", "2024-01-02T03:04:06.2Z"],
    ]);
  });
});

test("Y-1 without showHistory, and of a pending instance, there is none", async () => {
  await host.hub.client.startNew("child", {
    instanceId: "pending",
    startAt: new Date(Date.now() + 3_600_000),
  });

  expect(await jsonOf(await host.call("GET", `${BASE}/instances/running`))).not.toHaveProperty(
    "historyEvents",
  );
  expect(await jsonOf(await host.call("GET", `${BASE}/instances/pending?${OUT}`))).not.toHaveProperty(
    "historyEvents",
  );
});
