import { describe, expect, test } from "vitest";
import {
  DurableError,
  ERROR_CODES,
  type ErrorCode,
  isDurableError,
  NonDeterminismError,
  TaskFailedError,
} from "../../src/core/errors.ts";
import { isTerminal, RUNTIME_STATUSES, TERMINAL_STATUSES } from "../../src/core/orchestration-status.ts";

test.each(Object.keys(ERROR_CODES) as ErrorCode[])(
  "%s has the family and HTTP status of its table",
  (code) => {
    const error = new DurableError(code, "text", { cause: "why" });

    expect([error.family, error.httpStatus]).toEqual([
      ERROR_CODES[code].family,
      ERROR_CODES[code].httpStatus,
    ]);
    expect(error).toMatchObject({ name: "DurableError", message: "text", cause: "why" });
  },
);

const DISAGREEMENT = { eventId: 0, history: "this", code: "that", likelyCause: "chance." };

describe("isDurableError", () => {
  const fromAnotherCopy = Object.assign(new Error("text"), { code: "TASK_FAILED" });

  test.each<[string, unknown, ErrorCode | undefined, boolean]>([
    ["an error of ours", new DurableError("TASK_FAILED", "text"), undefined, true],
    ["one of the code asked for", new DurableError("TASK_FAILED", "text"), "TASK_FAILED", true],
    ["one of another code", new DurableError("TASK_FAILED", "text"), "EVENT_TIMEOUT", false],
    ["one from another copy of the package", fromAnotherCopy, "TASK_FAILED", true],
    ["a subclass", new NonDeterminismError(DISAGREEMENT), "NON_DETERMINISM", true],
    [
      "a failed task",
      new TaskFailedError("text", { errorType: "", errorMessage: "" }, new Error()),
      "TASK_FAILED",
      true,
    ],
    [
      "an error with a code of its own",
      Object.assign(new Error("text"), { code: "ENOENT" }),
      undefined,
      false,
    ],
    ["an error with a code that is no text", Object.assign(new Error("text"), { code: 7 }), undefined, false],
    ["an ordinary error", new Error("text"), undefined, false],
    ["no error", { code: "TASK_FAILED" }, undefined, false],
    ["nothing", undefined, undefined, false],
  ])("of %s: %4$s", (_what, error, code, expected) => {
    expect(isDurableError(error, code)).toBe(expected);
  });
});

test("S-16: Completed, Failed, Terminated and Canceled are terminal, and no other status is", () => {
  expect(RUNTIME_STATUSES.filter(isTerminal).toSorted()).toEqual([
    "Canceled",
    "Completed",
    "Failed",
    "Terminated",
  ]);
  expect(TERMINAL_STATUSES.toSorted()).toEqual(RUNTIME_STATUSES.filter(isTerminal).toSorted());
});

test("4.2: a status has the number of Durable Functions", () => {
  expect(RUNTIME_STATUSES).toEqual([
    "Running",
    "Completed",
    "ContinuedAsNew",
    "Failed",
    "Canceled",
    "Terminated",
    "Pending",
    "Suspended",
  ]);
});
