import { create } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { decodeChunk } from "../core/history-chunk.ts";
import {
  type HistoryChunk,
  HistoryChunkSchema,
  type StreamInstanceHistoryRequest,
} from "../wire/generated/orchestrator_service_pb.ts";
import { encodeHistory } from "../wire/history-codec.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcCall } from "./served-hub.ts";

/** The history as it is committed, an episode a piece. @throws {RpcError} NOT_FOUND */
export async function* streamInstanceHistory(
  { instanceId, executionId, forWorkItemProcessing }: StreamInstanceHistoryRequest,
  { hub: { query } }: RpcCall,
): AsyncGenerator<HistoryChunk> {
  const record = await query.get(instanceId);
  const isAnother = executionId !== undefined && executionId !== "" && record?.executionId !== executionId;
  if (record === undefined || isAnother || instanceId.startsWith("@")) {
    throw new RpcError(status.NOT_FOUND, `No instance with ID '${instanceId}' was found.`);
  }
  const reader = forWorkItemProcessing ? "worker" : "client";
  const viaEvents = new Set<string>();
  for await (const chunk of query.history(instanceId)) {
    yield create(HistoryChunkSchema, {
      events: encodeHistory(decodeChunk(chunk, record), reader, viaEvents),
    });
  }
}
