import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createMemoryStorage } from "../../src/providers/memory/index.ts";
import { TaskHub } from "../../src/sdk/index.ts";
import { EntityRoutes, entityApp } from "./entities-under-test.ts";
import { BASE, type HostUnderTest, jsonOf, keyRing, startHost } from "./host-under-test.ts";

let host: HostUnderTest;
let entities: EntityRoutes;

beforeAll(async () => {
  host = await startHost({}, { app: entityApp() });
  entities = new EntityRoutes(host);
});

afterAll(() => host.close());

describe("GET entities/{entityName}/{entityKey}", () => {
  test("H-100 answers the state itself, without an envelope", async () => {
    await entities.post("/counter/read?op=add", 7);
    await entities.eventually("/counter/read", 7);

    const response = await entities.get("/counter/read");

    expect(response.status).toBe(200);
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
    expect(await response.text()).toBe("7");
  });

  test.each(["never used", "deleted", "without a state"])(
    "H-100 one that is %s is a bare 404",
    async (what) => {
      const path = `/Box/${what.replaceAll(" ", "-")}`;
      if (what === "deleted") {
        await entities.post(`${path}?op=set`, 1);
        await entities.eventually(path, { operation: "set", input: 1 });
        await host.call("DELETE", `${BASE}/entities${path}`);
        await entities.eventually(path, undefined);
      }
      if (what === "without a state") await entities.post(`${path}?op=nothing`);

      const response = await entities.get(path);

      expect([response.status, await response.text()]).toEqual([404, ""]);
    },
  );

  test("H-101 the key $ is the empty one on GET, and itself on POST", async () => {
    await entities.post("/counter?op=add", 1);
    await entities.post("/counter/$?op=add", 20);
    await entities.eventually("/counter/$", 1);

    expect(await entities.keys("/counter")).toEqual(expect.arrayContaining(["counter/", "counter/$"]));
  });

  test("H-102 names know no case, keys do", async () => {
    await entities.post("/CoUnTeR/Key?op=add", 3);
    await entities.eventually("/COUNTER/Key", 3);

    expect((await entities.get("/counter/key")).status).toBe(404);
  });

  test("H-5 keys are decoded, and may contain @ and blanks", async () => {
    await entities.post("/counter/a%40b%20c?op=add", 4);
    await entities.eventually("/counter/a%40b%20c", 4);
  });
});

describe("H-103, H-113: what cannot be is a 400 whose Message says why", () => {
  test.each([
    ["GET", "/a%40b/key", /contains "@"/],
    ["GET", "/counter/a%2Fb", /contains "\/"/],
    ["GET", "/a%23b", /contains "#"/],
    ["POST", "/counter/a%3Fb?op=add", /contains "\?"/],
    ["POST", `/counter/${"x".repeat(300)}?op=add`, /at most 256/],
    ["DELETE", "/counter/%07", /control characters/],
    [
      "POST",
      "/nobody/key?op=add",
      /The entity function 'nobody' does not exist\. Registered are: 'Box', 'counter'\./,
    ],
    ["DELETE", "/nobody/key", /'nobody' does not exist/],
    ["POST", "/counter/key?op=add&scheduledTime=soon", /scheduledTime is no time/],
  ])("%s %s", async (method, path, message) => {
    const response = await host.call(method, `${BASE}/entities${path}`);

    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toEqual({ Message: expect.stringMatching(message) });
  });
});

