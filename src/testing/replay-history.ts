import { describeAction } from "../core/action-log.ts";
import { fromJsonText } from "../core/data-converter.ts";
import type { EpisodeResult } from "../core/episode-result.ts";
import { type Disagreement, DurableError, NonDeterminismError } from "../core/errors.ts";
import type { CompletionStatus, ExecutionCompleted, HistoryEvent } from "../core/history-event.ts";
import { OrchestratorSession } from "../core/orchestrator-session.ts";
import { orchestratorNotFound } from "../engine/registry.ts";
import type { App } from "../sdk/app.ts";
import { turn } from "./real-time.ts";
import { type HistorySource, type RecordedHistory, recordedHistories } from "./recorded-history.ts";

/** What the code, led by a history, came to. */
export interface ReplayedHistory {
  readonly instanceId: string;
  readonly name: string;
  /** Running: neither the history nor the code has ended. */
  readonly runtimeStatus: CompletionStatus | "Running";
  /** What the code returns now, or its failure text. */
  readonly output: unknown;
}

/**
 * Runs today's code over histories of the past, and resolves when it asks for the same steps in the same order and ends in
 * the same status. Inputs, outputs and times are not compared; activities do not run.
 *
 * @throws {NonDeterminismError} with both sides, when the code asks for something else; AggregateError when that is so for
 * several of the histories
 * @throws {DurableError} ORCHESTRATOR_NOT_FOUND; INVALID_ARGUMENT for what is no history, and for an archive without one
 */
export async function replayHistory(app: App, source: HistorySource): Promise<readonly ReplayedHistory[]> {
  const replayed: ReplayedHistory[] = [];
  const errors: Error[] = [];
  for await (const history of recordedHistories(source)) {
    try {
      replayed.push(await replay(app, history));
    } catch (error) {
      errors.push(error instanceof Error ? error : new Error(String(error)));
    }
  }
  const [only] = errors;
  if (only && errors.length === 1) throw only;
  if (only) throw new AggregateError(errors, errors.map(({ message }) => message).join("\n"));
  if (replayed.length > 0) return replayed;
  throw new DurableError("INVALID_ARGUMENT", "The archive has no history to replay.");
}

async function replay(app: App, { started, events }: RecordedHistory): Promise<ReplayedHistory> {
  const { instanceId, name } = started;
  const { registry } = app;
  const definition = registry.orchestrator(name, started.version) ?? registry.orchestrator(name, undefined);
  if (definition === undefined) throw orchestratorNotFound(name, app.registry.orchestratorNames);
  const session = new OrchestratorSession(definition, started, {
    settle: turn,
    onStray: () => undefined,
    maxActions: Number.POSITIVE_INFINITY,
  });
  if (hasOnlyBegun(events)) return { instanceId, name, runtimeStatus: "Running", output: undefined };
  const recorded = events.find((event) => event.type === "ExecutionCompleted");
  await session.replay(events.filter((event) => event !== recorded));
  const result = await session.execute([], events.at(-1)?.timestamp ?? 0);
  const end = recorded?.type === "ExecutionCompleted" ? recorded : undefined;
  const disagreement = session.verdict?.disagreement ?? differenceOf(result, end);
  if (disagreement !== undefined) {
    throw new NonDeterminismError(disagreement, `instance '${instanceId}' of '${name}'`);
  }
  const { completion } = result;
  const output = fromJsonText(completion?.result);
  return { instanceId, name, runtimeStatus: completion?.status ?? "Running", output };
}

/** The first episode after a continue-as-new holds what was carried over; the code has not run yet. */
function hasOnlyBegun(events: readonly HistoryEvent[]): boolean {
  const episodes = events.filter((event) => event.type === "OrchestratorStarted").length;
  return (
    episodes === 1 &&
    events.some((event) => event.type === "ExecutionStarted" && event.generation !== undefined)
  );
}

/** What the history says and what the code does, where that is not the same. */
function differenceOf(
  result: EpisodeResult,
  recorded: ExecutionCompleted | undefined,
): Disagreement | undefined {
  const [action] = result.actions;
  if (action) return differsFrom(recorded, action.id, `${describeAction(action)} as well`);
  if (recorded?.failure?.properties?.["code"] === "NON_DETERMINISM") return undefined;
  const end = codeEnd(result);
  return end === (recorded?.status ?? "Running")
    ? undefined
    : differsFrom(recorded, recorded?.eventId ?? 0, inWords(end));
}

function differsFrom(recorded: ExecutionCompleted | undefined, eventId: number, code: string): Disagreement {
  return {
    eventId: recorded?.eventId ?? eventId,
    history: recorded ? `the end as ${recorded.status}` : "not there yet",
    code,
    likelyCause: "steps were added to the code or removed from it, or it ends in another way.",
  };
}

type End = CompletionStatus | "ContinuedAsNew" | "Running";

function codeEnd({ completion, continuedAsNew }: EpisodeResult): End {
  return completion?.status ?? (continuedAsNew ? "ContinuedAsNew" : "Running");
}

function inWords(end: End): string {
  switch (end) {
    case "Running":
      return "something more to wait for";
    case "ContinuedAsNew":
      return "a continue-as-new";
    case "Completed":
    case "Failed":
    case "Terminated":
      return `the end as ${end}`;
  }
}
