import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { EntityRoutes, entityApp } from "./entities-under-test.ts";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";

let host: HostUnderTest;
let entities: EntityRoutes;

beforeAll(async () => {
  host = await startHost({}, { app: entityApp() });
  entities = new EntityRoutes(host);
  for (const key of ["a", "b", "c"]) await entities.post(`/counter/${key}?op=add`, 1);
  await entities.post("/box/x?op=set", { deep: 1 });
  await entities.post("/box/gone?op=set", 1);
  await entities.eventually("/box/gone", { operation: "set", input: 1 });
  await host.call("DELETE", `${BASE}/entities/box/gone`);
  await entities.eventually("/box/x", { operation: "set", input: { deep: 1 } });
  await entities.eventually("/counter/c", 1);
  await entities.eventually("/box/gone", undefined);
});

afterAll(() => host.close());

test("H-105 an entity has its id, the time with its fraction, and no state unless it is asked for", async () => {
  const [plain] = (await (await entities.get("/box")).json()) as Record<string, unknown>[];
  const [fetched] = (await (await entities.get("/box?fetchState=TRUE")).json()) as Record<string, unknown>[];

  expect(plain).toEqual({
    entityId: { name: "box", key: "x" },
    lastOperationTime: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z$/),
    state: null,
  });
  expect(fetched).toEqual({ ...plain, state: { operation: "set", input: { deep: 1 } } });
});

test.each([
  ["", ["box/x", "counter/a", "counter/b", "counter/c"]],
  ["/", ["box/x", "counter/a", "counter/b", "counter/c"]],
  ["/Counter", ["counter/a", "counter/b", "counter/c"]],
  ["/counter/", ["counter/a", "counter/b", "counter/c"]],
  ["/count", []],
  ["/counter?lastOperationTimeFrom=2999-01-01T00:00:00Z", []],
  ["/counter?lastOperationTimeTo=2000-01-01T00:00:00Z", []],
  [
    "/counter?lastOperationTimeFrom=2000-01-01T00:00:00Z&lastOperationTimeTo=2999-01-01",
    ["counter/a", "counter/b", "counter/c"],
  ],
  ["/counter?lastOperationTimeFrom=nonsense", ["counter/a", "counter/b", "counter/c"]],
])("H-106 entities%s lists %j", async (path, expected) => {
  expect(await entities.keys(path)).toEqual(expected);
});

test("H-106 both bounds are inclusive", async () => {
  const [one] = (await (await entities.get("/box")).json()) as { readonly lastOperationTime: string }[];
  const time = one?.lastOperationTime ?? "";

  expect(await entities.keys(`/box?lastOperationTimeFrom=${time}&lastOperationTimeTo=${time}`)).toEqual([
    "box/x",
  ]);
});

test("H-105, H-107 pages follow each other by the token in the header, which is empty at the end", async () => {
  const seen: unknown[] = [];
  let token = "";
  do {
    const response = await entities.get("?top=2", token === "" ? {} : { "x-ms-continuation-token": token });
    expect(response.status).toBe(200);
    const page = (await response.json()) as { readonly entityId: unknown }[];
    expect(page.length).toBeLessThanOrEqual(2);
    seen.push(...page.map(({ entityId }) => entityId));
    token = response.headers.get("x-ms-continuation-token") ?? "none";
  } while (token !== "");

  expect(seen).toEqual([
    { name: "box", key: "x" },
    { name: "counter", key: "a" },
    { name: "counter", key: "b" },
    { name: "counter", key: "c" },
  ]);
});

test("H-64 a token that is none is a 400", async () => {
  const response = await entities.get("", { "x-ms-continuation-token": "nonsense" });

  expect(response.status).toBe(400);
});

describe("an entity is an instance", () => {
  test("H-62 that lists of instances include", async () => {
    const response = await host.call("GET", `${BASE}/instances?instanceIdPrefix=@counter`);

    expect((await response.json()) as object[]).toMatchObject([
      { name: "counter", instanceId: "@counter@a", runtimeStatus: "Running" },
      { instanceId: "@counter@b" },
      { instanceId: "@counter@c" },
    ]);
    const all = (await (await host.call("GET", `${BASE}/instances`)).json()) as { instanceId: string }[];
    expect(all.map(({ instanceId }) => instanceId)).toContain("@box@x");
  });

  test.each(["@counter@a", "%40counter%40a"])("H-53 whose status is that of %s", async (id) => {
    const response = await host.call("GET", `${BASE}/instances/${id}`);

    expect(response.status).toBe(202);
    expect(await jsonOf(response)).toMatchObject({
      name: "counter",
      instanceId: "@counter@a",
      runtimeStatus: "Running",
      input: { exists: true, state: "1" },
      customStatus: { entityExists: true },
      output: null,
    });
  });

  test.each([
    ["POST", "/terminate?reason=x", 409],
    ["POST", "/suspend", 409],
    ["POST", "/resume", 409],
    ["POST", "/restart", 409],
    ["POST", "/rewind", 412],
    ["POST", "/raiseEvent/go", 409],
  ])("%s instances/{id}%s is %i: it is managed by operations", async (method, path, code) => {
    const response = await host.call(method, `${BASE}/instances/@counter@a${path}`, {
      body: "1",
      headers: { "Content-Type": "application/json" },
    });

    expect(response.status).toBe(code);
    if (code === 409) expect((await jsonOf(response))["Message"]).toContain("it is an entity");
  });

  test("1.9 that is purged by its id, although it never ends, and begins anew", async () => {
    const purge = () => host.call("DELETE", `${BASE}/instances/@counter@purged`);
    await entities.post("/counter/purged?op=add", 5);
    await entities.eventually("/counter/purged", 5);

    const purged = await purge();
    const again = await purge();

    expect([purged.status, await purged.json()]).toEqual([200, { instancesDeleted: 1 }]);
    expect([again.status, await again.text()]).toEqual([404, ""]);
    await entities.post("/counter/purged?op=add", 2);
    await entities.eventually("/counter/purged", 2);
  });

  test("H-73 that no purge by filter takes", async () => {
    const response = await host.call("DELETE", `${BASE}/instances?createdTimeFrom=2000-01-01T00:00:00Z`);

    expect(response.status).toBe(404);
  });

  test("that says what it waits for", async () => {
    const response = await host.call("GET", `${BASE}/instances/@counter@a/waiting`);

    expect(await jsonOf(response)).toMatchObject({ reasons: [{ type: "entity", waiting: 0 }] });
  });
});

describe("POST cleanEntityStorage", () => {
  const clean = async (query = ""): Promise<unknown> => {
    const response = await host.call("POST", `${BASE}/cleanEntityStorage${query}`);
    expect(response.status).toBe(200);
    return response.json();
  };

  test.each(["", "?removeEmptyEntities=false"])("S-160 finds nothing empty: it is gone%s", async (query) => {
    expect(await clean(query)).toEqual({ numberOfEmptyEntitiesRemoved: 0, numberOfOrphanedLocksRemoved: 0 });

    expect((await host.call("GET", `${BASE}/instances/@box@gone`)).status).toBe(404);
    expect(await entities.keys("")).toContain("box/x");
  });

  test("S-161 leaves locks whose orchestration goes on", async () => {
    await host.hub.client.startNew("hold", { instanceId: "holder" });
    await expect
      .poll(async () => (await host.hub.client.getStatus("@counter@locked"))?.customStatus, {
        timeout: 10_000,
      })
      .toMatchObject({ lockedBy: "holder" });

    expect(await clean()).toEqual({ numberOfEmptyEntitiesRemoved: 0, numberOfOrphanedLocksRemoved: 0 });
  });
});
