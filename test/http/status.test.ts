import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { statusPayload } from "../../src/http/status-payload.ts";
import type { InstanceRecord } from "../../src/storage/index.ts";
import { BASE, type HostUnderTest, jsonOf, ORIGIN, startHost } from "./host-under-test.ts";

let host: HostUnderTest;

beforeAll(async () => {
  host = await startHost();
  const { client } = host.hub;
  await client.startNew("wait", { instanceId: "Pending", startAt: new Date(Date.now() + 3_600_000) });
  await host.startWaiting("Running", { a: 1 });
  await host.startWaiting("Suspended");
  await client.suspend("Suspended", "lunch");
  await client.startNew("greet", { instanceId: "Completed", input: "Tokyo" });
  await client.startNew("fail", { instanceId: "Failed" });
  await host.startWaiting("Terminated");
  await client.terminate("Terminated", "enough");
  for (const id of ["Completed", "Failed", "Terminated"]) await client.waitForCompletion(id);
});

afterAll(() => host.close());

const get = (path: string) => host.call("GET", `${BASE}/instances/${path}`);

test("H-50 an instance that does not exist is a bare 404", async () => {
  const response = await get("missing");

  expect(response.status).toBe(404);
  expect(response.headers.get("Content-Type")).toBeNull();
  expect(await response.text()).toBe("");
});

test.each(["Pending", "Running", "Suspended"])(
  "H-50 H-51 %s is 202 with Location and Retry-After",
  async (id) => {
    const response = await get(id);

    expect(response.status).toBe(202);
    expect(response.headers.get("Retry-After")).toBe("5");
    expect((await jsonOf(response))["runtimeStatus"]).toBe(id);
  },
);

test.each(["Completed", "Failed", "Terminated"])(
  "H-50 H-51 %s is 200 and has no headers to follow",
  async (id) => {
    const response = await get(id);

    expect(response.status).toBe(200);
    expect([response.headers.get("Location"), response.headers.get("Retry-After")]).toEqual([null, null]);
    expect((await jsonOf(response))["runtimeStatus"]).toBe(id);
  },
);

test.each([
  ["Failed", "true", 500],
  ["Failed", "TRUE", 500],
  ["Failed", "1", 200],
  ["Failed", "false", 200],
  ["Completed", "true", 200],
  ["Terminated", "true", 200],
  ["Running", "true", 202],
])("H-50 %s with returnInternalServerErrorOnFailure=%s is %d", async (id, flag, expected) => {
  const response = await get(`${id}?returnInternalServerErrorOnFailure=${flag}`);

  expect(response.status).toBe(expected);
  expect((await jsonOf(response))["instanceId"]).toBe(id);
});

test("H-52 Location is the address of the request, with its query", async () => {
  const path = "Running?showInput=false&taskHub=TestHub&x=%20y";
  const response = await get(path);

  expect(response.headers.get("Location")).toBe(`${ORIGIN}${BASE}/instances/${path}`);
});

test("H-53 an entity's id is looked up like any other", async () => {
  expect((await get("@counter@one")).status).toBe(404);
  expect((await get("%40counter%40one")).status).toBe(404);
});

