import fc from "fast-check";
import { eventsOf } from "../../src/core/episode-events.ts";
import type { Completion } from "../../src/core/episode-result.ts";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import type { Task } from "../../src/core/task.ts";
import { episode, failure, SECOND, started, T0 } from "./history.ts";
import { type Handler, newSession } from "./orchestration.ts";

/** A call that fails so many times before it succeeds, over all runs of the orchestration. */
export interface Call {
  readonly op: "activity" | "child";
  /** Few names for many calls, so that a result can go astray. */
  readonly name: string;
  readonly attempts: number;
  readonly failures: number;
}

export type Step =
  | Call
  | { readonly op: "timer" }
  | { readonly op: "all"; readonly calls: readonly Call[] }
  /** Swallows the failure. */
  | { readonly op: "handled"; readonly call: Call };

export type Program = readonly Step[];

const call = (failures: fc.Arbitrary<number>): fc.Arbitrary<Call> =>
  fc
    .record({
      op: fc.constantFrom("activity" as const, "activity" as const, "child" as const),
      name: fc.constantFrom("a", "b"),
      attempts: fc.integer({ min: 1, max: 3 }),
      rounds: failures,
    })
    .map(({ rounds, ...rest }) => ({ ...rest, failures: rounds * rest.attempts }));

const some = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 1, arbitrary: fc.integer({ min: 1, max: 2 }) },
);

const step: fc.Arbitrary<Step> = fc.oneof(
  call(some),
  fc.constant({ op: "timer" } as const),
  fc.record({ op: fc.constant("all" as const), calls: fc.array(call(some), { minLength: 1, maxLength: 5 }) }),
);

const handled = fc.record({ op: fc.constant("handled" as const), call: call(some) });

/** Programs whose failures all end the orchestration, each time with no attempt left. */
export const fatalPrograms: fc.Arbitrary<Program> = fc.array(step, { maxLength: 6 });

/** Programs that swallow some of them. */
export const carelessPrograms: fc.Arbitrary<Program> = fc.array(fc.oneof(step, handled), { maxLength: 6 });

/** The same program in a world without failures. */
export function withoutFailures(program: Program): Program {
  const mend = (each: Call): Call => ({ ...each, failures: 0 });
  return program.map((each) => {
    switch (each.op) {
      case "timer":
        return each;
      case "all":
        return { ...each, calls: each.calls.map(mend) };
      case "handled":
        return { ...each, call: mend(each.call) };
      default:
        return mend(each);
    }
  });
}

/** The program as an orchestrator. The input of a call is its place in the program. */
export function interpreter(program: Program): Handler {
  return function* (context) {
    const results: unknown[] = [];
    for (const [index, each] of program.entries()) results.push(yield* run(context, each, `${index}`));
    return results;
  };
}

function* run(context: OrchestrationContext, step: Step, key: string): Generator<unknown, unknown, unknown> {
  switch (step.op) {
    case "timer":
      yield context.createTimer(context.currentTime + SECOND);
      return "timer";
    case "all":
      return yield context.all(step.calls.map((each, index) => begin(context, each, `${key}.${index}`)));
    case "handled":
      try {
        return yield begin(context, step.call, key);
      } catch {
        return "handled";
      }
    default:
      return yield begin(context, step, key);
  }
}

function begin(context: OrchestrationContext, { op, name, attempts, failures }: Call, key: string): Task {
  const retry = { firstRetryIntervalInMilliseconds: SECOND, maxNumberOfAttempts: attempts };
  const input = { key, failures };
  return op === "activity"
    ? context.callActivity(name, input, { retry })
    : context.callSubOrchestrator(name, input, { retry });
}

/** Something that is under way: an activity, a timer or a child. */
interface UnderWay {
  readonly id: number;
  readonly kind: "activity" | "timer" | "child";
  readonly instanceId: string;
  readonly input: { readonly key: string; readonly failures: number };
}

export interface LiveRun {
  readonly history: readonly HistoryEvent[];
  readonly completion: Completion;
}

