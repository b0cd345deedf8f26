import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import { describe, expect, test } from "vitest";
import type { FailureDetails } from "../../src/core/failure-details.ts";
import { decodeFailure, encodeFailure } from "../../src/wire/failure-codec.ts";
import {
  HistoryEventSchema,
  TaskFailureDetailsSchema,
} from "../../src/wire/generated/orchestrator_service_pb.ts";
import { encodeHistory } from "../../src/wire/history-codec.ts";
import { asSdkReads, sentBySdk } from "./sdk-messages.ts";

const bytesOf = (failure: FailureDetails): Uint8Array =>
  toBinary(TaskFailureDetailsSchema, create(TaskFailureDetailsSchema, encodeFailure(failure)));

/** Through the bytes of a published SDK and back. */
function received(failure: FailureDetails): FailureDetails {
  const bytes = sentBySdk("TaskFailureDetails", bytesOf(failure));
  return decodeFailure(fromBinary(TaskFailureDetailsSchema, bytes));
}

/** A failure with so many others inside each other. */
function nested(causes: number): FailureDetails {
  const failure = { errorType: "Error", errorMessage: `${causes} more` };
  return causes === 0 ? failure : { ...failure, innerFailure: nested(causes - 1) };
}

const causesOf = ({ innerFailure }: FailureDetails): number =>
  innerFailure ? 1 + causesOf(innerFailure) : 0;

function nestedObjects(depth: number): object {
  return depth === 0 ? {} : { in: nestedObjects(depth - 1) };
}

function nestedArrays(depth: number): unknown {
  return depth === 0 ? [] : [nestedArrays(depth - 1)];
}

const whole: FailureDetails = {
  errorType: "PaymentError",
  errorMessage: "no funds",
  stackTrace: "PaymentError: no funds\n    at pay",
  isNonRetriable: true,
  properties: {
    code: 402,
    hint: null,
    final: false,
    account: { owner: "Ada", limits: [1, 2.5, { currency: "EUR" }], empty: {} },
    "": "",
    text: "grüße 🙂",
  },
  innerFailure: {
    errorType: "TypeError",
    errorMessage: "",
    stackTrace: "",
    innerFailure: { errorType: "Error", errorMessage: "deep" },
  },
};

describe("a failure", () => {
  test.each<[string, FailureDetails]>([
    ["with everything", whole],
    ["with a type and a message only", { errorType: "Error", errorMessage: "it broke" }],
    ["with nothing to say", { errorType: "", errorMessage: "" }],
    [
      "with a property named like a prototype",
      {
        errorType: "Error",
        errorMessage: "",
        properties: { constructor: 1, toString: { valueOf: "x" } },
      },
    ],
  ])("%s comes through an SDK unchanged", (_, failure) => {
    expect(received(failure)).toStrictEqual(failure);
  });

  test("is read by an SDK", () => {
    expect(
      asSdkReads(
        "TaskFailureDetails",
        bytesOf({ ...whole, innerFailure: nested(0), properties: { code: 402 } }),
      ),
    ).toEqual({
      errortype: "PaymentError",
      errormessage: "no funds",
      stacktrace: { value: "PaymentError: no funds\n    at pay" },
      innerfailure: { errortype: "Error", errormessage: "0 more" },
      isnonretriable: true,
      propertiesMap: [["code", { numberValue: 402 }]],
    });
  });

  test("keeps 32 causes, both ways", () => {
    expect(causesOf(received(nested(32)))).toBe(32);
    expect(causesOf(received(nested(33)))).toBe(32);
    const long = create(TaskFailureDetailsSchema, encodeFailure(nested(32)));

    const longer = create(TaskFailureDetailsSchema, { errorType: "Error", innerFailure: long });

    expect(causesOf(decodeFailure(longer))).toBe(32);
  });

  test("has texts of the lengths that failures here have", () => {
    const long = { errorType: "Error", errorMessage: "m".repeat(1e6), stackTrace: "s".repeat(1e6) };
    const sent = { ...long, innerFailure: long, properties: { short: "p", long: "p".repeat(1e6) } };

    const { innerFailure, ...failure } = received(sent);

    for (const { errorMessage, stackTrace = "" } of [failure, innerFailure ?? long]) {
      expect(errorMessage).toMatch(/^m{65536}… \(934464 more characters\)$/);
      expect(stackTrace).toMatch(/^s{32768}… \(967232 more characters\)$/);
    }
    expect(failure.properties).toEqual({ short: "p" });
  });

  test("stays within the hundred messages that readers of protobuf accept inside each other", () => {
    const deepest = (at: FailureDetails): FailureDetails =>
      at.innerFailure
        ? { ...at, innerFailure: deepest(at.innerFailure) }
        : { ...at, properties: { deep: nestedObjects(100) } };
    const [event] = encodeHistory(
      [{ type: "TaskFailed", timestamp: 0, taskScheduledId: 0, reason: "", failure: deepest(nested(32)) }],
      "worker",
    );
    const bytes = toBinary(HistoryEventSchema, event ?? create(HistoryEventSchema));

    // Two more lie around it in a work item.
    expect(() => fromBinary(HistoryEventSchema, bytes, { recursionLimit: 98 })).not.toThrow();
  });

  test("sends as text what lies too deep in a property", () => {
    const { properties } = received({
      errorType: "Error",
      errorMessage: "",
      properties: { deep: nestedArrays(20) },
    });

    expect(JSON.stringify(properties)).toContain('"[[[');
  });

  test("has null where JSON has no value", () => {
    const properties = { nan: Number.NaN, infinite: Number.POSITIVE_INFINITY, nothing: undefined, big: 1n };

    expect(received({ errorType: "Error", errorMessage: "", properties }).properties).toEqual({
      nan: null,
      infinite: null,
      nothing: null,
      big: null,
    });
  });
});
