import { MAX_PAYLOAD_CHARACTERS } from "../core/data-converter.ts";
import type { FailureDetails } from "../core/failure-details.ts";
import type { ActiveInstance, Delivery, PendingMessage } from "./active-instance.ts";

const MAX_MESSAGES_IN_AN_EPISODE = 2_000;
/** Of their data together, which become one text; a message that has more of its own comes alone. */
const MAX_CHARACTERS_IN_AN_EPISODE = MAX_PAYLOAD_CHARACTERS;
/** Elsewhere too, and there they come in one message, which for most workers must stay below 4 MB. */
const MAX_CHARACTERS_IN_A_TURN_ELSEWHERE = 1024 * 1024;

/**
 * The messages of the next episode; those of an earlier run, or for a namesake, are void and dropped here. What the history has already
 * runs alone, at the time the history says. An instance that is being created does not know yet whether its id is
 * another's: what is for that one waits.
 */
export function takeMessages(instance: ActiveInstance): readonly PendingMessage[] {
  const { inbox, run, session } = instance;
  const isOurs = (message: PendingMessage): boolean =>
    (message.run === undefined || message.run === run) && !isForNamesake(instance, message);
  const recorded = inbox[0]?.recordedAt === undefined ? 0 : inbox.findIndex(isNew);
  const most = session?.runsElsewhere ? MAX_CHARACTERS_IN_A_TURN_ELSEWHERE : MAX_CHARACTERS_IN_AN_EPISODE;
  const limit = recorded === 0 ? fitting(inbox, most) : recorded;
  const taken = limit < 0 || inbox.length <= limit ? inbox.splice(0) : inbox.splice(0, limit);
  if (taken.every(isOurs)) return taken;
  if (instance.creation === undefined) return taken.map((each) => (isOurs(each) ? each : withoutEvent(each)));
  putFirst(
    inbox,
    taken.filter((each) => !isOurs(each)),
  );
  return taken.filter(isOurs);
}

/** Before all that waits. There may be more of them than a call can have arguments. */
export function putFirst(inbox: PendingMessage[], messages: readonly PendingMessage[]): void {
  const waiting = inbox.splice(0);
  for (const message of messages) inbox.push(message);
  for (const message of waiting) inbox.push(message);
}

/** Someone has asked for its end, which needs no code. */
export function isTerminating(instance: ActiveInstance): boolean {
  return instance.inbox.some(
    (message) => message.event?.type === "ExecutionTerminated" && !isForNamesake(instance, message),
  );
}

/** A parent ends its children by their ids, and a child that was refused has the id of another instance. */
function isForNamesake({ started }: ActiveInstance, { event }: PendingMessage): boolean {
  if (event?.type !== "ExecutionTerminated" || event.parentInstanceId === undefined) return false;
  return started !== undefined && started.parent?.instanceId !== event.parentInstanceId;
}

/** Not in the history yet. */
export const isNew = (message: PendingMessage): boolean => message.recordedAt === undefined;

/** It leaves no trace in the store unless it takes effect; what begins an execution does: its row says `recover`. */
export const changesNothing = ({ storedId, timer, recordedAt }: PendingMessage): boolean =>
  storedId === undefined && timer === undefined && recordedAt === undefined;

export function settleAll(messages: readonly PendingMessage[], outcome: Delivery | Error): void {
  for (const message of messages) message.settled?.(outcome);
}

/** How many messages at the head of the inbox one episode has room for. */
function fitting(inbox: readonly PendingMessage[], mostCharacters: number): number {
  const most = Math.min(inbox.length, MAX_MESSAGES_IN_AN_EPISODE);
  let characters = 0;
  for (let count = 0; count < most; count++) {
    characters += charactersOf(inbox[count] as PendingMessage);
    if (count > 0 && characters > mostCharacters) return count;
  }
  return most;
}

function charactersOf({ event }: PendingMessage): number {
  switch (event?.type) {
    case "TaskCompleted":
    case "SubOrchestrationInstanceCompleted":
    case "EntityOperationCompleted":
      return event.result?.length ?? 0;
    case "EventRaised":
      return event.input?.length ?? 0;
    case "TaskFailed":
    case "SubOrchestrationInstanceFailed":
      return event.reason.length + charactersOfFailure(event.failure);
    case "EntityOperationFailed":
      return charactersOfFailure(event.failure);
    default:
      return 0;
  }
}

function charactersOfFailure({ errorMessage, stackTrace = "", innerFailure }: FailureDetails): number {
  return errorMessage.length + stackTrace.length + (innerFailure ? charactersOfFailure(innerFailure) : 0);
}

function withoutEvent(message: PendingMessage): PendingMessage {
  const { event: _, ...rest } = message;
  return rest;
}