/** Everything outside the orchestrator: it fails each call as often as the call says, and picks who comes next. */
export class World {
  readonly failedChildren = new Set<string>();
  readonly #runs = new Map<string, number>();
  readonly #choices: readonly number[];
  #chosen = 0;
  #now = T0;

  constructor(choices: readonly number[]) {
    this.#choices = choices;
  }

  /** Runs the orchestration to its end, from its start or from what a rewind has left. */
  async live(handler: Handler, past: readonly HistoryEvent[] = []): Promise<LiveRun> {
    const first = past.find((event) => event.type === "ExecutionStarted") ?? started();
    const session = newSession({ handler }, first);
    await session.replay(past);
    const history = [...past];
    const underWay = past.flatMap((event) => keptChild(event, past) ?? []);
    let arriving: HistoryEvent = past.length > 0 ? { type: "ExecutionRewound", timestamp: 0 } : first;
    for (;;) {
      this.#now += SECOND;
      const result = await session.execute([{ ...arriving, timestamp: this.#now }], this.#now);
      history.push(...episode(this.#now, ...eventsOf(result, this.#now)));
      if (result.completion) return { history, completion: result.completion };
      underWay.push(...result.actions.flatMap((action) => begun(action) ?? []));
      const [next] = underWay.splice(this.#choose(underWay.length), 1);
      if (next === undefined) throw new Error("The orchestration waits for nothing.");
      arriving = this.#outcome(next);
    }
  }

  #choose(among: number): number {
    return among === 0 ? 0 : (this.#choices[this.#chosen++ % this.#choices.length] ?? 0) % among;
  }

  #outcome({ id, kind, instanceId, input }: UnderWay): HistoryEvent {
    const timestamp = this.#now;
    if (kind === "timer") return { type: "TimerFired", timestamp, timerId: id, fireAt: timestamp };
    const runs = (this.#runs.get(input.key) ?? 0) + 1;
    this.#runs.set(input.key, runs);
    const result = JSON.stringify(`result of ${input.key}`);
    const failed = { reason: "no", failure: failure("no") };
    const isFailure = runs <= input.failures;
    if (kind === "activity") {
      return isFailure
        ? { type: "TaskFailed", timestamp, taskScheduledId: id, ...failed }
        : { type: "TaskCompleted", timestamp, taskScheduledId: id, result };
    }
    if (isFailure) this.failedChildren.add(instanceId);
    return isFailure
      ? { type: "SubOrchestrationInstanceFailed", timestamp, taskScheduledId: id, instanceId, ...failed }
      : { type: "SubOrchestrationInstanceCompleted", timestamp, taskScheduledId: id, instanceId, result };
  }
}

function begun(action: OrchestratorAction): UnderWay | undefined {
  switch (action.type) {
    case "ScheduleTask":
      return { id: action.id, kind: "activity", instanceId: "", input: JSON.parse(action.input ?? "") };
    case "CreateTimer":
      return { id: action.id, kind: "timer", instanceId: "", input: { key: "", failures: 0 } };
    case "CreateSubOrchestration":
      return {
        id: action.id,
        kind: "child",
        instanceId: action.instanceId,
        input: JSON.parse(action.input ?? ""),
      };
    case "SendEvent":
    case "CallEntity":
    case "SignalEntity":
    case "RequestEntityLock":
    case "SendEntityUnlock":
      return undefined;
  }
}

/** A child that a rewind has left without an outcome: it is rewound itself, and has one soon. */
function keptChild(event: HistoryEvent, past: readonly HistoryEvent[]): UnderWay | undefined {
  if (event.type !== "SubOrchestrationInstanceCreated") return undefined;
  const { eventId, instanceId, input } = event;
  const hasOutcome = past.some((other) => "taskScheduledId" in other && other.taskScheduledId === eventId);
  return hasOutcome ? undefined : { id: eventId, kind: "child", instanceId, input: JSON.parse(input ?? "") };
}
