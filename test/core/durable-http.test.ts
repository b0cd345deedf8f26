import { describe, expect, test } from "vitest";
import {
  type CallHttpOptions,
  DurableHttpResponse,
  type HttpActivityResult,
} from "../../src/core/durable-http.ts";
import { SECOND, T0, taskCompleted, taskFailed, timerFired } from "../support/history.ts";
import { orchestrate } from "../support/orchestration.ts";

const URL_ = "https://api.example.com/work";

const call = (options: Partial<CallHttpOptions> = {}) =>
  function* (context: {
    callHttp: (options: CallHttpOptions) => unknown;
  }): Generator<unknown, unknown, unknown> {
    return yield context.callHttp({ url: URL_, ...options });
  };

const answer = (statusCode: number, more: Partial<HttpActivityResult> = {}): HttpActivityResult => ({
  statusCode,
  headers: {},
  content: "",
  ...more,
});

const next = (uri = "https://api.example.com/status", isSameOrigin = true) => ({ uri, isSameOrigin });

const requestsIn = (run: Awaited<ReturnType<typeof orchestrate>>): readonly unknown[] =>
  run.episodes.flatMap(({ actions }) =>
    actions.flatMap((action) => (action.type === "ScheduleTask" ? JSON.parse(action.input ?? "") : [])),
  );

test("S-180: a call is a task of the activity BuiltIn::HttpActivity, with the request as its input (S-181)", async () => {
  const run = await orchestrate(
    call({
      method: "post",
      headers: { "X-A": ["1", "2"] },
      body: { n: 1 },
      tokenSource: "crm",
      timeoutMs: 500,
    }),
    [taskCompleted(0, answer(200, { content: "hello", headers: { a: "b" } }))],
  );

  expect(run.episodes[0]?.actions).toMatchObject([{ type: "ScheduleTask", name: "BuiltIn::HttpActivity" }]);
  expect(requestsIn(run)).toEqual([
    {
      method: "POST",
      uri: URL_,
      headers: { "X-A": ["1", "2"], "content-type": "application/json" },
      content: '{"n":1}',
      tokenSource: { kind: "crm" },
      asynchronousPatternEnabled: true,
      timeout: 500,
    },
  ]);
  expect(run.end?.output).toEqual({ statusCode: 200, headers: { a: "b" }, content: "hello" });
});

describe("S-182: a 202 with a Location is polled with GET", () => {
  test("after Retry-After seconds, without body and x-functions-key, as often as it takes", async () => {
    const run = await orchestrate(
      call({
        method: "POST",
        body: "x",
        headers: { authorization: "secret", "X-Functions-Key": "k", "x-kept": "y" },
        tokenSource: { kind: "crm", resource: "r" },
        timeoutMs: 9,
        retryOptions: { firstRetryIntervalInMilliseconds: 1, maxNumberOfAttempts: 2 },
      }),
      [taskCompleted(0, answer(202, { headers: { "retry-after": "7" }, next: next() }))],
      [timerFired(1)],
      [taskCompleted(2, answer(202, { next: next("https://api.example.com/other") }))],
      [timerFired(3)],
      [taskCompleted(4, answer(200, { content: "done" }))],
    );

    expect(run.episodes[1]?.actions).toMatchObject([
      { type: "CreateTimer", fireAt: T0 + SECOND + 7 * SECOND },
    ]);
    expect(run.episodes[3]?.actions).toMatchObject([
      { type: "CreateTimer", fireAt: T0 + 3 * SECOND + 30 * SECOND },
    ]);
    const poll = {
      method: "GET",
      uri: "https://api.example.com/status",
      headers: { authorization: "secret", "x-kept": "y" },
      tokenSource: { kind: "crm", resource: "r" },
      asynchronousPatternEnabled: true,
      timeout: 9,
    };
    expect(requestsIn(run).slice(1)).toEqual([poll, { ...poll, uri: "https://api.example.com/other" }]);
    expect(run.end?.output).toMatchObject({ statusCode: 200, content: "done" });
  });

  test("S-183: to another origin go no credentials", async () => {
    const run = await orchestrate(
      call({
        headers: { Authorization: "secret", cookie: "c", "x-kept": "y" },
        tokenSource: "crm",
      }),
      [taskCompleted(0, answer(202, { next: next("https://other.example.com/s", false) }))],
      [timerFired(1)],
    );

    expect(requestsIn(run)[1]).toEqual({
      method: "GET",
      uri: "https://other.example.com/s",
      headers: { "x-kept": "y" },
      asynchronousPatternEnabled: true,
    });
  });

  test.each([
    ["a date", new Date(T0 + 60 * SECOND).toUTCString(), T0 + 60 * SECOND],
    ["a date that is past", new Date(T0 - 60 * SECOND).toUTCString(), T0 + SECOND],
    ["nothing that can be read", "soon", T0 + 31 * SECOND],
    ["an absurd number", "99999999999", T0 + SECOND + 365 * 24 * 3_600 * SECOND],
  ])("Retry-After may be %s", async (_what, value, fireAt) => {
    const run = await orchestrate(call(), [
      taskCompleted(0, answer(202, { headers: { "retry-after": value }, next: next() })),
    ]);

    expect(run.last.actions).toMatchObject([{ type: "CreateTimer", fireAt }]);
  });

  test.each([
    ["without a Location", {}, answer(202)],
    ["when polling is off", { enablePolling: false }, answer(202, { next: next() })],
  ])("S-183: not %s", async (_what, options, response) => {
    const run = await orchestrate(call(options), [taskCompleted(0, response)]);

    expect(run.end?.output).toEqual({ statusCode: 202, headers: {}, content: "" });
  });

  test("a poll that fails fails the call", async () => {
    const run = await orchestrate(
      call(),
      [taskCompleted(0, answer(202, { next: next() }))],
      [timerFired(1)],
      [taskFailed(2, "no answer")],
    );

    expect(run.end?.status).toBe("Failed");
  });
});

