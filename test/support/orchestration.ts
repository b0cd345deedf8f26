import { expect } from "vitest";
import { eventsOf } from "../../src/core/episode-events.ts";
import type { EpisodeResult } from "../../src/core/episode-result.ts";
import { decodeChunk, encodeChunk } from "../../src/core/history-chunk.ts";
import type { ExecutionStarted, HistoryEvent, MessageEvent } from "../../src/core/history-event.ts";
import type { OrchestrationContext } from "../../src/core/orchestration-context.ts";
import type { OrchestratorAction } from "../../src/core/orchestrator-action.ts";
import { OrchestratorSession } from "../../src/core/orchestrator-session.ts";
import { isTask } from "../../src/core/task.ts";
import { SECOND, started, T0 } from "./history.ts";

/** Whatever a handler returns; a generator first, so that `yield` has the type it has for users. */
type Returned =
  | Generator<unknown, unknown, unknown>
  | PromiseLike<unknown>
  | AsyncGenerator
  | { readonly [key: string]: unknown }
  | readonly unknown[]
  | string
  | number
  | bigint
  | boolean
  | undefined
  | void;

export type Handler = (context: OrchestrationContext) => Returned;

export interface Orchestration {
  readonly handler: Handler;
  readonly completeOnReturn?: boolean;
  readonly started?: Partial<ExecutionStarted>;
  /** Arrives together with the start, after it. */
  readonly withStart?: readonly MessageEvent[];
  readonly maxActions?: number;
  /** A history to go on from, as after a rewind, instead of a start. */
  readonly past?: readonly HistoryEvent[];
  /** False for code that means something else as an async function. */
  readonly alsoAsync?: boolean;
}

/** What arrives for one episode; without a time it runs a second after the one before. */
export type Arriving = readonly MessageEvent[] | Timed;

export interface Timed {
  readonly at: number;
  readonly messages: readonly MessageEvent[];
}

export interface End {
  readonly status: "Completed" | "Failed" | "Terminated" | "ContinuedAsNew";
  readonly output: unknown;
}

/** What an episode came to, and the state it left, without anything that only a live session has. */
export interface Outcome {
  readonly accepted: readonly HistoryEvent[];
  readonly actions: readonly OrchestratorAction[];
  readonly lastUnlocks: readonly OrchestratorAction[];
  readonly end: End | undefined;
  readonly failure: unknown;
  readonly carriedOver: readonly HistoryEvent[];
  readonly version: string | undefined;
  readonly customStatus: { readonly value: unknown } | undefined;
  readonly canceledTimers: readonly number[];
  readonly abandoned: readonly number[];
  readonly openTasks: readonly number[];
  readonly awaitedEvents: readonly string[];
  readonly suspension: { readonly reason: string | undefined } | undefined;
}

export interface Run {
  readonly episodes: readonly Outcome[];
  readonly last: Outcome;
  /** The end of the last episode. */
  readonly end: End | undefined;
  /** Everything the episodes have recorded. */
  readonly history: readonly HistoryEvent[];
}

/** How long after its start an orchestration that has a past goes on. */
const REWOUND_AFTER = 3_600 * SECOND;

/** Waits until every microtask that is due has run. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Runs an orchestrator from its start through one episode for each list of messages.
 *
 * It does so with one session all the way, with a new session that replays the history before each episode, and, for a
 * generator, both ways once more as an async function. All of them have to come to the same.
 */
export async function orchestrate(
  orchestration: Handler | Orchestration,
  ...arriving: readonly Arriving[]
): Promise<Run> {
  const given = typeof orchestration === "function" ? { handler: orchestration } : orchestration;
  const warm = await runEpisodes(given, arriving, "warm");
  expect(await runEpisodes(given, arriving, "cold"), "after a replay").toEqual(warm);
  if (isGeneratorFunction(given.handler) && given.alsoAsync !== false) {
    const twin = { ...given, handler: asAsync(given.handler) };
    expect(await runEpisodes(twin, arriving, "warm"), "as an async function").toEqual(warm);
    expect(await runEpisodes(twin, arriving, "cold"), "as an async function, after a replay").toEqual(warm);
  }
  return warm;
}

export function newSession(
  orchestration: Orchestration,
  begun: ExecutionStarted = started(orchestration.started),
  onStray: () => void = () => undefined,
): OrchestratorSession {
  const { handler, completeOnReturn, maxActions = 100_000 } = orchestration;
  const definition = {
    name: begun.name,
    handler,
    ...(completeOnReturn === undefined ? {} : { completeOnReturn }),
  };
  return new OrchestratorSession(definition, begun, { settle, onStray, maxActions });
}

/** One recorded episode, the way a store keeps it. */
interface Chunk {
  readonly seq: number;
  readonly at: number;
  readonly events: string;
}

