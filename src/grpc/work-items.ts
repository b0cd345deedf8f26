import { create, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import type { EntityBatch } from "../core/entity-batch.ts";
import type { ActivityCall } from "../engine/executor.ts";
import type { TurnToRun } from "../engine/remote-workers.ts";
import { encodePast } from "../wire/encoded-past.ts";
import { encodeEntityBatch } from "../wire/entity-batch-codec.ts";
import { OrchestratorRequestSchema, WorkItemSchema } from "../wire/generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "../wire/history-codec.ts";
import { encodeTags } from "../wire/tags-codec.ts";
import { encodeTraceContext } from "../wire/trace-context-codec.ts";
import { encodeTurnMemo } from "../wire/turn-memo-codec.ts";

/** A past with more events or bytes is fetched by a worker that can, rather than sent to it. */
const MANY_EVENTS = 500;
const MANY_BYTES = 1024 * 1024;
/** The .NET SDK reads the window of every turn; there is none, since here messages keep their order. */
const ENTITY_PARAMETERS = toBinary(
  OrchestratorRequestSchema,
  create(OrchestratorRequestSchema, { entityParameters: { entityMessageReorderWindow: {} } }),
);
const NO_BYTES = new Uint8Array();
const { orchestratorRequest: REQUEST, completionToken: TOKEN } = WorkItemSchema.field;

/** What the reader of a work item makes of it. */
export interface ItemReader {
  readonly reader: HistoryReader;
  /** It can fetch the past of a turn by itself. */
  readonly canStreamHistory: boolean;
}

/** A turn of an orchestration, as a worker is sent it. */
export function turnItem(
  { started, past, events, memo }: TurnToRun,
  { reader, canStreamHistory }: ItemReader,
  completionToken: string,
): Uint8Array {
  const { instanceId, executionId } = started;
  const encoded = encodePast(past, reader);
  const isLong = past.length > MANY_EVENTS || encoded.bytes.length > MANY_BYTES;
  const requiresHistoryStreaming = canStreamHistory && isLong;
  const pastEvents = requiresHistoryStreaming ? NO_BYTES : encoded.bytes;
  const request = toBinary(
    OrchestratorRequestSchema,
    create(OrchestratorRequestSchema, {
      instanceId,
      executionId,
      requiresHistoryStreaming,
      newEvents: encodeHistory(events, reader, encoded.viaEvents),
    }),
  );
  const kept = encodeTurnMemo(memo);
  return new BinaryWriter()
    .tag(REQUEST.number, WireType.LengthDelimited)
    .uint32(pastEvents.length + request.length + ENTITY_PARAMETERS.length + kept.length)
    .raw(pastEvents)
    .raw(request)
    .raw(ENTITY_PARAMETERS)
    .raw(kept)
    .tag(TOKEN.number, WireType.LengthDelimited)
    .string(completionToken)
    .finish();
}

export function activityItem(call: ActivityCall, completionToken: string): Uint8Array {
  const { name, version, input, instanceId, executionId, taskId, tags, traceContext } = call;
  return encodeItem({
    completionToken,
    request: {
      case: "activityRequest",
      value: {
        name,
        version,
        input,
        taskId,
        orchestrationInstance: { instanceId, executionId },
        tags: encodeTags(tags),
        parentTraceContext: encodeTraceContext(traceContext),
      },
    },
  });
}

export function entityItem(batch: EntityBatch, completionToken: string): Uint8Array {
  return encodeItem({
    completionToken,
    request: { case: "entityRequestV2", value: encodeEntityBatch(batch, batch.instanceId) },
  });
}

export const HEALTH_PING: Uint8Array = encodeItem({ request: { case: "healthPing", value: {} } });

function encodeItem(item: MessageInitShape<typeof WorkItemSchema>): Uint8Array {
  return toBinary(WorkItemSchema, create(WorkItemSchema, item));
}
