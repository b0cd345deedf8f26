import { createReadStream } from "node:fs";
import { DurableError } from "../core/errors.ts";
import type { ExecutionStarted, HistoryEvent } from "../core/history-event.ts";
import { readArchive } from "../engine/read-archive.ts";
import { textLines } from "../engine/text-lines.ts";

/** A file's path or URL, its text, or the events themselves. */
export type HistorySource = string | URL | readonly HistoryEvent[];

/** The history of one execution. */
export interface RecordedHistory {
  readonly started: ExecutionStarted;
  readonly events: readonly HistoryEvent[];
}

/**
 * The histories of an archive that `perdure durable export-history` has written, or the one of which the events are given,
 * as values or as lines of JSON. An instance that changed while it was exported, and one that had not begun, is left out.
 *
 * @throws {DurableError} INVALID_ARGUMENT for what is neither
 */
export async function* recordedHistories(source: HistorySource): AsyncGenerator<RecordedHistory> {
  if (Array.isArray(source)) {
    yield historyOf(source as readonly HistoryEvent[]);
    return;
  }
  const lines = linesOf(source as string | URL);
  const first = await firstOf(lines);
  if (isEvent(first)) yield historyOf(await eventsOf(first, lines));
  else yield* archived(again(first, lines));
}

async function* archived(lines: AsyncIterable<string>): AsyncGenerator<RecordedHistory> {
  for await (const { episodes, isWhole } of readArchive(lines)) {
    if (!isWhole || episodes.length === 0) continue;
    yield historyOf(
      episodes.flatMap(({ time, events }) => {
        const timestamp = Date.parse(time);
        return [
          { type: "OrchestratorStarted", timestamp },
          ...events,
          { type: "OrchestratorCompleted", timestamp },
        ] as const;
      }),
    );
  }
}

function historyOf(events: readonly HistoryEvent[]): RecordedHistory {
  const started = events.find((event) => event.type === "ExecutionStarted");
  if (started?.type === "ExecutionStarted") return { started, events };
  throw new DurableError(
    "INVALID_ARGUMENT",
    "This is no history of an orchestration: it has no event ExecutionStarted. Pass an archive that " +
      "`perdure durable export-history` has written, or the events of hub.history(instanceId).",
  );
}

/** What begins like JSON is the text itself. */
async function* linesOf(source: string | URL): AsyncGenerator<string> {
  if (typeof source === "string" && (source.includes("\n") || /^\s*[{[]/.test(source))) {
    yield* source.split("\n");
    return;
  }
  try {
    yield* textLines(createReadStream(source));
  } catch (cause) {
    if (!(cause instanceof Error && "syscall" in cause)) throw cause;
    throw new DurableError(
      "INVALID_ARGUMENT",
      `The file of histories cannot be read: ${cause.message}. Pass its path, its text, or an array of events.`,
      { cause },
    );
  }
}

async function firstOf(lines: AsyncGenerator<string>): Promise<string> {
  const first = await lines.next();
  return first.done ? "" : first.value;
}

async function* again(first: string, lines: AsyncIterable<string>): AsyncGenerator<string> {
  yield first;
  yield* lines;
}

async function eventsOf(first: string, lines: AsyncIterable<string>): Promise<readonly HistoryEvent[]> {
  const events: HistoryEvent[] = [];
  for await (const line of again(first, lines)) {
    if (line.trim() === "") continue;
    if (!isEvent(line))
      throw new DurableError("INVALID_ARGUMENT", `This line is no event of a history: ${line}`);
    events.push(JSON.parse(line) as HistoryEvent);
  }
  return events;
}

/** An event of a history has a time in milliseconds; a line of an archive has not. */
function isEvent(line: string): boolean {
  try {
    const value = JSON.parse(line) as { readonly type?: unknown; readonly timestamp?: unknown } | null;
    return typeof value?.type === "string" && typeof value.timestamp === "number";
  } catch {
    return false;
  }
}
