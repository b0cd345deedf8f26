import { fromBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { HistoryEvent } from "../../src/core/history-event.ts";
import { encodePast } from "../../src/wire/encoded-past.ts";
import { OrchestratorRequestSchema } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeHistory, type HistoryReader } from "../../src/wire/history-codec.ts";
import { T0 } from "../support/history.ts";

const step = (eventId: number): HistoryEvent[] => [
  { type: "OrchestratorStarted", timestamp: T0 + eventId },
  { type: "TaskScheduled", timestamp: T0 + eventId, eventId, name: "sayHello", input: `"${"x".repeat(40)}"` },
  { type: "EventSent", timestamp: T0 + eventId, eventId: eventId + 1, instanceId: "other", name: "news" },
];

const call: HistoryEvent = {
  type: "EntityOperationCalled",
  timestamp: T0,
  eventId: 7,
  requestId: "r1",
  instanceId: "@counter@a",
  operation: "add",
  viaEvents: true,
};

const read = (past: readonly HistoryEvent[], reader: HistoryReader) =>
  fromBinary(OrchestratorRequestSchema, encodePast(past, reader).bytes).pastEvents;

describe("the past of an execution as bytes", () => {
  test("is what a request with these events has", () => {
    const past = step(0);
    expect(read(past, "worker")).toEqual(encodeHistory(past, "worker"));
  });

  test("is no bytes when there is no past", () => {
    expect(encodePast([], "worker").bytes).toHaveLength(0);
  });

  test("grows with the past, beyond any room that was made at first", () => {
    const past: HistoryEvent[] = [];
    for (let id = 0; id < 100; id++) {
      past.push(...step(id));
      expect(read(past, "worker")).toHaveLength(past.length);
    }
    expect(read(past, "worker")).toEqual(encodeHistory(past, "worker"));
  });

  test("encodes an event once, however often it is sent", () => {
    const [started, ...others] = step(0);
    let reads = 0;
    const counted = Object.defineProperty({ ...others[0] } as HistoryEvent, "timestamp", {
      get: () => {
        reads += 1;
        return T0;
      },
    });
    const past = [started as HistoryEvent, counted];
    const first = Buffer.from(encodePast(past, "worker").bytes);
    const readsOfOne = reads;
    past.push(...step(5));
    const second = encodePast(past, "worker").bytes;
    expect(reads).toBe(readsOfOne);
    expect(Buffer.from(second.subarray(0, first.length))).toEqual(first);
  });

  test("is made anew for a worker that knows other events", () => {
    const past = step(0);
    expect(read(past, "worker")).toHaveLength(3);
    expect(read(past, "workerWithoutEntities")).toHaveLength(2);
    expect(read(past, "worker")).toHaveLength(3);
  });

  test("knows which requests in it are answered by plain events, also when it has grown", () => {
    const past = [...step(0), call];
    expect(encodePast(past, "worker").viaEvents).toEqual(new Set(["r1"]));
    past.push(...step(8));
    expect(encodePast(past, "worker").viaEvents).toEqual(new Set(["r1"]));
  });
});
