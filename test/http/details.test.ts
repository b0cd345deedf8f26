import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";

let host: HostUnderTest;

beforeAll(async () => {
  host = await startHost();
  await host.startWaiting("waits", { n: 1 });
  await host.hub.client.startNew("greet", { instanceId: "done", input: "Tokyo" });
  await host.hub.client.waitForCompletion("done");
});

afterAll(() => host.close());

describe("the history of an instance", () => {
  test("is one JSON object a line, as it is stored", async () => {
    const response = await host.call("GET", `${BASE}/instances/done/history`);

    expect(response.headers.get("Content-Type")).toBe("application/x-ndjson; charset=utf-8");
    const lines = (await response.text()).trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { type: string }).type)).toEqual([
      "OrchestratorStarted",
      "ExecutionStarted",
      "TaskScheduled",
      "OrchestratorCompleted",
      "OrchestratorStarted",
      "TaskCompleted",
      "ExecutionCompleted",
      "OrchestratorCompleted",
    ]);
    expect(JSON.parse(lines[1] ?? "")).toMatchObject({ name: "greet", input: '"Tokyo"' });
  });

  test("of an instance that is not there is a 404", async () => {
    expect((await host.call("GET", `${BASE}/instances/nobody/history`)).status).toBe(404);
  });
});

describe("why an instance waits", () => {
  test("is a reason and a sentence", async () => {
    const response = await host.call("GET", `${BASE}/instances/waits/waiting`);

    expect(await jsonOf(response)).toEqual({
      instanceId: "waits",
      reasons: [{ type: "event", names: ["go"] }],
      sentence: "It waits for external event 'go'.",
    });
  });

  test.each([
    ["done", 410],
    ["nobody", 404],
  ])("%s: %i", async (id, status) => {
    expect((await host.call("GET", `${BASE}/instances/${id}/waiting`)).status).toBe(status);
  });
});

describe("counts", () => {
  test.each([
    ["", { Running: 1, Completed: 1, Failed: 0 }],
    ["?name=greet", { Running: 0, Completed: 1 }],
    ["?instanceIdPrefix=wai", { Running: 1, Completed: 0 }],
    ["?createdTimeFrom=2999-01-01T00:00:00Z", { Running: 0, Completed: 0 }],
  ])("%j", async (query, expected) => {
    expect(await jsonOf(await host.call("GET", `${BASE}/counts${query}`))).toMatchObject(expected);
  });
});
