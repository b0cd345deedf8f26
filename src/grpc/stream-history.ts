import { create, toBinary } from "@bufbuild/protobuf";
import { status } from "@grpc/grpc-js";
import { decodeChunk } from "../core/history-chunk.ts";
import type { HistoryEvent } from "../core/history-event.ts";
import {
  type HistoryChunk,
  HistoryChunkSchema,
  HistoryEventSchema,
  type StreamInstanceHistoryRequest,
  type HistoryEvent as WireEvent,
} from "../wire/generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "../wire/history-codec.ts";
import { RpcError } from "./rpc-error.ts";
import type { RpcCall, ServedHub } from "./served-hub.ts";
import type { TurnWork } from "./worker-pool.ts";

/** Far below the 4 MB that some SDKs receive in one message at most. */
const PIECE_BYTES = 1024 * 1024;
/** Events of a past that are encoded in one go. */
const PIECE_EVENTS = 500;

/** The history as it is committed; for the worker that has a turn of it, that turn's past. @throws {RpcError} NOT_FOUND */
export async function* streamInstanceHistory(
  request: StreamInstanceHistoryRequest,
  { hub }: RpcCall,
): AsyncGenerator<HistoryChunk> {
  const { instanceId, executionId = "", forWorkItemProcessing } = request;
  const turn = forWorkItemProcessing ? hub.workers.turnOf(instanceId, executionId) : undefined;
  const reader = forWorkItemProcessing ? (turn?.sent?.stream.reader ?? "worker") : "client";
  const history = turn ? pastOf(turn) : storedHistory(hub, instanceId, executionId);
  yield* inPieces(history, reader);
}

/** The past grows as soon as the turn is over. */
function* pastOf({ turn: { past } }: TurnWork): Generator<readonly HistoryEvent[]> {
  const end = past.length;
  for (let next = 0; next < end; next += PIECE_EVENTS) {
    yield past.slice(next, Math.min(next + PIECE_EVENTS, end));
  }
}

async function* storedHistory(
  { query }: ServedHub,
  instanceId: string,
  executionId: string,
): AsyncGenerator<readonly HistoryEvent[]> {
  const record = await query.get(instanceId);
  const isAnother = executionId !== "" && record?.executionId !== executionId;
  if (record === undefined || isAnother || instanceId.startsWith("@")) {
    throw new RpcError(status.NOT_FOUND, `No instance with ID '${instanceId}' was found.`);
  }
  for await (const chunk of query.history(instanceId)) yield decodeChunk(chunk, record);
}

async function* inPieces(
  history: AsyncIterable<readonly HistoryEvent[]> | Iterable<readonly HistoryEvent[]>,
  reader: HistoryReader,
): AsyncGenerator<HistoryChunk> {
  const viaEvents = new Set<string>();
  for await (const events of history) {
    for (const piece of split(encodeHistory(events, reader, viaEvents))) {
      yield create(HistoryChunkSchema, { events: piece });
    }
  }
}

/** In order, and none too large unless one event alone is. */
function* split(events: readonly WireEvent[]): Generator<WireEvent[]> {
  let piece: WireEvent[] = [];
  let bytes = 0;
  for (const event of events) {
    const size = toBinary(HistoryEventSchema, event).length;
    if (piece.length > 0 && bytes + size > PIECE_BYTES) {
      yield piece;
      piece = [];
      bytes = 0;
    }
    piece.push(event);
    bytes += size;
  }
  if (piece.length > 0) yield piece;
}
