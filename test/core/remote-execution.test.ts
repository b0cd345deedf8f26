import { describe, expect, test } from "vitest";
import type { EpisodeResult } from "../../src/core/episode-result.ts";
import type { HistoryEvent, MessageEvent } from "../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { RemoteExecution, type RemoteTurn, type RemoteTurnResult } from "../../src/core/remote-execution.ts";
import { createChild, createTimer, scheduleTask, sendEvent } from "../support/actions.ts";
import {
  childCompleted,
  childCreated,
  childFailed,
  EXECUTION_ID,
  episode,
  eventRaised,
  failure,
  resumed,
  SECOND,
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

type Came = Partial<RemoteTurnResult>;

const CHILD = `${EXECUTION_ID}:2`;

const came = (more: Came = {}): RemoteTurnResult => ({
  actions: [],
  completion: undefined,
  continuedAsNew: undefined,
  customStatus: undefined,
  ...more,
});

const completed = (result = '"done"'): Came => ({
  completion: { status: "Completed", eventId: 9, result, failure: undefined },
});

/** An orchestration that runs elsewhere, and the turns its code has had. */
class Elsewhere {
  readonly execution = new RemoteExecution(started());
  readonly turns: RemoteTurn[] = [];
  #now = T0;

  /** One episode; what the code answers when it has a turn. */
  episode(messages: readonly HistoryEvent[], answer: Came = {}): EpisodeResult {
    const at = this.execution.timeOf(messages, this.#now);
    this.#now += SECOND;
    const step = this.execution.take(messages, at);
    if (step.type === "result") return step.result;
    const { past, events } = step.turn;
    this.turns.push({ past: [...past], events });
    return step.finish(came(answer));
  }

  get openTasks(): readonly number[] {
    return [...this.execution.openTasks.values()].map(({ id }) => id);
  }

  /** What the last turn had that was new, without its first event, which tells the time. */
  get news(): readonly HistoryEvent[] | undefined {
    return this.turns.at(-1)?.events.slice(1);
  }
}

/** One that has begun, with these actions. */
function begun(...actions: readonly OrchestratorAction[]): Elsewhere {
  const elsewhere = new Elsewhere();
  elsewhere.episode([started()], { actions });
  return elsewhere;
}

const working = (): Elsewhere =>
  begun(scheduleTask(0, "work"), createTimer(1, T0 + SECOND), createChild(2, "Child"));

describe("a turn", () => {
  test("begins with the time, and the first has the start after it", () => {
    const elsewhere = begun();

    expect(elsewhere.turns).toEqual([
      { past: [], events: [{ type: "OrchestratorStarted", timestamp: T0 }, started()] },
    ]);
  });

  test("has all that was committed as its past, confirmations of its actions among it", () => {
    const elsewhere = begun(scheduleTask(0, "work", 1));

    elsewhere.episode([taskCompleted(0)]);

    expect(elsewhere.turns[1]?.past).toEqual([
      { type: "OrchestratorStarted", timestamp: T0 },
      started(),
      taskScheduled(0, "work", 1),
    ]);
  });

  test("leads to its actions, which are open tasks from then on", () => {
    const elsewhere = working();

    expect(elsewhere.openTasks).toEqual([0, 1, 2]);
    expect(elsewhere.execution.openTasks.activityCount).toBe(1);
  });
});

describe("a message counts once, and only where it was asked for", () => {
  const call: OrchestratorAction = {
    type: "CallEntity",
    id: 3,
    requestId: "request",
    instanceId: "@counter@a",
    operation: "add",
    input: undefined,
    criticalSectionId: undefined,
  };
  const answer: MessageEvent = { type: "EntityOperationCompleted", timestamp: 0, requestId: "request" };
  const refusal: MessageEvent = {
    type: "EntityOperationFailed",
    timestamp: 0,
    requestId: "request",
    failure: failure("no"),
  };

  test.each<[string, MessageEvent, MessageEvent]>([
    ["an activity's result", taskCompleted(0, "A"), taskCompleted(0, "B")],
    ["an activity's failure", taskFailed(0), taskCompleted(0)],
    ["a timer", timerFired(1, T0), timerFired(1, T0)],
    ["a child's result", childCompleted(2, CHILD), childCompleted(2, CHILD)],
    ["a child's failure", childFailed(2, CHILD), childCompleted(2, CHILD)],
    ["an entity's answer", answer, refusal],
    ["an entity's refusal", refusal, answer],
    ["an event with an id", eventRaised("go", 1, "id"), eventRaised("go", 2, "id")],
  ])("%s", (_what, first, second) => {
    for (const isTogether of [true, false]) {
      const elsewhere = working();
      elsewhere.episode([eventRaised("first")], { actions: [call] });
      const turns = elsewhere.turns.length;

      const results = isTogether
        ? [elsewhere.episode([first, second])]
        : [elsewhere.episode([first]), elsewhere.episode([second])];

      expect(results.flatMap(({ accepted }) => accepted)).toEqual([first]);
      expect(elsewhere.turns.slice(turns).flatMap(({ events }) => events.slice(1))).toEqual([first]);
    }
  });

  test.each<[string, HistoryEvent]>([
    ["an activity nobody asked for", taskCompleted(7)],
    ["the number of a timer as an activity's", taskCompleted(1)],
    ["the number of an activity as a timer's", timerFired(0)],
    ["a child nobody asked for", childCompleted(7, "someone")],
    ["an entity nobody called", { ...answer, requestId: "another" }],
    ["a lock nobody asked for", { type: "EntityLockGranted", timestamp: 0, criticalSectionId: "any" }],
    ["a second start", started()],
  ])("%s leads to no turn and leaves no trace", (_what, message) => {
    const elsewhere = working();

    const result = elsewhere.episode([message], completed());

    expect(elsewhere.turns).toHaveLength(1);
    expect(result).toMatchObject({ accepted: [], actions: [], completion: undefined });
    expect(elsewhere.openTasks).toEqual([0, 1, 2]);
  });

  describe("an answer that says whom it is for", () => {
    const asked: readonly OrchestratorAction[] = [
      call,
      { type: "RequestEntityLock", id: 4, criticalSectionId: "section", lockSet: ["@counter@a"] },
    ];
    const rewound = { type: "ExecutionRewound", timestamp: T0, formerExecutionId: "former" } as const;
    const granted = { type: "EntityLockGranted", timestamp: 0, criticalSectionId: "section" } as const;

    test.each<[string, MessageEvent, readonly OrchestratorAction[]]>([
      ["a child", childCompleted(2, CHILD), []],
      ["a child that has failed", childFailed(2, CHILD), []],
      ["an entity", answer, asked],
      ["an entity that refuses", refusal, asked],
      ["a lock", granted, asked],
    ])(
      "counts for that execution only, and for the one it was rewound into: %s",
      (_what, message, actions) => {
        for (const [forExecution, counts] of [
          [EXECUTION_ID, true],
          ["former", true],
          ["another", false],
        ] as const) {
          const elsewhere = working();
          elsewhere.episode([eventRaised("first")], { actions });
          elsewhere.execution.replay([rewound]);

          const { accepted } = elsewhere.episode([{ ...message, forExecution } as MessageEvent]);

          expect(accepted).toEqual(counts ? [message] : []);
        }
      },
    );
  });

  test("a child that knows its number from before a rewind is the one with that id", () => {
    const elsewhere = working();

    elsewhere.episode([childCompleted(40, CHILD, "C")]);

    expect(elsewhere.news).toEqual([childCompleted(2, CHILD, "C")]);
  });

  test("events without an id all count", () => {
    const elsewhere = begun();

    expect(elsewhere.episode([eventRaised("go", 1), eventRaised("go", 1)]).accepted).toHaveLength(2);
  });
});

describe("the time of a turn", () => {
  test("is now", () => {
    expect(begun().execution.timeOf([], T0 + 5)).toBe(T0 + 5);
  });

  test("is later than that of the turn before", () => {
    expect(begun().execution.timeOf([], T0)).toBe(T0 + 1);
  });

  test.each([
    ["a whole millisecond", T0 + 7, T0 + 8],
    ["a part of one", T0 + 7.25, T0 + 8],
    ["long ago", T0 - SECOND, T0 + 2],
  ])("is later than a timer that fires in it: %s", (_what, fireAt, expected) => {
    expect(working().execution.timeOf([timerFired(1, fireAt)], T0 + 2)).toBe(expected);
  });

  test("is later than all there is in a history that was read", () => {
    const execution = new RemoteExecution(started());
    execution.replay([...episode(T0, started()), ...episode(T0 + 9, eventRaised("go"))]);

    expect(execution.timeOf([], T0)).toBe(T0 + 10);
  });
});

describe("while suspended", () => {
  test("what comes is recorded and open tasks have their results, without a turn", () => {
    const elsewhere = working();

    const results = [
      elsewhere.episode([suspended("lunch")]),
      elsewhere.episode([taskCompleted(0, "A")]),
      elsewhere.episode([eventRaised("go")]),
    ];

    expect(results.map(({ accepted }) => accepted)).toEqual([
      [suspended("lunch")],
      [taskCompleted(0, "A")],
      [eventRaised("go")],
    ]);
    expect(elsewhere.execution.suspension).toEqual({ reason: "lunch" });
    expect(elsewhere.turns).toHaveLength(1);
    expect(elsewhere.openTasks).toEqual([1, 2]);
  });

  test("a resume has one turn, whose past has what came meanwhile", () => {
    const elsewhere = working();
    elsewhere.episode([suspended()]);
    elsewhere.episode([taskCompleted(0, "A")]);

    elsewhere.episode([eventRaised("go"), resumed()]);

    expect(elsewhere.execution.suspension).toBeUndefined();
    expect(elsewhere.turns).toHaveLength(2);
    expect(elsewhere.turns[1]?.past.slice(-4)).toEqual([
      { type: "OrchestratorStarted", timestamp: T0 + SECOND },
      suspended(),
      { type: "OrchestratorStarted", timestamp: T0 + 2 * SECOND },
      taskCompleted(0, "A"),
    ]);
    expect(elsewhere.news).toEqual([eventRaised("go"), resumed()]);
  });

  test("a second suspend leaves no trace", () => {
    const elsewhere = working();
    elsewhere.episode([suspended("lunch")]);

    expect(elsewhere.episode([suspended("dinner")]).accepted).toEqual([]);
    expect(elsewhere.execution.suspension).toEqual({ reason: "lunch" });
  });

  test("one that begins suspended has its first turn with the resume", () => {
    const elsewhere = new Elsewhere();
    expect(elsewhere.episode([started(), suspended()]).accepted).toHaveLength(2);
    expect(elsewhere.turns).toEqual([]);

    elsewhere.episode([resumed()]);

    expect(elsewhere.turns).toEqual([
      {
        past: [{ type: "OrchestratorStarted", timestamp: T0 }, started(), suspended()],
        events: [{ type: "OrchestratorStarted", timestamp: T0 + SECOND }, resumed()],
      },
    ]);
  });

  test("a suspend and a resume that come together have a turn", () => {
    const elsewhere = working();

    elsewhere.episode([suspended(), resumed()]);

    expect(elsewhere.turns).toHaveLength(2);
  });
});

describe("terminate", () => {
  const ends = (elsewhere: Elsewhere, event: HistoryEvent, before: readonly HistoryEvent[] = []) => {
    const turns = elsewhere.turns.length;
    const result = elsewhere.episode([...before, event], completed());
    expect(elsewhere.turns).toHaveLength(turns);
    return result;
  };

  test.each<[string, () => Elsewhere, readonly HistoryEvent[], number]>([
    ["before the first turn", () => new Elsewhere(), [started()], 0],
    ["with open tasks", working, [], 3],
    ["together with a result", working, [taskCompleted(0)], 3],
  ])("ends at once, %s", (_when, make, before, eventId) => {
    const { completion, accepted, actions } = ends(make(), terminated("enough"), before);

    expect(completion).toEqual({
      status: "Terminated",
      eventId,
      result: '"enough"',
      failure: undefined,
    });
    expect(accepted).toEqual([...before, terminated("enough")]);
    expect(actions).toEqual([]);
  });

  test("ends one that is suspended", () => {
    const elsewhere = working();
    elsewhere.episode([suspended()]);

    expect(ends(elsewhere, terminated()).completion?.status).toBe("Terminated");
  });

  test.each<[string, HistoryEvent, string | undefined]>([
    ["nothing", terminated(), undefined],
    ["the reason", terminated("why"), '"why"'],
    ["the output that was given", { ...terminated("why"), output: "[1]" } as HistoryEvent, "[1]"],
  ])("has as its output %s", (_what, event, output) => {
    expect(ends(working(), event).completion?.result).toBe(output);
  });

  test.each([
    [undefined, [0, 1]],
    [true, [0, 1, 2]],
  ])("with recurse %s abandons of its open tasks %j", (recurse, ids) => {
    const event = { ...terminated(), ...(recurse ? { recurse } : {}) } as HistoryEvent;

    expect(ends(working(), event).abandoned.map(({ id }) => id)).toEqual(ids);
  });
});

describe("the id of an open task", () => {
  const taken = (what: string, id: number, by: string): string =>
    `The code asks for ${what} under the id ${id}, which is that of ${by}, which has not ended`;

  test.each<[string, OrchestratorAction]>([
    [taken("activity 'more'", 0, "activity 'work'"), scheduleTask(0, "more")],
    [taken("a timer", 0, "activity 'work'"), createTimer(0, T0)],
    [taken("activity 'more'", 1, "a timer"), scheduleTask(1, "more")],
    [taken("sub-orchestration 'More'", 2, "sub-orchestration 'Child'"), createChild(2, "More")],
  ])("is not given to another: %s", (text, action) => {
    const { completion, actions, abandoned } = working().episode([eventRaised("go")], {
      actions: [scheduleTask(3, "other"), action],
      terminations: [{ instanceId: "other", output: undefined, recurse: true }],
    });

    expect(completion).toMatchObject({
      status: "Failed",
      eventId: 3,
      failure: { errorMessage: expect.stringContaining(text), isNonRetriable: true },
    });
    expect(actions).toEqual([]);
    expect(abandoned.map(({ id }) => id)).toEqual([0, 1]);
  });

  test("is not given to two of one turn", () => {
    const { completion, actions } = working().episode([eventRaised("go")], {
      actions: [scheduleTask(3, "one"), createTimer(4, T0), scheduleTask(4, "two")],
    });

    expect(completion?.failure?.errorMessage).toContain(taken("activity 'two'", 4, "a timer"));
    expect(actions).toEqual([]);
  });

  test("is free in the turn in which the task has ended, and after it", () => {
    const elsewhere = working();

    elsewhere.episode([taskCompleted(0)], { actions: [scheduleTask(0, "again")] });
    elsewhere.episode([timerFired(1, T0)]);
    const { completion } = elsewhere.episode([eventRaised("go")], { actions: [createTimer(1, T0)] });

    expect(completion).toBeUndefined();
    expect(elsewhere.openTasks).toEqual([2, 0, 1]);
  });

  test("is no matter to actions that nothing waits for, nor to the end", () => {
    const elsewhere = working();
    const unlock = { type: "SendEntityUnlock", id: 1, criticalSectionId: "s", instanceId: "@a@b" } as const;

    const going = elsewhere.episode([eventRaised("go")], { actions: [sendEvent(0, "other", "hi"), unlock] });
    const last = elsewhere.episode([eventRaised("go")], {
      ...completed(),
      actions: [scheduleTask(0, "work"), createChild(2, "Child", { instanceId: "another" })],
    });

    expect([going.completion, going.actions.length]).toEqual([undefined, 2]);
    expect(last.completion?.status).toBe("Completed");
    expect(last.actions).toMatchObject([{ type: "CreateSubOrchestration", fireAndForget: true }]);
  });
});

describe("the end", () => {
  test("does not wait for open tasks: activities and timers are abandoned, children go on", () => {
    const { completion, abandoned } = working().episode([eventRaised("go")], completed());

    expect(completion?.status).toBe("Completed");
    expect(abandoned.map(({ id }) => id)).toEqual([0, 1]);
  });

  const mixed = [
    scheduleTask(3, "work"),
    createTimer(4, T0),
    createChild(5, "Child", { instanceId: "new" }),
    sendEvent(6, "other", "hello"),
  ];
  const last = [createChild(5, "Child", { instanceId: "new", fireAndForget: true }), mixed[3]];

  test("takes along what needs no answer", () => {
    const { actions, abandoned } = working().episode([eventRaised("go")], { ...completed(), actions: mixed });

    expect(actions).toEqual(last);
    expect(abandoned.map(({ id }) => id)).toEqual([0, 1]);
  });

  test("of one execution does the same when another follows", () => {
    const continuedAsNew = { input: "2", version: "v2", carriedOver: [] };

    const result = working().episode([eventRaised("go")], { continuedAsNew, actions: mixed });

    expect(result).toMatchObject({ continuedAsNew, actions: last, completion: undefined });
    expect(result.abandoned.map(({ id }) => id)).toEqual([0, 1]);
  });

  test("a failure says why where the output would be, unless there is one", () => {
    const fails = (result?: string) =>
      working().episode([eventRaised("go")], {
        completion: { status: "Failed", eventId: 9, result, failure: failure("it broke") },
      }).completion;

    expect(fails()?.result).toBe("\"Orchestrator function 'Orchestrator' failed: it broke\"");
    expect(fails('"own"')).toMatchObject({ result: '"own"', failure: failure("it broke") });
  });

  test("terminations of others are passed on", () => {
    const terminations = [{ instanceId: "other", output: '"why"', recurse: true }];

    expect(begun().episode([eventRaised("go")], { terminations }).terminations).toEqual(terminations);
  });
});

test("the custom status is set, kept without being written again, and cleared", () => {
  const elsewhere = begun();
  const turn = (customStatus: string | undefined) =>
    elsewhere.episode([eventRaised("go")], { customStatus }).customStatus;

  expect(turn(undefined)).toBeUndefined();
  expect(turn('"a"')).toEqual({ text: '"a"' });
  expect(turn('"a"')).toBeUndefined();
  expect(turn('"b"')).toEqual({ text: '"b"' });
  expect(turn(undefined)).toEqual({ text: undefined });
});

describe("a critical section", () => {
  const SECTION = "section";
  const LOCKS = ["@account@a", "@account@b"];
  const request: OrchestratorAction = {
    type: "RequestEntityLock",
    id: 0,
    criticalSectionId: SECTION,
    lockSet: LOCKS,
  };
  const granted: MessageEvent = { type: "EntityLockGranted", timestamp: 0, criticalSectionId: SECTION };
  const rewound: MessageEvent = { type: "ExecutionRewound", timestamp: 0 };
  const call = (id: number, instanceId = "@account@a"): OrchestratorAction => ({
    type: "CallEntity",
    id,
    requestId: `request-${id}`,
    instanceId,
    operation: "get",
    input: undefined,
    criticalSectionId: undefined,
  });
  const unlock = (id: number, instanceId: string): OrchestratorAction => ({
    type: "SendEntityUnlock",
    id,
    criticalSectionId: SECTION,
    instanceId,
  });
  const lockRequested: HistoryEvent = {
    type: "EntityLockRequested",
    timestamp: T0,
    eventId: 0,
    criticalSectionId: SECTION,
    lockSet: LOCKS,
  };
  const unlockSent = (eventId: number, instanceId: string): HistoryEvent => ({
    type: "EntityUnlockSent",
    timestamp: T0,
    eventId,
    criticalSectionId: SECTION,
    instanceId,
  });
  const sectionsOf = ({ actions }: EpisodeResult): readonly unknown[] =>
    actions.flatMap((action) => (action.type === "CallEntity" ? [action.criticalSectionId] : []));

  test("is named by calls of its entities, from the grant to the unlock", () => {
    const elsewhere = begun(request);

    const before = elsewhere.episode([eventRaised("go")], { actions: [call(1)] });
    const inside = elsewhere.episode([granted], { actions: [call(2), call(3, "@account@c")] });
    const leaving = elsewhere.episode([eventRaised("go")], {
      actions: [call(4, "@account@b"), unlock(5, "@account@a"), unlock(6, "@account@b"), call(7)],
    });
    const after = elsewhere.episode([eventRaised("go")], { actions: [call(8)] });

    expect([before, inside, leaving, after].map(sectionsOf)).toEqual([
      [undefined],
      [SECTION, undefined],
      [SECTION, undefined],
      [undefined],
    ]);
  });

  test.each<[string, readonly MessageEvent[], Came, boolean]>([
    ["held", [granted], completed(), true],
    ["asked for", [], completed(), true],
    [
      "refused",
      [{ type: "EntityOperationFailed", timestamp: 0, requestId: SECTION, failure: failure("no") }],
      completed(),
      false,
    ],
    [
      "left in the last turn",
      [granted],
      { ...completed(), actions: [unlock(1, "@account@a"), unlock(2, "@account@b")] },
      false,
    ],
  ])("that is %s at the end", (_what, messages, answer, isLeft) => {
    const elsewhere = begun(request);
    elsewhere.episode(messages);

    const { toUnlock } = elsewhere.episode([eventRaised("go")], answer);

    expect(toUnlock.map(({ id }) => id)).toEqual(isLeft ? [SECTION] : []);
  });

  test("that is refused lets go, in the turn that learns of it, of what was locked on the way", () => {
    const refusal: MessageEvent = {
      type: "EntityOperationFailed",
      timestamp: 0,
      requestId: SECTION,
      failure: failure("no"),
    };

    expect(begun(request).episode([refusal]).toUnlock).toMatchObject([{ id: SECTION, isHeld: false }]);
  });

  describe("beside another one", () => {
    const other: OrchestratorAction = {
      ...request,
      id: 1,
      criticalSectionId: "other",
      lockSet: ["@account@c"],
    };
    const both = (): Elsewhere => {
      const elsewhere = begun(request);
      elsewhere.episode([granted], { actions: [other] });
      elsewhere.episode([{ ...granted, criticalSectionId: "other" }]);
      return elsewhere;
    };

    test("is left at the end, as the other one is", () => {
      expect(both().episode([eventRaised("go")], completed()).toUnlock).toMatchObject([
        { id: SECTION, lockSet: LOCKS, isHeld: true },
        { id: "other", lockSet: ["@account@c"], isHeld: true },
      ]);
    });

    test("is named by calls of its own entities only", () => {
      const calls = [call(2), call(3, "@account@c"), call(4, "@account@d")];

      expect(sectionsOf(both().episode([eventRaised("go")], { actions: calls }))).toEqual([
        SECTION,
        "other",
        undefined,
      ]);
    });

    test("is left alone by the end of the other", () => {
      const elsewhere = both();
      const end = { ...unlock(2, "@account@c"), criticalSectionId: "other" } as OrchestratorAction;
      elsewhere.episode([eventRaised("go")], { actions: [end] });

      expect(elsewhere.episode([terminated()]).toUnlock.map(({ id }) => id)).toEqual([SECTION]);
    });
  });

  test("that is left in part is left at the end, and keeps the rest until then", () => {
    const elsewhere = begun(request);
    const actions = [unlock(1, "@account@a"), call(2), call(3, "@account@b")];

    expect(sectionsOf(elsewhere.episode([granted], { actions }))).toEqual([undefined, SECTION]);
    expect(elsewhere.episode([eventRaised("go")], completed()).toUnlock).toMatchObject([
      { id: SECTION, lockSet: ["@account@b"], isHeld: true },
    ]);
  });

  const takenBackBy = ({ actions }: EpisodeResult): readonly unknown[] =>
    actions.flatMap((action) => (action.type === "SendEntityUnlock" ? [action.takesBack] : []));

  test.each([
    ["turn in which it was asked for", (more: Came) => begun().episode([eventRaised("go")], more), [request]],
    ["next turn", (more: Came) => begun(request).episode([eventRaised("go")], more), []],
  ])("that is left before it was granted, in the %s, is taken back as a whole", (_when, turn, asked) => {
    const unlocks = [unlock(1, "@account@b"), unlock(2, "@account@a")];

    for (const end of [{}, completed()]) {
      const result = turn({ ...end, actions: [...asked, ...unlocks] });
      expect(takenBackBy(result)).toEqual([LOCKS, []]);
      expect(result.toUnlock).toEqual([]);
    }
  });

  test("that is taken back turn by turn, or read from a history meanwhile, is taken back once", () => {
    const warm = begun(request);
    warm.episode([eventRaised("go")], { actions: [unlock(1, "@account@a")] });
    const cold = new Elsewhere();
    cold.execution.replay([
      ...episode(T0, started(), lockRequested, unlockSent(1, "@account@a")),
      ...episode(T0 + 1, eventRaised("go")),
    ]);

    for (const elsewhere of [warm, cold]) {
      const result = elsewhere.episode([granted, eventRaised("go")], { actions: [unlock(2, "@account@b")] });
      expect(takenBackBy(result)).toEqual([[]]);
      expect(result.accepted).toEqual([eventRaised("go")]);
    }
  });

  test("that is left after the grant is left entity by entity", () => {
    const unlocks = [unlock(1, "@account@b"), unlock(2, "@account@a")];

    expect(takenBackBy(begun(request).episode([granted], { actions: unlocks }))).toEqual([
      undefined,
      undefined,
    ]);
  });

  test("is given back when the instance is terminated inside it", () => {
    const elsewhere = begun(request);
    elsewhere.episode([granted]);

    expect(elsewhere.episode([terminated()]).toUnlock).toMatchObject([{ id: SECTION }]);
  });

  test("is granted once", () => {
    const elsewhere = begun(request);

    expect(elsewhere.episode([granted, granted]).accepted).toEqual([granted]);
    expect(elsewhere.episode([granted]).accepted).toEqual([]);
  });

  test("that a rewind has lost is regained before the next turn, which does not see it", () => {
    const elsewhere = new Elsewhere();
    elsewhere.execution.replay([
      ...episode(T0, started(), lockRequested),
      ...episode(T0 + 1, granted),
      ...episode(T0 + 2, rewound),
    ]);
    expect(elsewhere.execution.isDue).toBe(false);
    expect(elsewhere.episode([eventRaised("go")]).accepted).toEqual([eventRaised("go")]);
    expect(elsewhere.turns).toEqual([]);

    const regained = elsewhere.episode([granted], { actions: [call(1)] });

    expect(regained.accepted).toEqual([granted]);
    expect(sectionsOf(regained)).toEqual([SECTION]);
    expect(elsewhere.news).toEqual([]);
    const isGrant = ({ type }: HistoryEvent): boolean => type === "EntityLockGranted";
    expect(elsewhere.turns[0]?.past.filter(isGrant)).toHaveLength(1);
  });
});

describe("after a rewind", () => {
  const rewound: MessageEvent = { type: "ExecutionRewound", timestamp: 0 };

  test("a turn without anything new is due, once", () => {
    const elsewhere = new Elsewhere();
    elsewhere.execution.replay([...episode(T0, started()), ...episode(T0 + 1, rewound)]);
    expect(elsewhere.execution.isDue).toBe(true);

    const { actions } = elsewhere.episode([], { actions: [scheduleTask(0, "work")] });

    expect(elsewhere.news).toEqual([]);
    expect(actions).toEqual([scheduleTask(0, "work")]);
    expect(elsewhere.execution.isDue).toBe(false);
  });

  test("none is due once the history has a turn after it", () => {
    const { execution } = new Elsewhere();
    execution.replay([
      ...episode(T0, started()),
      ...episode(T0 + 1, rewound),
      ...episode(T0 + 2, taskScheduled(0, "work")),
    ]);

    expect(execution.isDue).toBe(false);
  });

  test("none is due while it is suspended", () => {
    const { execution } = new Elsewhere();
    execution.replay([...episode(T0, started(), suspended()), ...episode(T0 + 1, rewound)]);

    expect(execution.isDue).toBe(false);
  });
});

test("a history that was read has its open tasks, without those that nobody waits for", () => {
  const elsewhere = new Elsewhere();
  elsewhere.execution.replay(
    episode(
      T0,
      started(),
      taskScheduled(0, "work"),
      taskScheduled(1, "work"),
      timerCreated(2),
      childCreated(3, "Child", "child"),
      { ...childCreated(4, "Child", "nobody's"), fireAndForget: true },
      taskCompleted(1),
    ),
  );

  expect(elsewhere.openTasks).toEqual([0, 2, 3]);
});