describe("the payload", () => {
  test("1.4 has its properties in this order, null and not missing", async () => {
    const payload = await jsonOf(await get("Pending"));

    expect(Object.keys(payload)).toEqual([
      "name",
      "instanceId",
      "runtimeStatus",
      "input",
      "customStatus",
      "output",
      "createdTime",
      "lastUpdatedTime",
    ]);
    expect(payload).toMatchObject({ name: "wait", input: null, customStatus: null, output: null });
  });

  test("H-21 H-26 times are whole seconds of UTC", async () => {
    const { createdTime, lastUpdatedTime } = await jsonOf(await get("Completed"));

    const form = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/;
    expect([createdTime, lastUpdatedTime]).toEqual([
      expect.stringMatching(form),
      expect.stringMatching(form),
    ]);
  });

  test("1.4 shows input, custom status, and output or reason", async () => {
    expect(await jsonOf(await get("Running"))).toMatchObject({
      input: { a: 1 },
      customStatus: { step: "waiting" },
      output: null,
    });
    expect((await jsonOf(await get("Completed")))["output"]).toBe("Hello, Tokyo!");
    expect((await jsonOf(await get("Failed")))["output"]).toEqual(expect.stringContaining("boom"));
    expect((await jsonOf(await get("Terminated")))["output"]).toBe("enough");
    expect((await jsonOf(await get("Suspended")))["output"]).toBe("lunch");
  });

  test("1.4 hides the input on request", async () => {
    expect((await jsonOf(await get("Running?showInput=false")))["input"]).toBeNull();
  });

  const record: InstanceRecord = {
    instanceId: "i",
    run: 1,
    executionId: "e",
    name: "n",
    status: "Running",
    createdAt: Date.UTC(2026, 0, 2, 3, 4, 5, 999),
    lastUpdatedAt: Date.UTC(2026, 0, 2, 3, 4, 6, 1),
    recover: false,
    attempts: 0,
  };

  test.each([
    [undefined, "null"],
    ["null", "null"],
    ["", '""'],
    ["  ", '""'],
    ["not json", '"not json"'],
    ['"text"', '"text"'],
    ['"2026-01-02T03:04:05.123Z"', '"2026-01-02T03:04:05.123Z"'],
    ["12345678901234567890", "12345678901234567890"],
    ['{"2":1.50,"1":2}', '{"2":1.50,"1":2}'],
  ])("H-24 H-25 the stored text %s is shown as %s", (text, expected) => {
    const stored: InstanceRecord = text === undefined ? record : { ...record, input: text };
    const payload = statusPayload(stored, { showInput: true });

    expect(payload).toContain(`"input":${expected},"customStatus":null`);
    expect(() => JSON.parse(payload) as unknown).not.toThrow();
  });

  test("H-26 the fraction of a second is cut off", () => {
    expect(JSON.parse(statusPayload(record, { showInput: true }))).toMatchObject({
      createdTime: "2026-01-02T03:04:05Z",
      lastUpdatedTime: "2026-01-02T03:04:06Z",
    });
  });
});

describe("historyEvents", () => {
  const eventsOf = async (path: string) =>
    (await jsonOf(await get(path)))["historyEvents"] as readonly Record<string, unknown>[] | undefined;

  test("Y-1 H-21 are missing unless asked for", async () => {
    expect(await jsonOf(await get("Completed"))).not.toHaveProperty("historyEvents");
  });

  test("Y-1 are missing while the instance is pending", async () => {
    expect(await jsonOf(await get("Pending?showHistory=true"))).not.toHaveProperty("historyEvents");
  });

  test("H-54 showHistoryOutput alone has no effect", async () => {
    expect(await jsonOf(await get("Completed?showHistoryOutput=true"))).not.toHaveProperty("historyEvents");
  });

  test("Y-13 Y-16 show each task once, without results", async () => {
    const events = await eventsOf("Completed?showHistory=true");

    expect(events?.map(({ EventType }) => EventType)).toEqual([
      "ExecutionStarted",
      "TaskCompleted",
      "ExecutionCompleted",
    ]);
    expect(events?.[1]).toMatchObject({ FunctionName: "sayHello" });
    expect(events?.[1]).not.toHaveProperty("Result");
  });

  test("Y-16 show results on request", async () => {
    const events = await eventsOf("Completed?showHistory=true&showHistoryOutput=true");

    expect(events?.[1]).toMatchObject({ Result: "Hello, Tokyo!" });
  });

  test("Y-12 hide every input on request", async () => {
    const shown = await eventsOf("Completed?showHistory=true");
    const hidden = await eventsOf("Completed?showHistory=true&showInput=false");

    expect(shown?.[0]).toMatchObject({ Input: '"Tokyo"' });
    expect(hidden?.filter((event) => "Input" in event)).toEqual([]);
  });
});
