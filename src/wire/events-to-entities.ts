import { type FailureDetails, failureView } from "../core/failure-details.ts";
import { given } from "../core/given.ts";
import type { EntityAnswer, HistoryEvent, JsonText } from "../core/history-event.ts";
import type { EntityAction } from "../core/orchestrator-action.ts";
import { whyNoEntity } from "../core/unusable-ids.ts";
import type { EventType } from "./event-type.ts";
import { MalformedMessageError, requireGuid } from "./malformed-message-error.ts";

/*
 * Workers that know no messages for entities send events to them, whose names and contents are those of the Durable Task
 * Framework (S-142 to S-144), and wait for an event that is named by the request.
 */

type AskedOfEntity = Extract<
  HistoryEvent,
  {
    readonly type:
      | "EntityOperationCalled"
      | "EntityOperationSignaled"
      | "EntityLockRequested"
      | "EntityUnlockSent";
  }
>;

interface SentEvent {
  readonly id: number;
  readonly instanceId: string;
  readonly name: string;
  readonly data: JsonText | undefined;
}

const LOCK_GRANTED = "Lock Acquisition Completed";

/** What an event to an entity asks for. @throws {MalformedMessageError} */
export function decodeEventToEntity({ id, instanceId, name, data }: SentEvent): EntityAction {
  if (data === undefined) throw malformed(id, "has no content");
  const message = contentOf(id, data);
  const requestId = requireGuid(textOf(message["id"]), `The id in the ${eventOf(id)}`);
  const sent = { id, viaEvents: true, sentAs: { instanceId, name, input: data } } as const;
  if (name === "release") {
    return { type: "SendEntityUnlock", ...sent, instanceId, criticalSectionId: requestId };
  }
  if (name !== "op" && !name.startsWith("op@")) throw malformed(id, `is named '${name}', not op or release`);
  const lockSet = message["lockset"];
  if (Array.isArray(lockSet)) {
    if (lockSet.length === 0) throw malformed(id, "asks for a lock of no entity");
    const entities = lockSet.map((each: unknown) => entityOf(id, each));
    const inOrder = [...new Set(entities)].toSorted();
    return { type: "RequestEntityLock", ...sent, criticalSectionId: requestId, lockSet: inOrder };
  }
  const operation = textOf(message["op"]) ?? "";
  const asked = { ...sent, instanceId, requestId, operation, input: textOf(message["input"]) };
  if (message["signal"] !== true) {
    const refused = whyNoEntity(instanceId);
    return { type: "CallEntity", ...asked, criticalSectionId: undefined, ...given({ refused }) };
  }
  const scheduledTime = timeOf(textOf(message["due"]) ?? name.slice("op@".length));
  return { type: "SignalEntity", ...asked, scheduledTime };
}

/** How the history tells such a worker what it has asked for. A history that does not have the event has what it was about. */
export function encodeEventToEntity(event: AskedOfEntity): EventType {
  if (event.sentAs) return { case: "eventSent", value: event.sentAs };
  switch (event.type) {
    case "EntityOperationCalled": {
      const { requestId, operation, input, instanceId } = event;
      return eventSent(instanceId, "op", { op: operation, ...given({ input }), id: requestId });
    }
    case "EntityOperationSignaled": {
      const { requestId, operation, input, instanceId, scheduledTime } = event;
      const due = scheduledTime === undefined ? undefined : new Date(scheduledTime).toISOString();
      const content = { op: operation, signal: true, ...given({ input, due }), id: requestId };
      return eventSent(instanceId, due === undefined ? "op" : `op@${due}`, content);
    }
    case "EntityLockRequested": {
      const { criticalSectionId, lockSet } = event;
      const lockset = lockSet.map((entity) => {
        const end = entity.indexOf("@", 1);
        return { name: entity.slice(1, end), key: entity.slice(end + 1) };
      });
      return eventSent(lockSet[0] ?? "", "op", { op: null, id: criticalSectionId, lockset });
    }
    case "EntityUnlockSent":
      return eventSent(event.instanceId, "release", { id: event.criticalSectionId });
  }
}

/** How it learns of the answer. */
export function encodeAnswerAsEvent(event: EntityAnswer): EventType {
  switch (event.type) {
    case "EntityOperationCompleted":
      return eventRaised(event.requestId, { result: event.result ?? null });
    case "EntityOperationFailed":
      return eventRaised(event.requestId, failureContent(event.failure));
    case "EntityLockGranted":
      return eventRaised(event.criticalSectionId, { result: LOCK_GRANTED });
  }
}

function failureContent(failure: FailureDetails): object {
  const { errorType, errorMessage } = failure;
  return {
    result: JSON.stringify(errorMessage),
    exceptionType: errorType,
    failureDetails: failureView(failure),
  };
}

function eventSent(instanceId: string, name: string, content: object): EventType {
  return { case: "eventSent", value: { instanceId, name, input: JSON.stringify(content) } };
}

function eventRaised(name: string, content: object): EventType {
  return { case: "eventRaised", value: { name, input: JSON.stringify(content) } };
}

function contentOf(id: number, data: JsonText): Readonly<Record<string, unknown>> {
  const content = parsed(data);
  if (typeof content === "object" && content !== null) return content as Record<string, unknown>;
  throw malformed(id, "has no content");
}

/** Text that is no JSON is no content. */
function parsed(data: JsonText): unknown {
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

function entityOf(id: number, value: unknown): string {
  const { name, key } = (value ?? {}) as { readonly name?: unknown; readonly key?: unknown };
  if (typeof name === "string" && typeof key === "string") return `@${name.toLowerCase()}@${key}`;
  throw malformed(id, "has an entity in its lock set without name or key");
}

const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : undefined);

function timeOf(text: string): number | undefined {
  const time = Date.parse(text);
  return Number.isNaN(time) ? undefined : time;
}

function malformed(id: number, what: string): MalformedMessageError {
  return new MalformedMessageError(`The ${eventOf(id)} ${what}.`);
}

const eventOf = (id: number): string => `event to an entity of the sendEvent action ${id}`;
