import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, jsonOf, keyRing, ORIGIN, startHost } from "./host-under-test.ts";

let host: HostUnderTest;

beforeAll(async () => {
  host = await startHost();
  await host.startWaiting("here");
  await host.startWaiting("Grüße & mehr+1");
});

afterAll(() => host.close());

test.each([BASE, "/admin/extensions/DurableTaskExtension"])("H-1 the routes lie below %s", async (base) => {
  const response = await host.call("GET", `${base}/instances/here`);

  expect(response.status).toBe(202);
});

test("H-1 management URLs stay below the base path of the request", async () => {
  const response = await host.call("POST", "/admin/extensions/DurableTaskExtension/orchestrators/echo");

  const { statusQueryGetUri } = await jsonOf(response);
  expect(statusQueryGetUri).toContain(`${ORIGIN}/admin/extensions/DurableTaskExtension/instances/`);
});

test.each(["/instances/here/", "//instances/here", "/instances/here//"])(
  "H-3 slashes around the route mean nothing: %s",
  async (path) => {
    const response = await host.call("GET", `${BASE}${path}`);

    expect(response.status).toBe(202);
  },
);

test.each([`${BASE}/Instances/here`, `${BASE}/INSTANCES/here`, `${BASE.toUpperCase()}/instances/here`])(
  "H-4 literals match in any case: %s",
  async (path) => {
    const response = await host.call("GET", path);

    expect(response.status).toBe(202);
  },
);

test("H-4 captured values keep their case", async () => {
  const response = await host.call("GET", `${BASE}/instances/HERE`);

  expect(response.status).toBe(404);
});

test("H-5 captured values are percent-decoded once, and a plus stays a plus", async () => {
  const response = await host.call("GET", `${BASE}/instances/Gr%C3%BC%C3%9Fe%20%26%20mehr+1`);

  expect(response.status).toBe(202);
  expect((await jsonOf(response))["instanceId"]).toBe("Grüße & mehr+1");
});

test("H-5 a path that is not percent-encoded text is refused", async () => {
  const response = await host.call("GET", `${BASE}/instances/100%`);

  expect(response.status).toBe(400);
  expect((await jsonOf(response))["ExceptionMessage"]).toContain("percent-encoded");
});

test.each([
  ["GET", `${BASE}`],
  ["GET", `${BASE}/nothing`],
  ["GET", `${BASE}x/instances/here`],
  ["GET", "/runtime/webhooks"],
  ["GET", "/favicon.ico"],
])("H-6 %s %s finds no route", async (method, path) => {
  const response = await host.call(method, path);

  expect(response.status).toBe(404);
  expect(await response.text()).toBe("");
});

test.each([
  ["PUT", "/instances/here"],
  ["PATCH", "/instances/here"],
  ["GET", "/orchestrators/echo"],
  ["DELETE", "/orchestrators/echo"],
  ["POST", "/instances"],
  ["POST", "/instances/here"],
  ["POST", "/instances/here/nonsense"],
  ["GET", "/instances/here/terminate"],
  ["DELETE", "/instances/here/terminate"],
  ["POST", "/instances/here/raiseEvent"],
  ["POST", "/orchestrators"],
  ["POST", "/orchestrators/echo/id/more"],
  ["POST", "/orchestrators//id"],
])("H-7 %s %s is 404, never 405", async (method, path) => {
  const response = await host.call(method, `${BASE}${path}`);

  expect(response.status).toBe(404);
  expect(await response.text()).toBe("");
});

describe("a host with a system key", () => {
  let locked: HostUnderTest;

  beforeAll(async () => {
    locked = await startHost({ keys: keyRing({ "s&cret": "full", peek: "read" }) });
  });

  afterAll(() => locked.close());

  test.each(["", "?code=wrong", "?code=", "?code=s%26cret2"])("H-8 refuses %s", async (query) => {
    const response = await locked.call("POST", `${BASE}/orchestrators/echo${query}`);

    expect(response.status).toBe(401);
  });

  test("H-8 takes the key from the query, and hands it on in management URLs", async () => {
    const response = await locked.call("POST", `${BASE}/orchestrators/echo?code=s%26cret`);

    expect(response.status).toBe(202);
    expect((await jsonOf(response))["statusQueryGetUri"]).toMatch(
      /\?taskHub=TestHub&connection=Storage&code=s%26cret$/,
    );
  });

  test("a key for reading reads, and changes nothing", async () => {
    const list = await locked.call("GET", `${BASE}/instances?code=peek`);
    const start = await locked.call("POST", `${BASE}/orchestrators/echo/peeked?code=peek`);
    const purge = await locked.call("DELETE", `${BASE}/instances/peeked?code=peek`);

    expect([list.status, start.status, purge.status]).toEqual([200, 403, 403]);
  });

  test("H-8 the answer is the same for known and unknown ids", async () => {
    await locked.startWaiting("known");

    const answers = await Promise.all(
      ["known", "unknown"].map(async (id) => (await locked.call("GET", `${BASE}/instances/${id}`)).text()),
    );

    expect(answers[0]).toBe(answers[1]);
  });

  test("H-8 takes the key from the header", async () => {
    const headers = { "x-functions-key": "s&cret" };
    const response = await locked.call("POST", `${BASE}/orchestrators/echo`, { headers });

    expect(response.status).toBe(202);
  });
});

test.each([
  "?taskHub=testhub",
  "?TASKHUB=TestHub",
  "?taskHub=",
  "?taskHub=%20&connection=",
  "?connection=storage",
])("H-9 %s means this host's hub", async (query) => {
  const response = await host.call("GET", `${BASE}/instances/here${query}`);

  expect(response.status).toBe(202);
});

test("H-9 taskHub chooses another hub of the store", async () => {
  const started = await host.call("POST", `${BASE}/orchestrators/anything/there?taskHub=other`);
  const status = await host.call("GET", `${BASE}/instances/there?taskHub=Other`);
  const here = await host.call("GET", `${BASE}/instances/there`);

  expect((await jsonOf(started))["statusQueryGetUri"]).toContain("taskHub=Other&");
  expect((await jsonOf(status))["runtimeStatus"]).toBe("Pending");
  expect(here.status).toBe(404);
});

test("H-9 a hub that does not exist is named in a 404", async () => {
  const response = await host.call("GET", `${BASE}/instances/here?taskHub=Nowhere`);

  expect(response.status).toBe(404);
  expect((await jsonOf(response))["Message"]).toContain("Nowhere");
});

test("H-9 a connection this host does not have is refused, not ignored", async () => {
  const response = await host.call("GET", `${BASE}/instances/here?connection=Elsewhere`);

  expect(response.status).toBe(400);
  expect((await jsonOf(response))["ExceptionMessage"]).toContain("Elsewhere");
});

test("GET / tells what listens here", async () => {
  const response = await host.call("GET", "/");

  expect(response.status).toBe(200);
  expect(await response.json()).toEqual({ hello: "world" });
});
