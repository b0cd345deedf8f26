import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { BASE, type HostUnderTest, jsonOf, startHost } from "./host-under-test.ts";

let host: HostUnderTest;
const stopping = new AbortController();

beforeAll(async () => {
  host = await startHost({ stopping: stopping.signal });
});

afterAll(() => host.close());

const start = (path: string, init?: RequestInit) => host.call("POST", `${BASE}/orchestrators/${path}`, init);

test.each(["timeout=30", "timeout=30&pollingInterval=1", "TIMEOUT=30.5&pollinginterval=0.1"])(
  "H-34 H-46 %s waits, and a completed instance answers its output and nothing else",
  async (query) => {
    const response = await start(`greet?${query}`, { body: '"Tokyo"' });

    expect(response.status).toBe(200);
    expect(await response.text()).toBe('"Hello, Tokyo!"');
    expect(response.headers.get("Location")).toBeNull();
    expect(response.headers.get("Retry-After")).toBeNull();
    expect(response.headers.get("Content-Type")).toBe("application/json; charset=utf-8");
  },
);

test("H-46 no output is the body null", async () => {
  const response = await start("echo?timeout=30");

  expect(response.status).toBe(200);
  expect(await response.text()).toBe("null");
});

test.each(["pollingInterval=1", "timeout=soon", "timeout="])("H-33 %s does not wait", async (query) => {
  const response = await start(`wait?${query}`);

  expect(response.status).toBe(202);
});

test("H-39 a timeout shorter than the interval is refused, after the instance has been started", async () => {
  const response = await start("wait/impatient?timeout=1&pollingInterval=2");

  expect(response.status).toBe(400);
  expect(await jsonOf(response)).toMatchObject({
    Message: "One or more of the arguments submitted is incorrect",
    ExceptionMessage: expect.stringContaining("was started all the same"),
  });
  expect((await host.call("GET", `${BASE}/instances/impatient`)).status).toBe(202);
});

test.each(["0", "-5", "0.05"])(
  "H-45 H-48 an instance that runs on is a 202 after %s seconds",
  async (timeout) => {
    const response = await start(`wait?timeout=${timeout}`);

    expect(response.status).toBe(202);
    expect(response.headers.get("Retry-After")).toBe("10");
    expect(await jsonOf(response)).toHaveProperty("statusQueryGetUri");
  },
);

test("H-47 a failed instance answers its status with 200", async () => {
  const response = await start("fail/failed?timeout=30", { body: '"in"' });

  expect(response.status).toBe(200);
  expect(await jsonOf(response)).toMatchObject({
    instanceId: "failed",
    runtimeStatus: "Failed",
    input: "in",
    output: expect.stringContaining("boom"),
  });
});

test("H-47 the status parameters of the request are honored, but not returnInternalServerErrorOnFailure", async () => {
  const query = "timeout=30&showInput=false&showHistory=true&returnInternalServerErrorOnFailure=true";
  const response = await start(`fail?${query}`, { body: '"in"' });

  expect(response.status).toBe(200);
  expect(await jsonOf(response)).toMatchObject({ input: null, historyEvents: expect.any(Array) });
});

test("H-47 a terminated instance answers its status", async () => {
  const waiting = start("wait/terminated?timeout=30");
  await vi.waitFor(() => host.hub.client.waitForStart("terminated"));
  await host.hub.client.terminate("terminated", "enough");

  const response = await waiting;

  expect(response.status).toBe(200);
  expect(await jsonOf(response)).toMatchObject({ runtimeStatus: "Terminated", output: "enough" });
});

test("H-49 a suspended instance has not ended", async () => {
  const waiting = start("wait/suspended?timeout=0.2");
  await vi.waitFor(() => host.hub.client.waitForStart("suspended"));
  await host.hub.client.suspend("suspended");

  expect((await waiting).status).toBe(202);
});

test("H-48 a caller that has gone is not waited for", async () => {
  const caller = new AbortController();
  const waiting = start("wait/left?timeout=600", { signal: caller.signal });
  await vi.waitFor(() => host.hub.client.waitForStart("left"));
  caller.abort();

  expect((await waiting).status).toBe(202);
});

test("H-48 a host that stops answers those who wait", async () => {
  const waiting = start("wait/stopping?timeout=600");
  await vi.waitFor(() => host.hub.client.waitForStart("stopping"));
  stopping.abort();

  expect((await waiting).status).toBe(202);
});
