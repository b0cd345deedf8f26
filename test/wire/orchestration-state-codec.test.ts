import { toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import { RUNTIME_STATUSES } from "../../src/core/orchestration-status.ts";
import {
  OrchestrationStateSchema,
  OrchestrationStatus,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeOrchestrationState, type InstanceSnapshot } from "../../src/wire/orchestration-state-codec.ts";
import { decodeStatus, encodeStatus } from "../../src/wire/status-codec.ts";
import { EXECUTION_ID, failure, T0 } from "../support/history.ts";
import { asSdkReads } from "./sdk-messages.ts";

const bare: InstanceSnapshot = {
  instanceId: "abc",
  executionId: EXECUTION_ID,
  name: "Hello",
  status: "Pending",
  createdAt: T0,
  lastUpdatedAt: T0 + 1,
};

const sdkTime = (nanos?: number) => ({ seconds: T0 / 1_000, ...(nanos === undefined ? {} : { nanos }) });

const sdkBare = {
  instanceid: "abc",
  executionid: { value: EXECUTION_ID },
  name: "Hello",
  orchestrationstatus: 6,
  createdtimestamp: sdkTime(),
  lastupdatedtimestamp: sdkTime(1_000_000),
};

const sent = (instance: InstanceSnapshot): unknown =>
  asSdkReads("OrchestrationState", toBinary(OrchestrationStateSchema, encodeOrchestrationState(instance)));

describe("the state of an instance", () => {
  test("has nothing that the instance has not", () => {
    expect(sent(bare)).toEqual(sdkBare);
  });

  test("has all that the instance has", () => {
    const whole: InstanceSnapshot = {
      ...bare,
      version: "2",
      status: "Failed",
      scheduledAt: T0,
      completedAt: T0 + 2,
      input: "1",
      output: '"it broke"',
      customStatus: '""',
      failure: failure("it broke"),
      parentInstanceId: "mother",
      tags: { team: "blue" },
    };

    expect(sent(whole)).toEqual({
      ...sdkBare,
      orchestrationstatus: 3,
      version: { value: "2" },
      scheduledstarttimestamp: sdkTime(),
      completedtimestamp: sdkTime(2_000_000),
      input: { value: "1" },
      output: { value: '"it broke"' },
      customstatus: { value: '""' },
      failuredetails: { errortype: "Error", errormessage: "it broke" },
      parentinstanceid: { value: "mother" },
      tagsMap: [["team", "blue"]],
    });
  });

  test("tells an empty text from none", () => {
    expect(sent({ ...bare, input: "", customStatus: undefined })).toEqual({
      ...sdkBare,
      input: { value: "" },
    });
  });

  test("is running between two executions", () => {
    expect(encodeOrchestrationState({ ...bare, status: "ContinuedAsNew" }).orchestrationStatus).toBe(
      OrchestrationStatus.RUNNING,
    );
  });
});

describe("a status", () => {
  test.each(RUNTIME_STATUSES)("%s comes back as it was", (status) => {
    expect(decodeStatus(encodeStatus(status))).toBe(status);
  });

  test("has the number that it has in every store", () => {
    expect(RUNTIME_STATUSES.map(encodeStatus)).toEqual([...RUNTIME_STATUSES.keys()]);
  });

  test.each([-1, 8])("%i is none", (status) => {
    expect(() => decodeStatus(status as OrchestrationStatus)).toThrow(
      `There is no orchestration status ${status}.`,
    );
  });
});
