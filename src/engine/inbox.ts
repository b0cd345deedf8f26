import type { ActiveInstance, Delivery, PendingMessage } from "./active-instance.ts";

const MAX_MESSAGES_IN_AN_EPISODE = 2_000;

/**
 * The messages of the next episode; those of an earlier run are void and dropped here. What the history has already
 * runs alone, at the time the history says. An instance that is being created does not know yet whether its id is
 * another's: what is for that one waits.
 */
export function takeMessages(instance: ActiveInstance): readonly PendingMessage[] {
  const { inbox, run } = instance;
  const isOurs = (message: PendingMessage): boolean => message.run === undefined || message.run === run;
  const recorded = inbox[0]?.recordedAt === undefined ? 0 : inbox.findIndex(isNew);
  const limit = recorded === 0 ? MAX_MESSAGES_IN_AN_EPISODE : recorded;
  const taken = limit < 0 || inbox.length <= limit ? inbox.splice(0) : inbox.splice(0, limit);
  if (taken.every(isOurs)) return taken;
  if (instance.creation === undefined) return taken.map((each) => (isOurs(each) ? each : withoutEvent(each)));
  inbox.unshift(...taken.filter((each) => !isOurs(each)));
  return taken.filter(isOurs);
}

/** Someone has asked for its end, which needs no code. */
export function isTerminating({ inbox }: ActiveInstance): boolean {
  return inbox.some(({ event }) => event?.type === "ExecutionTerminated");
}

/** Not in the history yet. */
export const isNew = (message: PendingMessage): boolean => message.recordedAt === undefined;

/** It leaves no trace in the store unless it takes effect; what begins an execution does: its row says `recover`. */
export const changesNothing = ({ storedId, timer, recordedAt }: PendingMessage): boolean =>
  storedId === undefined && timer === undefined && recordedAt === undefined;

export function settleAll(messages: readonly PendingMessage[], outcome: Delivery | Error): void {
  for (const message of messages) message.settled?.(outcome);
}

function withoutEvent(message: PendingMessage): PendingMessage {
  const { event: _, ...rest } = message;
  return rest;
}