describe("POST and DELETE entities/{entityName}/{entityKey}", () => {
  test.each([
    ["JSON", { body: '{"a":[1]}', headers: { "Content-Type": "application/json" } }, { a: [1] }],
    [
      "JSON, with a charset",
      { body: "5", headers: { "Content-Type": "Application/JSON; charset=utf-8" } },
      5,
    ],
    ["null", { body: "null", headers: { "Content-Type": "application/json" } }, null],
    ["a text", { body: "plain {", headers: { "Content-Type": "text/plain" } }, "plain {"],
    ["a form", { body: "a=1", headers: { "Content-Type": "application/x-www-form-urlencoded" } }, "a=1"],
    ["no body", {}, null],
    ["an empty body", { body: "", headers: { "Content-Type": "application/json" } }, null],
  ])("H-111 the input is %s", async (what, init, input) => {
    const path = `/Box/input-${what.replaceAll(/\W/g, "")}`;

    const response = await host.call("POST", `${BASE}/entities${path}?op=put`, init);

    expect([response.status, await response.text()]).toEqual([202, ""]);
    await entities.eventually(path, { operation: "put", input });
  });

  test("H-111 a body that is no JSON is a 400 with the reason", async () => {
    const response = await host.call("POST", `${BASE}/entities/Box/bad?op=put`, {
      body: "{",
      headers: { "Content-Type": "application/json" },
    });

    expect(response.status).toBe(400);
    expect(await jsonOf(response)).toEqual({
      Message: expect.stringMatching(/^Could not parse JSON content: ./),
    });
  });

  test.each([
    ["POST", "", ""],
    ["POST", "?op=", ""],
    ["POST", "?OP=Put", "Put"],
    ["POST", "?operation=put", ""],
  ])("H-110 %s with %j is the operation %j", async (method, query, operation) => {
    const path = `/Box/op${encodeURIComponent(query.replaceAll(/\W/g, "-"))}`;

    expect((await host.call(method, `${BASE}/entities${path}${query}`)).status).toBe(202);

    await entities.eventually(path, { operation, input: null });
  });

  test("H-110 DELETE is the operation delete, whatever op says", async () => {
    await entities.post("/Box/gone?op=set", 1);
    await entities.eventually("/Box/gone", { operation: "set", input: 1 });

    const response = await host.call("DELETE", `${BASE}/entities/Box/gone?op=set`);

    expect([response.status, await response.text()]).toEqual([202, ""]);
    await entities.eventually("/Box/gone", undefined);
  });

  test("scheduledTime: the signal waits for its time", async () => {
    await entities.post("/counter/later?op=add&scheduledTime=2999-01-01T00:00:00Z", 1);
    await entities.post("/counter/later?op=add&scheduledTime=2000-01-01T00:00:00Z", 10);

    await entities.eventually("/counter/later", 10);
    const { query } = await host.storage.openTaskHub("TestHub");
    expect(await query.messages("@counter@later")).toHaveLength(1);
  });

  test("a body that is too large is a 413", async () => {
    const headers = { "Content-Type": "text/plain", "Content-Length": String(65 * 1024 * 1024) };

    const response = await host.call("POST", `${BASE}/entities/Box/large`, { body: "x", headers });

    expect(response.status).toBe(413);
  });

  test.each([
    ["PUT", "/counter/a"],
    ["PATCH", "/counter/a"],
    ["POST", ""],
    ["DELETE", ""],
    ["GET", "/counter/a/b"],
    ["POST", "//a"],
  ])("H-114 %s entities%s is 404", async (method, path) => {
    const response = await host.call(method, `${BASE}/entities${path}`);

    expect([response.status, await response.text()]).toEqual([404, ""]);
  });
});

test("keys: a key for reading reads entities, and signals none", async () => {
  const guarded = await startHost({ keys: keyRing({ all: "full", look: "read" }) }, { app: entityApp() });
  const codes = await Promise.all(
    [
      ["GET", "/entities/counter?code=look"],
      ["POST", "/entities/counter/a?op=add&code=look"],
      ["DELETE", "/entities/counter/a?code=look"],
      ["POST", "/cleanEntityStorage?code=look"],
      ["GET", "/entities/counter"],
      ["POST", "/entities/counter/a?op=add&code=all"],
    ].map(async ([method = "", path = ""]) => (await guarded.call(method, BASE + path)).status),
  );

  expect(codes).toEqual([200, 403, 403, 403, 401, 202]);
  await guarded.close();
});

test("H-9 taskHub chooses another hub, whose functions nobody knows: its signals wait for a host", async () => {
  const response = await entities.post("/anything/a?op=add&taskHub=other", 1);

  expect(response.status).toBe(202);
  const { query } = await host.storage.openTaskHub("Other");
  expect(await query.messages("@anything@a")).toHaveLength(1);
  expect((await entities.get("/anything/a?taskHub=Other")).status).toBe(404);
});

test("a host that stands by takes signals for the one that runs the hub", async () => {
  const storage = createMemoryStorage();
  const owner = await TaskHub.open(storage, { app: entityApp(), taskHubName: "TestHub" });
  await owner.start();
  const standby = await startHost({}, { storage, app: entityApp() });
  const routes = new EntityRoutes(standby);

  expect((await routes.post("/counter/shared?op=add", 2)).status).toBe(202);
  await routes.eventually("/counter/shared", 2);
  expect((await routes.post("/nobody/a?op=add")).status).toBe(400);
  expect([owner.role, standby.hub.role]).toEqual(["owner", "standby"]);
  await standby.close();
});
