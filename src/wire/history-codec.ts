import type { HistoryEvent, HistoryEventName } from "../core/history-event.ts";
import { encodeEvent } from "./event-codec.ts";
import type { HistoryEvent as WireEvent } from "./generated/orchestrator_service_pb.ts";

/**
 * Who reads a history. Workers fail an orchestration over kinds they do not know, so each is sent only what it does; the
 * oldest kind of worker confirms no sent events and has never heard of entities.
 */
export type HistoryReader = "client" | "worker" | "workerWithoutEntities";

const OWN: readonly HistoryEventName[] = ["PatchMarked", "OrchestratorCompleted"];

const NOT_FOR_WORKERS: readonly HistoryEventName[] = [...OWN, "ExecutionCompleted", "ExecutionRewound"];

const OF_ENTITIES: readonly HistoryEventName[] = [
  "EntityOperationCalled",
  "EntityOperationSignaled",
  "EntityLockRequested",
  "EntityUnlockSent",
  "EntityOperationCompleted",
  "EntityOperationFailed",
  "EntityLockGranted",
];

const HIDDEN: Readonly<Record<HistoryReader, ReadonlySet<HistoryEventName>>> = {
  client: new Set(OWN),
  worker: new Set(NOT_FOR_WORKERS),
  workerWithoutEntities: new Set([...NOT_FOR_WORKERS, "EventSent", ...OF_ENTITIES]),
};

/**
 * The events of a history that its reader knows. For a history in pieces, `viaEvents` goes from piece to piece: requests to
 * entities that are answered by plain events.
 */
export function encodeHistory(
  history: readonly HistoryEvent[],
  reader: HistoryReader,
  viaEvents: Set<string> = new Set(),
): WireEvent[] {
  const hidden = HIDDEN[reader];
  const known = history.filter((event) => !hidden.has(event.type) || isViaEvents(event, viaEvents));
  return known.map((event) => encodeEvent(event, isViaEvents(event, viaEvents)));
}

/** Whether it is a request, or the answer to one, of code that knows plain events only. */
function isViaEvents(event: HistoryEvent, viaEvents: Set<string>): boolean {
  switch (event.type) {
    case "EntityOperationCalled":
    case "EntityOperationSignaled":
      if (event.viaEvents) viaEvents.add(event.requestId);
      return event.viaEvents === true;
    case "EntityLockRequested":
    case "EntityUnlockSent":
      if (event.viaEvents) viaEvents.add(event.criticalSectionId);
      return event.viaEvents === true;
    case "EntityOperationCompleted":
    case "EntityOperationFailed":
      return viaEvents.has(event.requestId);
    case "EntityLockGranted":
      return viaEvents.has(event.criticalSectionId);
    default:
      return false;
  }
}
