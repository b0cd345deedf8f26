import { expect, test } from "vitest";
import { DurableError } from "../../src/core/errors.ts";
import { responseOf } from "../../src/http/responses.ts";
import { StorageFullError, StorageUnavailableError } from "../../src/storage/errors.ts";
import { jsonOf } from "./host-under-test.ts";

test("H-22 an argument error is a 400 with exception fields", async () => {
  const response = responseOf(new DurableError("INVALID_ARGUMENT", "top must be a number."));

  expect(response.status).toBe(400);
  expect(await response.text()).toBe(
    '{"Message":"One or more of the arguments submitted is incorrect",' +
      '"ExceptionMessage":"top must be a number.","ExceptionType":"INVALID_ARGUMENT","StackTrace":null}',
  );
});

test("H-22 H-23 any other error is a 500 without a stack trace", async () => {
  const response = responseOf(new TypeError("x is not a function"));

  expect(response.status).toBe(500);
  expect(await jsonOf(response)).toEqual({
    Message: "Something went wrong while processing your request",
    ExceptionMessage: "x is not a function",
    ExceptionType: "TypeError",
    StackTrace: null,
  });
});

test.each([
  [new DurableError("INSTANCE_ALREADY_EXISTS", "It exists."), 409],
  [new DurableError("HOST_STOPPING", "The host is stopping."), 503],
  [new StorageUnavailableError("create", undefined), 503],
  [new StorageFullError("create", undefined), 507],
])("H-19 %s says so in its own words", async (error, status) => {
  const response = responseOf(error);

  expect(response.status).toBe(status);
  expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  expect(await jsonOf(response)).toEqual({ Message: error.message });
});
