import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { type ProjectionOptions, projectHistory } from "../../src/core/history-projection.ts";
import { historyTime } from "../../src/core/history-time.ts";
import {
  childCompleted,
  childCreated,
  childFailed,
  episode,
  eventRaised,
  eventSent,
  failure,
  resumed,
  started,
  suspended,
  T0,
  taskCompleted,
  taskFailed,
  taskScheduled,
  terminated,
  timerCreated,
  timerFired,
} from "../support/history.ts";

const AT = "2024-01-02T03:04:05Z";

const project = (options: ProjectionOptions, ...events: readonly HistoryEvent[]) =>
  projectHistory(episode(T0, ...events), options);

const completed: HistoryEvent = {
  type: "ExecutionCompleted",
  timestamp: T0,
  eventId: 9,
  status: "Completed",
  result: '{"total":3}',
};

describe("the worked example of section 2.4: three activities, the second still running", () => {
  const history: HistoryEvent[] = [
    ...episode(T0, started({ timestamp: T0 + 123, name: "Hello3", input: '"Tokyo"' }), {
      ...taskScheduled(0, "SayHello"),
      timestamp: T0 + 200,
    }),
    ...episode(
      T0 + 1_200,
      { ...taskCompleted(0, "Hello Tokyo!"), timestamp: T0 + 1_200 },
      { ...taskScheduled(1, "SayHello"), timestamp: T0 + 1_300 },
    ),
  ];
  const [begun, , running] = [
    {
      EventType: "ExecutionStarted",
      Input: '"Tokyo"',
      Timestamp: "2024-01-02T03:04:05.123Z",
      FunctionName: "Hello3",
    },
    undefined,
    { EventType: "TaskScheduled", Name: "SayHello", Input: null, Timestamp: "2024-01-02T03:04:06.3Z" },
  ];
  const done = {
    EventType: "TaskCompleted",
    Timestamp: "2024-01-02T03:04:06.2Z",
    ScheduledTime: "2024-01-02T03:04:05.2Z",
    FunctionName: "SayHello",
    Input: null,
  };
  const without = ({ Input: _, ...entry }: Readonly<Record<string, unknown>>) => entry;

  test.each<[string, ProjectionOptions, readonly object[]]>([
    ["defaults", {}, [begun, done, running]],
    ["showInput=true", { showInput: true }, [begun, done, running]],
    [
      "showHistoryOutput=true",
      { showHistoryOutput: true },
      [begun, { ...done, Result: "Hello Tokyo!" }, running],
    ],
    ["showInput=false", { showInput: false }, [without(begun), without(done), without(running)]],
    [
      "showInput=false, showHistoryOutput=true",
      { showInput: false, showHistoryOutput: true },
      [without(begun), { ...without(done), Result: "Hello Tokyo!" }, without(running)],
    ],
  ])("with %s", (_flags, options, expected) => {
    expect(projectHistory(history, options)).toEqual(expected);
  });
});

