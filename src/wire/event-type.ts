import type { MessageInitShape } from "@bufbuild/protobuf";
import type { HistoryEventSchema } from "./generated/orchestrator_service_pb.ts";

/** What distinguishes one kind of event from another. */
export type EventType = NonNullable<MessageInitShape<typeof HistoryEventSchema>["eventType"]>;

/** The id of an event that confirms no action. */
export const NO_EVENT_ID = -1;
