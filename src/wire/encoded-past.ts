import { create, toBinary } from "@bufbuild/protobuf";
import type { HistoryEvent } from "../core/history-event.ts";
import { OrchestratorRequestSchema } from "./generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "./history-codec.ts";

const FIRST_BYTES = 512;

/** What is known of a past that has been encoded before: it grows, and what is in it stays. */
const known = new WeakMap<readonly HistoryEvent[], EncodedPast>();

/** The past of an execution as bytes of a request for a turn. Of a past that has grown only what is new is encoded. */
export function encodePast(past: readonly HistoryEvent[], reader: HistoryReader): EncodedPast {
  let encoded = known.get(past);
  if (encoded?.reader !== reader) {
    encoded = new EncodedPast(reader);
    known.set(past, encoded);
  }
  encoded.growTo(past);
  return encoded;
}

export class EncodedPast {
  readonly reader: HistoryReader;
  /** Requests to entities in it that are answered by plain events. */
  readonly viaEvents = new Set<string>();
  #buffer = new Uint8Array(FIRST_BYTES);
  #length = 0;
  #events = 0;

  constructor(reader: HistoryReader) {
    this.reader = reader;
  }

  get bytes(): Uint8Array {
    return this.#buffer.subarray(0, this.#length);
  }

  growTo(past: readonly HistoryEvent[]): void {
    if (past.length === this.#events) return;
    const pastEvents = encodeHistory(past.slice(this.#events), this.reader, this.viaEvents);
    this.#append(toBinary(OrchestratorRequestSchema, create(OrchestratorRequestSchema, { pastEvents })));
    this.#events = past.length;
  }

  #append(bytes: Uint8Array): void {
    const length = this.#length + bytes.length;
    if (length > this.#buffer.length) {
      const larger = new Uint8Array(Math.max(length, this.#buffer.length * 2));
      larger.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = larger;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = length;
  }
}