describe("one event of each type", () => {
  const parent = { instanceId: "boss", executionId: "f00", name: "Boss", taskScheduledId: 1 };

  test.each<[string, HistoryEvent, object]>([
    [
      "Y-18: started",
      started({ version: "1", tags: { a: "b" }, parent }),
      { Input: null, FunctionName: "Orchestrator" },
    ],
    [
      "Y-18: started, scheduled and continued as new",
      started({ input: "1", scheduledStartTime: T0 - 500, generation: 2 }),
      {
        Input: "1",
        FunctionName: "Orchestrator",
        ScheduledStartTime: "2024-01-02T03:04:04.5Z",
        Generation: 2,
      },
    ],
    ["Y-19: completed", completed, { OrchestrationStatus: "Completed" }],
    [
      "Y-19: failed",
      { ...completed, status: "Failed", failure: failure("no", { isNonRetriable: true }) },
      {
        OrchestrationStatus: "Failed",
        FailureDetails: {
          ErrorType: "Error",
          ErrorMessage: "no",
          StackTrace: null,
          InnerFailure: null,
          IsNonRetriable: true,
        },
      },
    ],
    [
      "Y-19: ended by terminate",
      { ...completed, status: "Terminated" },
      { OrchestrationStatus: "Terminated" },
    ],
    ["Y-21: terminated", terminated("enough"), { Input: "enough" }],
    ["Y-21: terminated without a reason", terminated(), { Input: null }],
    ["Y-21: suspended", suspended("wait"), { Reason: "wait" }],
    ["Y-21: suspended without a reason", suspended(), { Reason: null }],
    ["Y-21: resumed", resumed("go on"), { Reason: "go on" }],
    ["Y-21: rewound", { type: "ExecutionRewound", timestamp: T0, reason: "again" }, { Reason: "again" }],
    [
      "Y-21: rewound by its parent",
      { type: "ExecutionRewound", timestamp: T0, parent },
      { Reason: null, ParentExecutionId: "f00" },
    ],
    ["Y-15: an activity that runs", taskScheduled(0, "Work", 1), { Name: "Work", Input: "1" }],
    [
      "Y-15: a child that runs",
      { ...childCreated(0, "Child", "c1"), version: "2", input: "1" },
      { Name: "Child", InstanceId: "c1", Input: "1" },
    ],
    ["Y-20: a timer", timerCreated(0, T0 + 90), { FireAt: "2024-01-02T03:04:05.09Z" }],
    ["Y-20: a timer that has fired", timerFired(0, T0 + 100), { FireAt: "2024-01-02T03:04:05.1Z" }],
    ["Y-21: an event raised", eventRaised("go", { n: 1 }, "m1"), { Name: "go", Input: '{"n":1}' }],
    [
      "Y-21: an event sent",
      eventSent(0, "other", "hello"),
      { InstanceId: "other", Name: "hello", Input: null },
    ],
  ])("%s", (_what, event, expected) => {
    expect(project({}, event)).toEqual([{ EventType: event.type, Timestamp: AT, ...expected }]);
  });

  test("Y-11: the frames of an episode are left out", () => {
    expect(project({})).toEqual([]);
  });
});

const everything: readonly HistoryEvent[] = [
  started({ input: '"in"' }),
  taskScheduled(0, "Work", "a"),
  { ...childCreated(1, "Child", "c1"), input: '"b"' },
  timerCreated(2),
  {
    ...eventSent(3, "other", "hello"),
    type: "EventSent",
    instanceId: "other",
    name: "hello",
    eventId: 3,
    input: '"c"',
  },
  eventRaised("go", "d"),
  taskCompleted(0, "A"),
  childFailed(1, "c1"),
  timerFired(2),
  suspended("e"),
  resumed("f"),
  terminated("g"),
  completed,
];

test.each<[string, string[], ProjectionOptions]>([
  [
    "Y-10, Y-13, Y-20: EventId, IsPlayed, TaskScheduledId and TimerId are",
    ["EventId", "IsPlayed", "TaskScheduledId", "TimerId"],
    {},
  ],
  ["Y-12: without showInput, Input is", ["Input"], { showInput: false }],
  ["Y-16: without showHistoryOutput, Result is", ["Result"], {}],
  [
    "Y-15, Y-18: Version, Tags, ParentInstance and OrchestrationInstance are",
    ["Version", "Tags", "ParentInstance", "OrchestrationInstance"],
    {},
  ],
])("%s nowhere in the projection", (_what, keys, options) => {
  const seen = new Set(project(options, ...everything).flatMap((entry) => Object.keys(entry)));

  expect(keys.filter((key) => seen.has(key))).toEqual([]);
});

test("marks of patches are not shown", () => {
  const events = project({}, started(), { type: "PatchMarked", timestamp: T0, patchId: "check" });

  expect(events.map((event) => event.EventType)).toEqual(["ExecutionStarted"]);
});

