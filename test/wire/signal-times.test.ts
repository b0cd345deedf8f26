import { create } from "@bufbuild/protobuf";
import { TimestampSchema } from "@bufbuild/protobuf/wkt";
import { expect, test } from "vitest";
import { eventsOf } from "../../src/core/episode-events.ts";
import { decodeChunk, encodeChunk } from "../../src/core/history-chunk.ts";
import { decodeActions } from "../../src/wire/action-codec.ts";
import { OrchestratorActionSchema } from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeHistory } from "../../src/wire/history-codec.ts";

const requestId = "5f2d8c1e-0000-4000-8000-000000000001";
const nothing = {
  accepted: [],
  patches: [],
  completion: undefined,
  continuedAsNew: undefined,
  customStatus: undefined,
  canceledTimers: [],
  abandoned: [],
  toUnlock: [],
};

test.each([
  ["the ticks of .NET", 1_893_456_000n, 123_456_700],
  ["whole milliseconds", 1_893_456_000n, 123_000_000],
  ["whole seconds", 1_893_456_000n, 0],
  ["the last moment of .NET", 253_402_300_799n, 999_999_900],
  ["a time before 1970", -1n, 999_999_900],
])("a signal's time is in the stored history as it was sent: %s", (_what, seconds, nanos) => {
  const scheduledTime = create(TimestampSchema, { seconds, nanos });
  const sent = create(OrchestratorActionSchema, {
    orchestratorActionType: {
      case: "sendEntityMessage",
      value: {
        EntityMessageType: {
          case: "entityOperationSignaled",
          value: { requestId, targetInstanceId: "@counter@a", operation: "add", scheduledTime },
        },
      },
    },
  });

  const { actions } = decodeActions([sent], { instanceId: "caller", timestamp: 0 });
  const { events } = encodeChunk(eventsOf({ ...nothing, actions }, 0), 0);
  const history = decodeChunk({ seq: 0, at: 0, events }, { instanceId: "caller" });

  expect(encodeHistory(history, "worker")[1]?.eventType.value).toMatchObject({ scheduledTime });
});
