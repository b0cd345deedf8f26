import { isEntityMessage } from "./entity-message.ts";
import { DurableError } from "./errors.ts";
import type {
  HistoryEvent,
  InstanceMessage,
  JsonText,
  MessageEvent,
  TaskScheduled,
} from "./history-event.ts";

/** The stored form of the events of one episode, and how many events a reader of the history will see. */
export interface EncodedChunk {
  readonly events: string;
  readonly eventCount: number;
}

/**
 * Encodes the events of one episode, without the OrchestratorStarted and OrchestratorCompleted around them: the
 * chunk itself stands for both. A timestamp equal to the episode's is left out; so are the input of ExecutionStarted
 * and the result of ExecutionCompleted, which the instance's record holds.
 *
 * A memo stands before the events and is none: `decodeChunk` leaves it out, so that no reader of a history sees it.
 */
export function encodeChunk(
  events: readonly HistoryEvent[],
  at: number,
  memo?: { readonly text: string | undefined },
): EncodedChunk {
  let text = memo === undefined ? "" : JSON.stringify({ type: MEMO, text: memo.text ?? null });
  for (const event of events) text += text === "" ? encodeEvent(event, at) : `,${encodeEvent(event, at)}`;
  return { events: `[${text}]`, eventCount: events.length + 2 };
}

/** The two events that most episodes consist of are put together by hand, which takes a third of the time. */
function encodeEvent(event: HistoryEvent, at: number): string {
  switch (event.type) {
    case "TaskScheduled":
      if (isAdorned(event)) break;
      return `{"type":"TaskScheduled","eventId":${event.eventId}${field("name", event.name)}${field("input", event.input)}${time(event, at)}}`;
    case "TaskCompleted":
      return `{"type":"TaskCompleted","taskScheduledId":${event.taskScheduledId}${field("result", event.result)}${time(event, at)}}`;
    default:
      break;
  }
  return JSON.stringify(lean(event, at));
}

function isAdorned({ retryOf, version, tags, traceContext }: TaskScheduled): boolean {
  return (retryOf ?? version ?? tags ?? traceContext) !== undefined;
}

function field(key: string, text: string | undefined): string {
  return text === undefined ? "" : `,"${key}":${JSON.stringify(text)}`;
}

function time(event: HistoryEvent, at: number): string {
  return event.timestamp === at ? "" : `,"timestamp":${event.timestamp}`;
}

/**
 * The events of a stored chunk.
 *
 * @throws {DurableError} HISTORY_CORRUPT
 */
export function decodeChunk(
  chunk: { readonly seq: number; readonly at: number; readonly events: string },
  record: { readonly instanceId: string; readonly input?: JsonText; readonly output?: JsonText },
): HistoryEvent[] {
  const stored = parse(chunk, record.instanceId);
  if (hasMemo(chunk)) stored.shift();
  const events = stored.map((event) => full(event, chunk.at, record));
  events.unshift({ type: "OrchestratorStarted", timestamp: chunk.at });
  events.push({ type: "OrchestratorCompleted", timestamp: chunk.at });
  return events;
}

/** The memo of the last chunk that says anything of it. */
export function memoOf(chunks: readonly { readonly events: string }[]): string | undefined {
  const last = chunks.findLast(hasMemo);
  const stored = last && tryParse(last.events);
  const memo: unknown = Array.isArray(stored) ? stored[0] : undefined;
  if (typeof memo !== "object" || memo === null || !("text" in memo)) return undefined;
  return typeof memo.text === "string" ? memo.text : undefined;
}

export function encodeMessage(event: InstanceMessage): string {
  return JSON.stringify(event);
}

/** @throws {DurableError} HISTORY_CORRUPT */
export function decodeMessage(text: string): InstanceMessage {
  const event = tryParse(text);
  if (isEvent(event) && (MESSAGE_TYPES.has(event.type) || isEntityMessage(event))) {
    return event as InstanceMessage;
  }
  throw new DurableError("HISTORY_CORRUPT", `A message in the store cannot be read: ${text.slice(0, 120)}`);
}

const MEMO = "Memo";

const hasMemo = ({ events }: { readonly events: string }): boolean => events.startsWith(`[{"type":"${MEMO}"`);

const MESSAGE_TYPES: ReadonlySet<string> = new Set<MessageEvent["type"]>([
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
  "EntityOperationCompleted",
  "EntityOperationFailed",
  "EntityLockGranted",
]);

function lean(event: HistoryEvent, at: number): object {
  const { timestamp, ...rest } = event;
  if (rest.type === "ExecutionStarted") delete (rest as { input?: JsonText }).input;
  if (rest.type === "ExecutionCompleted") delete (rest as { result?: JsonText }).result;
  return timestamp === at ? rest : { ...rest, timestamp };
}

function full(
  event: HistoryEvent,
  at: number,
  record: { readonly input?: JsonText; readonly output?: JsonText },
): HistoryEvent {
  const timestamp = event.timestamp ?? at;
  if (event.type === "ExecutionStarted" && record.input !== undefined) {
    return { ...event, timestamp, input: record.input };
  }
  if (event.type === "ExecutionCompleted" && record.output !== undefined) {
    return { ...event, timestamp, result: record.output };
  }
  return event.timestamp === undefined ? { ...event, timestamp } : event;
}

function parse(chunk: { readonly seq: number; readonly events: string }, instanceId: string): HistoryEvent[] {
  const events = tryParse(chunk.events);
  if (Array.isArray(events) && events.every(isEvent)) return events as HistoryEvent[];
  throw new DurableError(
    "HISTORY_CORRUPT",
    `Chunk ${chunk.seq} of the history of instance '${instanceId}' cannot be read.`,
  );
}

/** Text that is not JSON has no value; the callers turn that into their own error. */
function tryParse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function isEvent(value: unknown): value is { readonly type: string } {
  return typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";
}
