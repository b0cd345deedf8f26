import fc from "fast-check";
import { expect, test } from "vitest";
import { eventsOf } from "../../src/core/episode-events.ts";
import type { EpisodeResult } from "../../src/core/episode-result.ts";
import { decodeChunk, encodeChunk } from "../../src/core/history-chunk.ts";
import type { HistoryEvent, MessageEvent } from "../../src/core/history-event.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { RemoteExecution, type RemoteTurn } from "../../src/core/remote-execution.ts";
import { createChild, createTimer, scheduleTask, sendEvent } from "../support/actions.ts";
import {
  childCompleted,
  childFailed,
  eventRaised,
  failure,
  resumed,
  SECOND,
  started,
  suspended,
  T0,
  taskCompleted,
  taskFailed,
  timerFired,
} from "../support/history.ts";

const seed = 20_240_103;
const ENTITY = "@account@a";

type Ask = (id: number, section: number) => OrchestratorAction;

const asks: readonly Ask[] = [
  (id) => scheduleTask(id, "work", id),
  (id) => createTimer(id, T0 + id * SECOND),
  (id) => createChild(id, "Child", { instanceId: `child-${id % 3}` }),
  (id) => createChild(id, "Child", { instanceId: `nobody's-${id}`, fireAndForget: true }),
  (id) => sendEvent(id, "other", "hello"),
  (id) => ({
    type: "CallEntity",
    id,
    requestId: `request-${id}`,
    instanceId: ENTITY,
    operation: "get",
    input: undefined,
    criticalSectionId: undefined,
  }),
  (id) => ({ type: "RequestEntityLock", id, criticalSectionId: `section-${id}`, lockSet: [ENTITY] }),
  (id, section) => ({
    type: "SendEntityUnlock",
    id,
    criticalSectionId: `section-${section}`,
    instanceId: ENTITY,
  }),
];

const messages: readonly ((id: number) => MessageEvent)[] = [
  (id) => taskCompleted(id, "A"),
  (id) => taskFailed(id),
  (id) => timerFired(id, T0 + id * SECOND),
  (id) => childCompleted(id, `child-${id % 3}`, "C"),
  (id) => childFailed(id + 1, `child-${id % 3}`),
  () => eventRaised("go"),
  (id) => eventRaised("go", id, `message-${id % 4}`),
  () => suspended(),
  () => resumed(),
  (id) => ({ type: "EntityOperationCompleted", timestamp: 0, requestId: `request-${id}` }),
  (id) => ({
    type: "EntityOperationFailed",
    timestamp: 0,
    requestId: `section-${id}`,
    failure: failure("no"),
  }),
  (id) => ({ type: "EntityLockGranted", timestamp: 0, criticalSectionId: `section-${id}` }),
];

const message = fc
  .tuple(fc.constantFrom(...messages), fc.nat(12))
  .map(([make, id]): HistoryEvent => make(id));
const episodes = fc.array(
  fc.record({
    messages: fc.array(message, { minLength: 1, maxLength: 4 }),
    asks: fc.array(fc.constantFrom(...asks), { maxLength: 3 }),
    passed: fc.nat(3 * SECOND),
    isRewound: fc.nat(9).map((n) => n === 0),
  }),
  { minLength: 1, maxLength: 25 },
);

interface Recorded {
  readonly seq: number;
  readonly at: number;
  readonly events: string;
}

/** One execution, kept in memory or read anew, and what it was told last. */
interface Told {
  readonly turn: RemoteTurn | undefined;
  readonly result: unknown;
  readonly state: unknown;
}

function replayed(history: readonly Recorded[]): RemoteExecution {
  const execution = new RemoteExecution(started());
  execution.replay(history.flatMap((chunk) => decodeChunk(chunk, { instanceId: "abc123" })));
  return execution;
}

/** What goes to workers. */
const seen = (events: readonly HistoryEvent[]): readonly HistoryEvent[] =>
  events.filter(({ type }) => type !== "OrchestratorCompleted" && type !== "ExecutionRewound");

function tell(
  execution: RemoteExecution,
  news: readonly HistoryEvent[],
  actions: readonly OrchestratorAction[],
  at: number,
): { readonly told: Told; readonly result: EpisodeResult } {
  const step = execution.take(news, at);
  const turn =
    step.type === "turn"
      ? { past: seen(step.turn.past), events: structuredClone(seen(step.turn.events)) }
      : undefined;
  const result =
    step.type === "turn"
      ? step.finish({ actions, completion: undefined, continuedAsNew: undefined, customStatus: undefined })
      : step.result;
  const state = {
    openTasks: [...execution.openTasks.values()].map((task) => ({ ...task })),
    suspension: execution.suspension,
    isDue: execution.isDue,
    earliest: execution.timeOf([], 0),
  };
  const { customStatus: _, toUnlock, ...told } = result;
  const locked = toUnlock.map(({ id, lockSet, isHeld }) => ({ id, lockSet, isHeld }));
  return { told: { turn, result: { ...told, toUnlock: locked }, state }, result };
}

test("an execution that is read from its history is told the same, and asks for the same, as one that stays in memory", () => {
  fc.assert(
    fc.property(episodes, (run) => {
      const history: Recorded[] = [];
      let now = T0;
      let nextId = 0;
      let section = 0;
      let warm = new RemoteExecution(started());
      for (const [index, { messages: taken, asks: asked, passed, isRewound }] of run.entries()) {
        const cold = replayed(history);
        const news = index === 0 ? [started(), ...taken] : taken;
        const at = warm.timeOf(news, now);
        expect(cold.timeOf(news, now)).toBe(at);
        const actions = asked.map((ask) => {
          const action = ask(nextId++, section);
          if (action.type === "RequestEntityLock") section = action.id;
          return action;
        });
        const { told, result } = tell(warm, news, actions, at);
        expect(tell(cold, news, actions, at).told).toEqual(told);
        if (result.accepted.length > 0 || result.actions.length > 0 || result.customStatus) {
          history.push({ seq: history.length, at, ...encodeChunk(eventsOf(result, at), at) });
        }
        now = at + passed;
        if (isRewound) {
          const rewound: HistoryEvent = { type: "ExecutionRewound", timestamp: now };
          history.push({ seq: history.length, at: now, ...encodeChunk([rewound], now) });
          warm = replayed(history);
        }
      }
    }),
    { seed, numRuns: 500 },
  );
});
