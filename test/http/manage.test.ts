import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";

let host: HostUnderTest;
let count = 0;

beforeAll(async () => {
  host = await startHost();
});

afterAll(() => host.close());

async function waiting(): Promise<string> {
  const id = `waiting-${++count}`;
  await host.startWaiting(id, { n: 1 });
  return id;
}

const json = { "Content-Type": "application/json" };

function post(path: string, init: RequestInit = {}): Promise<Response> {
  return host.call("POST", `${BASE}/instances/${path}`, init);
}

describe("raise event", () => {
  test("H-75 the instance goes on with the payload, which is stored as it came; the answer has no body", async () => {
    const id = await waiting();

    const response = await post(`${id}/raiseEvent/go`, { body: "12345678901234567890", headers: json });

    expect(response.status).toBe(202);
    expect(await response.text()).toBe("");
    await host.hub.client.waitForCompletion(id);
    const history = await host.call("GET", `${BASE}/instances/${id}?showHistory=true`);
    expect(await history.text()).toContain('"Input":"12345678901234567890"');
  });

  test("H-78 names match in any case and may have any character", async () => {
    const id = await waiting();

    const response = await post(`${id}/raiseEvent/GO`, { body: "null", headers: json });

    expect(response.status).toBe(202);
    expect((await host.hub.client.waitForCompletion(id)).output).toBe("gone");
  });

  test.each([
    [
      "H-75 another media type",
      { body: "1", headers: { "Content-Type": "text/plain" } },
      /^Only application\/json/,
    ],
    ["H-75 no media type", { body: new Uint8Array([49]) }, /^Only application\/json/],
    ["H-77 an empty body", { headers: json }, /^Invalid JSON content/],
    ["H-75 what is not JSON", { body: "{", headers: json }, /^Invalid JSON content/],
  ])("%s is refused, and the instance waits on", async (_title, init, message) => {
    const id = await waiting();

    const response = await post(`${id}/raiseEvent/go`, init);

    expect(response.status).toBe(400);
    expect((await jsonOf(response))["Message"]).toMatch(message);
    expect((await host.hub.client.getStatus(id))?.runtimeStatus).toBe("Running");
  });

  test("H-75 parameters of the media type mean nothing", async () => {
    const id = await waiting();
    const headers = { "Content-Type": "Application/JSON; charset=utf-8" };

    expect((await post(`${id}/raiseEvent/go`, { body: "1", headers })).status).toBe(202);
  });

  test("H-75 a bad body for a missing instance is a 404", async () => {
    expect((await post("nobody/raiseEvent/go", { body: "{" })).status).toBe(404);
  });
});

describe("terminate, suspend, resume", () => {
  test("H-80 terminate takes the reason, ignores a body and has none", async () => {
    const id = await waiting();

    const response = await post(`${id}/terminate?reason=no%20longer%20needed`, { body: "{" });

    expect([response.status, await response.text()]).toEqual([202, ""]);
    expect(await host.hub.client.getStatus(id)).toMatchObject({
      runtimeStatus: "Terminated",
      output: "no longer needed",
    });
  });

  test("H-80 suspend and resume do what they say", async () => {
    const id = await waiting();
    expect((await post(`${id}/suspend?reason=lunch`)).status).toBe(202);
    expect((await host.hub.client.getStatus(id))?.runtimeStatus).toBe("Suspended");

    expect((await post(`${id}/Resume`)).status).toBe(202);

    expect((await host.hub.client.getStatus(id))?.runtimeStatus).toBe("Running");
  });

  test("H-81 what the state does not allow is a 500 that names it", async () => {
    const id = await waiting();

    const response = await post(`${id}/resume`);

    expect(response.status).toBe(500);
    expect(await jsonOf(response)).toMatchObject({
      Message: "Something went wrong while processing your request",
      ExceptionMessage: expect.stringContaining(`Instance '${id}' cannot be resumed: it is Running.`),
    });
  });
});

describe("rewind", () => {
  test("H-85 a failed instance is rewound", async () => {
    const id = await host.hub.client.startNew("fail");
    await host.hub.client.waitForCompletion(id);

    const response = await post(`${id}/rewind?reason=mended`);

    expect([response.status, await response.text()]).toEqual([202, ""]);
  });

  test("H-20 the refusal for a live one is a JSON text", async () => {
    const response = await post(`${await waiting()}/rewind`);

    expect(response.status).toBe(412);
    expect(await response.json()).toContain("only supported on failed instances");
  });
});

describe("restart", () => {
  test("H-90 H-91 the same input under a new id of 32 hex digits", async () => {
    const started = await jsonOf(
      await host.call("POST", `${BASE}/orchestrators/echo/first`, { body: '{"a":1}' }),
    );
    await host.hub.client.waitForCompletion("first");

    const response = await post("first/restart?timeout=10&pollingInterval=1");

    expect(started["id"]).toBe("first");
    expect([response.status, await response.text()]).toEqual([200, '{"a":1}']);
  });

  test("H-91 without a wait it is answered like a start", async () => {
    const response = await post(`${await waiting()}/restart`);

    expect(response.status).toBe(202);
    expect(response.headers.get("Retry-After")).toBe("10");
    expect((await jsonOf(response))["id"]).toMatch(/^[0-9a-f]{32}$/);
  });

  test("H-92 a missing instance is a 400", async () => {
    expect(await jsonOf(await post("nobody/restart"))).toMatchObject({
      Message: "InstanceId does not match a valid orchestration instance.",
      ExceptionMessage: "No instance with ID 'nobody' was found.",
    });
  });
});

describe("entities, which there are none of yet", () => {
  test.each([
    ["GET", "/entities/counter/a", 404],
    ["GET", "/entities/counter/$", 404],
    ["POST", "/entities/counter/a?op=add", 400],
    ["DELETE", "/entities/counter/a", 400],
    ["PUT", "/entities/counter/a", 404],
  ])("H-100 H-113 H-114 %s %s: %i", async (method, path, status) => {
    expect((await host.call(method, BASE + path)).status).toBe(status);
  });

  test.each(["/entities", "/entities/counter", "/entities/counter/"])(
    "H-105 %s is an empty list",
    async (path) => {
      const response = await host.call("GET", BASE + path);

      expect([response.status, await response.json()]).toEqual([200, []]);
      expect(response.headers.get("x-ms-continuation-token")).toBe("");
    },
  );
});

test("H-115 there is no app lease to take", async () => {
  const response = await host.call("POST", `${BASE}/makeprimary`);

  expect(response.status).toBe(501);
  expect((await jsonOf(response))["Message"]).toContain("app lease");
});