test("headers are found by name in any case", () => {
  const response = new DurableHttpResponse(200, "", { "content-type": "text/plain" });

  expect([response.getHeader("Content-Type"), response.getHeader("x")]).toEqual(["text/plain", undefined]);
});

test("S-184: with retry options the activity says what is a failure, and it is tried again", async () => {
  const run = await orchestrate(
    call({
      retryOptions: {
        firstRetryIntervalInMilliseconds: 100,
        maxNumberOfAttempts: 2,
        statusCodesToRetry: [503],
      },
    }),
    [taskFailed(0, "503")],
    [timerFired(1)],
    [taskCompleted(2, answer(500))],
  );

  expect(requestsIn(run)).toMatchObject([
    { retryOptions: { statusCodesToRetry: [503] } },
    { retryOptions: { statusCodesToRetry: [503] } },
  ]);
  expect(run.end?.output).toMatchObject({ statusCode: 500 });
});

test("S-184: when retries are used up the call throws", async () => {
  const run = await orchestrate(
    call({ retryOptions: { firstRetryIntervalInMilliseconds: 100, maxNumberOfAttempts: 1 } }),
    [taskFailed(0, "503")],
  );

  expect(run.end?.status).toBe("Failed");
});

test.each([
  ["no object", undefined, /takes an object/],
  ["no url", {}, /absolute http or https URL/],
  ["a relative url", { url: "/x" }, /absolute http or https URL/],
  ["another scheme", { url: "file:///etc/passwd" }, /absolute http or https URL/],
  ["a method that is none", { url: URL_, method: "GET /x" }, /needs an HTTP method/],
  ["a header of two lines", { url: URL_, headers: { a: "b\r\nc: d" } }, /one line/],
  ["a header without a name", { url: URL_, headers: { "": "b" } }, /no name of a header/],
  ["a number as header", { url: URL_, headers: { a: 1 } }, /must be a text/],
  ["a timeout of 0", { url: URL_, timeoutMs: 0 }, /above 0/],
  [
    "S-186: multipart",
    { url: URL_, method: "POST", body: "x", headers: { "Content-Type": "multipart/form-data" } },
    /multipart/,
  ],
  ["a body with GET", { url: URL_, body: "x" }, /has no body/],
  ["a body with a cycle", { url: URL_, method: "POST", body: 1n }, /cannot be written as JSON/],
  ["a token source that is none", { url: URL_, tokenSource: 7 }, /name of a token source/],
  ["retry options that are none", { url: URL_, retryOptions: {} }, /Retry options need/],
])("bad input: %s", async (_what, options, message) => {
  const run = await orchestrate(function* (context): Generator<unknown, unknown, unknown> {
    return yield context.callHttp(options as unknown as CallHttpOptions);
  });

  expect(run.end).toMatchObject({ status: "Failed", output: expect.stringMatching(message) });
  expect(run.last.actions).toEqual([]);
});