describe("results", () => {
  test("Y-13: stand at their own place and time, in order of completion", () => {
    const entries = projectHistory([
      ...episode(T0, taskScheduled(0, "A", 1), taskScheduled(1, "B", 2)),
      ...episode(T0 + 1_000, taskCompleted(1)),
      ...episode(T0 + 2_000, taskCompleted(0)),
    ]);

    expect(entries).toEqual([
      {
        EventType: "TaskCompleted",
        Timestamp: "2024-01-02T03:04:06Z",
        ScheduledTime: AT,
        FunctionName: "B",
        Input: "2",
      },
      {
        EventType: "TaskCompleted",
        Timestamp: "2024-01-02T03:04:07Z",
        ScheduledTime: AT,
        FunctionName: "A",
        Input: "1",
      },
    ]);
  });

  test("Y-14: of children lose the child's id", () => {
    expect(project({}, childCreated(0, "Child", "c1"), childCompleted(0, "c1", 1))).toEqual([
      {
        EventType: "SubOrchestrationInstanceCompleted",
        Timestamp: AT,
        ScheduledTime: AT,
        FunctionName: "Child",
        Input: null,
      },
    ]);
  });

  test.each([{}, { showInput: false }, { showHistoryOutput: true }])(
    "Y-17: that are failures always tell why, with flags %j",
    (options) => {
      const entries = project(
        options,
        taskScheduled(0, "Work"),
        childCreated(1, "Child", "c1"),
        taskFailed(0, "no", {
          innerFailure: failure("deep"),
          stackTrace: "at work",
          properties: { tray: 2 },
        }),
        childFailed(1, "c1", "neither"),
      );

      expect(entries).toMatchObject([
        {
          EventType: "TaskFailed",
          Reason: "Activity function 'work' failed: no",
          Details: null,
          FailureDetails: {
            ErrorType: "Error",
            ErrorMessage: "no",
            StackTrace: "at work",
            InnerFailure: { ErrorMessage: "deep" },
            IsNonRetriable: false,
            Properties: { tray: 2 },
          },
        },
        {
          EventType: "SubOrchestrationInstanceFailed",
          Reason: "neither",
          FailureDetails: { ErrorMessage: "neither" },
        },
      ]);
    },
  );

  test.each<[string, string | undefined, unknown]>([
    ["JSON", '{"a":[1,null]}', { a: [1, null] }],
    ["a JSON text", '"2024-01-02T03:04:05Z"', "2024-01-02T03:04:05Z"],
    ["null", "null", null],
    ["nothing", undefined, null],
    ["empty", "", ""],
    ["blank", "  ", ""],
    ["not JSON", "not JSON", "not JSON"],
  ])("Y-16, H-24: that are %s are shown parsed", (_what, result, expected) => {
    const more = result === undefined ? {} : { result };
    const events: HistoryEvent[] = [
      taskScheduled(0, "Work"),
      { type: "TaskCompleted", timestamp: T0, taskScheduledId: 0, ...more },
      { type: "ExecutionCompleted", timestamp: T0, eventId: 1, status: "Completed", ...more },
    ];

    expect(project({ showHistoryOutput: true }, ...events).map((entry) => entry["Result"])).toEqual([
      expected,
      expected,
    ]);
  });

  test("Y-22: inputs are shown as the text they are stored as", () => {
    const inputs = project(
      {},
      started({ input: '"Tokyo"' }),
      eventRaised("go", { a: 1 }),
      taskScheduled(0, "Work", "x"),
    );

    expect(inputs.map((entry) => entry["Input"])).toEqual(['"Tokyo"', '{"a":1}', '"x"']);
  });

  test("Y-13 (d): of retries show each failure, its wait and the next result", () => {
    const entries = project(
      {},
      taskScheduled(0, "Work"),
      taskFailed(0),
      { ...timerCreated(1), retryOf: 0 },
      timerFired(1),
      { ...taskScheduled(2, "Work"), retryOf: 0 },
      taskCompleted(2),
    );

    expect(entries.map((entry) => entry.EventType)).toEqual([
      "TaskFailed",
      "TimerCreated",
      "TimerFired",
      "TaskCompleted",
    ]);
  });

  test("Y-27: that came twice cost no other entry its place", () => {
    const entries = project(
      {},
      taskScheduled(0, "A"),
      taskScheduled(1, "B"),
      taskCompleted(0),
      taskCompleted(0),
    );

    expect(entries.map((entry) => [entry.EventType, entry["FunctionName"] ?? entry["Name"]])).toEqual([
      ["TaskScheduled", "B"],
      ["TaskCompleted", "A"],
      ["TaskCompleted", "A"],
    ]);
  });
});

test.each([
  [0, "1970-01-01T00:00:00Z"],
  [T0, AT],
  [T0 + 1, "2024-01-02T03:04:05.001Z"],
  [T0 + 120, "2024-01-02T03:04:05.12Z"],
  [T0 + 100, "2024-01-02T03:04:05.1Z"],
  [Date.UTC(2024, 0, 1), "2024-01-01T00:00:00Z"],
  [Date.UTC(2030, 9, 10, 10, 10, 10), "2030-10-10T10:10:10Z"],
])("Y-25: %i is shown as %s", (time, text) => {
  expect(historyTime(time)).toBe(text);
});