async function runEpisodes(
  orchestration: Orchestration,
  arriving: readonly Arriving[],
  temperature: "warm" | "cold",
): Promise<Run> {
  const { past = [] } = orchestration;
  const begun = startOf(past) ?? started(orchestration.started);
  const chunks: Chunk[] = [];
  const outcomes: Outcome[] = [];
  let session = newSession(orchestration, begun);
  let output: string | undefined;
  await session.replay(past);
  for (const { at, messages } of schedule(begun, orchestration, arriving)) {
    if (outcomes.at(-1)?.end) throw new Error("The orchestration ended before its last episode.");
    if (temperature === "cold" && outcomes.length > 0) {
      session = newSession(orchestration, begun);
      await session.replay([...past, ...decode(chunks, begun, output)]);
    }
    const result = await session.execute(messages, at);
    outcomes.push(outcomeOf(result, session));
    output = result.completion?.result;
    if (isWorthKeeping(result)) {
      chunks.push({ seq: chunks.length, at, events: encodeChunk(eventsOf(result, at), at).events });
    }
  }
  const last = outcomes.at(-1) as Outcome;
  return {
    episodes: outcomes,
    last,
    end: last.end,
    history: [...past, ...decode(chunks, begun, output)].map(withoutStack),
  };
}

function startOf(history: readonly HistoryEvent[]): ExecutionStarted | undefined {
  return history.find((event) => event.type === "ExecutionStarted");
}

function schedule(
  begun: ExecutionStarted,
  { past, withStart = [] }: Orchestration,
  arriving: readonly Arriving[],
): readonly { readonly at: number; readonly messages: readonly HistoryEvent[] }[] {
  const first = past ? T0 + REWOUND_AFTER : T0;
  const begin = past ? ({ type: "ExecutionRewound", timestamp: first } as const) : begun;
  return [
    { at: first, messages: [begin, ...withStart.map((message) => ({ ...message, timestamp: first }))] },
    ...arriving.map((each, index) => {
      const { at, messages } = isTimed(each) ? each : { at: first + (index + 1) * SECOND, messages: each };
      return { at, messages: messages.map((message) => ({ ...message, timestamp: at })) };
    }),
  ];
}

function isTimed(arriving: Arriving): arriving is Timed {
  return !Array.isArray(arriving);
}

function decode(
  chunks: readonly Chunk[],
  { instanceId, input }: ExecutionStarted,
  output: string | undefined,
): readonly HistoryEvent[] {
  const record = {
    instanceId,
    ...(input === undefined ? {} : { input }),
    ...(output === undefined ? {} : { output }),
  };
  return chunks.flatMap((chunk) => decodeChunk(chunk, record));
}

/** An episode that accepted nothing and asked for nothing leaves no trace. */
function isWorthKeeping({ accepted, actions, completion, continuedAsNew }: EpisodeResult): boolean {
  return (
    accepted.length > 0 || actions.length > 0 || completion !== undefined || continuedAsNew !== undefined
  );
}

function outcomeOf(result: EpisodeResult, session: OrchestratorSession): Outcome {
  const { completion, continuedAsNew, customStatus } = result;
  return {
    accepted: result.accepted,
    actions: result.actions,
    lastUnlocks: result.lastUnlocks ?? [],
    end: endOf(result),
    failure: completion?.failure && withoutStack(completion.failure),
    carriedOver: continuedAsNew?.carriedOver ?? [],
    version: continuedAsNew?.version,
    customStatus: customStatus && { value: valueOf(customStatus.text) },
    canceledTimers: result.canceledTimers.map((timer) => timer.id),
    abandoned: result.abandoned.map((task) => task.id),
    openTasks: [...session.actions.open.values()].map((task) => task.id),
    awaitedEvents: session.events.awaitedNames,
    suspension: session.suspension,
  };
}

function endOf({ completion, continuedAsNew }: EpisodeResult): End | undefined {
  if (continuedAsNew) return { status: "ContinuedAsNew", output: valueOf(continuedAsNew.input) };
  return completion && { status: completion.status, output: valueOf(completion.result) };
}

function valueOf(text: string | undefined): unknown {
  return text === undefined ? undefined : JSON.parse(text);
}

/** A stack tells how the code was called, which differs between a first run and a replay. */
function withoutStack<T>(value: T): T {
  return JSON.parse(
    JSON.stringify(value, (key, inner: unknown) => (key === "stackTrace" ? undefined : inner)),
  ) as T;
}

function isGeneratorFunction(handler: Handler): boolean {
  return handler.constructor.name === "GeneratorFunction";
}

type Running = Generator<unknown, unknown, unknown>;

/** The same code as an async function that awaits where the generator yields. */
export function asAsync(handler: Handler): Handler {
  return async (context) => {
    const running = handler(context) as Running;
    let next = running.next();
    while (!next.done) {
      const task = next.value;
      if (!isTask(task)) throw new Error("Only tasks can be awaited as they are yielded.");
      await task.then(
        () => undefined,
        () => undefined,
      );
      next = task.isFaulted ? running.throw(task.error) : running.next(task.result);
    }
    return next.value;
  };
}
