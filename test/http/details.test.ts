import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BASE, type HostUnderTest, jsonOf, keyRing, startHost } from "./host-under-test.ts";

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

describe("a watch", () => {
  async function read(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string | undefined> {
    const { value, done } = await reader.read();
    return done ? undefined : new TextDecoder().decode(value);
  }

  test("tells the status now, each change, and the end", async () => {
    await host.startWaiting("watched");
    const response = await host.call("GET", `${BASE}/instances/watched/watch`);
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();

    expect(response.headers.get("Content-Type")).toBe("text/event-stream; charset=utf-8");
    expect(await read(reader)).toMatch(/^event: status\ndata: \{.*"runtimeStatus":"Running".*\}\n\n$/);
    await host.hub.client.suspend("watched", "lunch");
    expect(await read(reader)).toContain('"runtimeStatus":"Suspended"');
    await host.hub.client.resume("watched");
    expect(await read(reader)).toContain('"runtimeStatus":"Running"');
    await host.hub.client.raiseEvent("watched", "go");
    expect(await read(reader)).toContain('"runtimeStatus":"Completed"');
    expect(await read(reader)).toBeUndefined();
  });

  test("ends when the caller goes, and listens no more", async () => {
    const controller = new AbortController();
    const response = await host.call("GET", `${BASE}/instances/waits/watch`, { signal: controller.signal });
    const reader = (response.body as ReadableStream<Uint8Array>).getReader();
    await read(reader);

    controller.abort();

    expect(await read(reader)).toBeUndefined();
  });

  test("of an instance that is not there is a 404", async () => {
    expect((await host.call("GET", `${BASE}/instances/nobody/watch`)).status).toBe(404);
  });
});

describe("health", () => {
  test.each([
    ["health", '{"status":"healthy"}'],
    ["ready", '{"status":"ready"}'],
  ])("%s needs no key and tells no more than that", async (path, body) => {
    const guarded = await startHost({ keys: keyRing({ secret: "full" }) });

    const response = await guarded.call("GET", `${BASE}/${path}`);

    expect([response.status, await response.text()]).toEqual([200, body]);
    expect((await guarded.call("GET", `${BASE}/counts`)).status).toBe(401);
    await guarded.close();
  });

  test("a host that stops is healthy, and not ready", async () => {
    const stopping = await startHost({ stopping: AbortSignal.abort() });

    expect((await stopping.call("GET", `${BASE}/health`)).status).toBe(200);
    expect((await stopping.call("GET", `${BASE}/ready`)).status).toBe(503);
    await stopping.close();
  });

  test("a store that does not answer is a 503 with the reason", async () => {
    const query = { get: () => Promise.reject(new Error("The disk is gone.")) };
    const broken = await startHost({ hub: { client: host.hub.rawClient, query: query as never } });

    const response = await broken.call("GET", `${BASE}/health`);

    expect([response.status, await response.json()]).toEqual([
      503,
      { status: "unhealthy", reason: "The disk is gone." },
    ]);
    await broken.close();
  });
});
