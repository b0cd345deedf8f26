import { expect, test } from "vitest";
import { DurableError } from "../../src/core/errors.ts";
import { silentLogger } from "../../src/engine/logger.ts";
import type { TaskHubs } from "../../src/http/api-request.ts";
import type { HttpHub } from "../../src/http/index.ts";
import { responseOf } from "../../src/http/responses.ts";
import { describedRoutes } from "../../src/http/routes.ts";
import { App } from "../../src/sdk/index.ts";
import { StorageFullError, StorageUnavailableError } from "../../src/storage/errors.ts";
import { BASE, jsonOf, startHost } from "./host-under-test.ts";

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

const LONG = "x".repeat(10_000);

test.each([
  ["name of the orchestration", `orchestrators/${LONG}`],
  ["version of the orchestration", `orchestrators/echo?version=${LONG}`],
  ["name of the event", `instances/waiting/raiseEvent/${LONG}`],
  ["name of the operation", `entities/counter/a?op=${LONG}`],
])("the %s has a limit", async (what, path) => {
  const app = new App();
  app.orchestration("echo", (_context, input: unknown) => input);
  app.orchestration("wait", (context) => context.waitForExternalEvent("go"));
  app.entity("counter", () => undefined);
  const host = await startHost({}, { app });
  await host.startWaiting("waiting");

  const response = await host.call("POST", `${BASE}/${path}`, {
    headers: { "Content-Type": "application/json" },
    body: "1",
  });
  const text = await response.text();
  await host.close();

  expect(response.status).toBe(400);
  expect(text).toContain(`The ${what} has 10000 characters; at most 1000 are allowed.`);
});

/** Throws whatever it is asked, as something does that is broken within. */
function brokenHub(): HttpHub {
  const broken = new Proxy(
    {},
    {
      get: (_target, name) => {
        if (name === "taskHubName") return "TestHub";
        throw new TypeError("x is not a function");
      },
    },
  );
  return { client: broken, query: broken } as HttpHub;
}

const broken = (): Promise<never> => Promise.reject(new TypeError("x is not a function"));
const brokenTaskHubs: TaskHubs = { list: broken, markDeleted: broken };

/** Statuses of routes that answer although the hub is broken, because they do not ask it or say so themselves. */
const WITHOUT_A_HUB: Readonly<Record<string, number>> = {
  health: 503,
  ready: 503,
  "openapi.json": 200,
  import: 200,
  "purges/{purgeId}": 404,
  "purges/{purgeId}/cancel": 404,
};

test.each(describedRoutes().map(({ method, path }) => [method, path]))(
  "H-23 an error within shows nobody where it comes from: %s %s",
  async (method = "", path = "") => {
    const logged: unknown[] = [];
    const logger = { ...silentLogger, error: (facts: object) => logged.push(facts) };
    const host = await startHost({ hub: brokenHub(), taskHubs: brokenTaskHubs, logger });
    const target = path.replaceAll(/\{\w+\??\}/g, "nothing");

    const response = await host.call(method, `${BASE}/${target}?createdTimeFrom=2030-01-01`);
    const text = await response.text();
    await host.close();

    expect(text).not.toMatch(/\.[cm]?[jt]s\b|node:|\n\s*at /);
    expect([response.status, path]).toEqual([WITHOUT_A_HUB[path] ?? 500, path]);
    if (response.status !== 500) return;
    expect(JSON.parse(text)).toEqual({
      Message: "Something went wrong while processing your request",
      ExceptionMessage: "x is not a function",
      ExceptionType: "TypeError",
      StackTrace: null,
    });
    expect(logged).toEqual([{ err: expect.any(TypeError) }]);
  },
);
