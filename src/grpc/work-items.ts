import { create } from "@bufbuild/protobuf";
import type { EntityBatch } from "../core/entity-batch.ts";
import type { ActivityCall } from "../engine/executor.ts";
import type { TurnToRun } from "../engine/remote-workers.ts";
import { encodeEntityBatch } from "../wire/entity-batch-codec.ts";
import {
  type OrchestrationTraceContext,
  type WorkItem,
  WorkItemSchema,
} from "../wire/generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "../wire/history-codec.ts";
import { encodeTags } from "../wire/tags-codec.ts";
import { encodeTraceContext } from "../wire/trace-context-codec.ts";

/** Past events of a turn that a worker fetches by itself when it can, rather than being sent them. */
const MANY_EVENTS = 500;

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
): WorkItem {
  const { instanceId, executionId } = started;
  const requiresHistoryStreaming = canStreamHistory && past.length > MANY_EVENTS;
  const viaEvents = new Set<string>();
  const pastEvents = encodeHistory(past, reader, viaEvents);
  return create(WorkItemSchema, {
    completionToken,
    request: {
      case: "orchestratorRequest",
      value: {
        instanceId,
        executionId,
        pastEvents: requiresHistoryStreaming ? [] : pastEvents,
        requiresHistoryStreaming,
        newEvents: encodeHistory(events, reader, viaEvents),
        entityParameters: {},
        ...(memo === undefined ? {} : { orchestrationTraceContext: memo as OrchestrationTraceContext }),
      },
    },
  });
}

export function activityItem(call: ActivityCall, completionToken: string): WorkItem {
  const { name, version, input, instanceId, executionId, taskId, tags, traceContext } = call;
  return create(WorkItemSchema, {
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

export function entityItem(batch: EntityBatch, completionToken: string): WorkItem {
  return create(WorkItemSchema, {
    completionToken,
    request: { case: "entityRequestV2", value: encodeEntityBatch(batch, batch.instanceId) },
  });
}

export const HEALTH_PING: WorkItem = create(WorkItemSchema, { request: { case: "healthPing", value: {} } });
