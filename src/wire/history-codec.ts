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

/** The events of a history that its reader knows. */
export function encodeHistory(history: readonly HistoryEvent[], reader: HistoryReader): WireEvent[] {
  const hidden = HIDDEN[reader];
  return history.filter((event) => !hidden.has(event.type)).map(encodeEvent);
}
